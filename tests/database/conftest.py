"""A policy, empty databases, and staff to hang cases on."""

import pytest

from agreements.policy import Policy
from config.policy_files import load_policy
from integrations.database.engine import Database
from tests.database.samples import load_staff, staff


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy("prosedyre-websak")


@pytest.fixture
def staffed(database: Database) -> Database:
    """Employees 0001, 0002 and 0003 and their manager 0900, in one unit."""
    load_staff(database, staff("0001", "0002", "0003"))
    return database
