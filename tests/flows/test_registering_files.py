"""Files that somebody else than the employee puts into a case's folder: taken in when HR vouches for them."""

from typing import Any

import pytest

from flows.register_files import register_files_of_case
from sandbox.graph import TenantUser
from tests.documents.samples import jpeg
from tests.flows.conftest import FIRST_NIGHT, Town, fill_in

ONE_THAT_COLLECTS = (
    "SELECT min(number) FROM cases WHERE state = 'collecting' AND manager_number IS NOT NULL "
    "AND employee_number <> (SELECT min(employee_number) FROM employees WHERE left_on IS NULL)"
)
MANAGER = "SELECT manager_number FROM cases WHERE number = '{}'"
PHOTO = "SELECT document FROM requirements WHERE case_number = '{}' AND kind = 'photo'"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@pytest.fixture
def case(town: Town) -> str:
    """The number of a case that waits for its photo."""
    assert town.night(FIRST_NIGHT).is_completed()
    return str(town.rows(ONE_THAT_COLLECTS)[0][0])


def manager_of(town: Town, case: str) -> TenantUser:
    """As the tenant knows them."""
    [(number,)] = town.rows(MANAGER.format(case))
    [manager] = [person for person in town.sandbox.municipality.people if person.employee_number == number]
    return TenantUser(
        user_id=manager.user_id,
        user_principal_name=manager.upn,
        mail=manager.email,
        display_name=manager.name,
        employee_id=number,
    )


def photo_of(town: Town, case: str) -> Any:  # noqa: ANN401 - a column
    [(photo,)] = town.rows(PHOTO.format(case))
    return photo


def test_what_the_manager_has_laid_in_the_folder_is_taken_in(town: Town, case: str) -> None:
    manager = manager_of(town, case)
    town.sandbox.tenant.upload("Hjemmekontor", case, "hjemme.jpg", jpeg(), manager)
    assert town.night(FIRST_NIGHT).is_completed()
    assert photo_of(town, case) is None, "the manager is not the employee"

    rehearsed = fill_in(register_files_of_case, town, case_number=case, dry_run=True)
    assert (rehearsed.is_completed(), photo_of(town, case)) == (True, None), rehearsed.message
    done = fill_in(register_files_of_case, town, case_number=case)
    assert done.is_completed(), done.message
    assert photo_of(town, case) is not None
    assert town.count("rejected_rows", "source = 'Hjemmekontor' AND resolved_on IS NULL") == 0

    again = fill_in(register_files_of_case, town, case_number=case)
    assert again.message == f"{case}: Det ligger ingen fil i saksmappen som venter på å bli tatt imot."


def test_what_was_laid_there_a_minute_ago_is_judged_at_once(town: Town, case: str) -> None:
    town.sandbox.tenant.upload("Hjemmekontor", case, "hjemme.gif", b"GIF89a and more", manager_of(town, case))
    refused = fill_in(register_files_of_case, town, case_number=case)
    assert refused.name == "Avvist"
    [(reason,)] = town.rows("SELECT reason FROM rejected_rows WHERE source = 'Hjemmekontor' AND resolved_on IS NULL")
    assert refused.message == f"{case}: {reason}"
    assert photo_of(town, case) is None
