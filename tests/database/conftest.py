"""A policy, empty databases, and staff to hang cases on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agreements.policy import Policy
from config.policy_files import load_policy
from integrations.database.engine import Database
from tests.conftest import PostgresServer
from tests.database.samples import load_staff, staff


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy("prosedyre-websak")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that no migration has been run on, once on each system."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'folder' / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def staffed(database: Database) -> Database:
    """Employees 0001, 0002 and 0003 and their manager 0900, in one unit."""
    load_staff(database, staff("0001", "0002", "0003"))
    return database
