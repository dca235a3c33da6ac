"""The migrations give the tables the program works with; a database that cannot be used is said to be so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from integrations.database.cases import load_cases
from integrations.database.engine import Database, DatabaseUnreachableError
from integrations.database.migrate import SchemaOutdatedError, migrate, must_be_migrated
from integrations.database.tables import metadata
from tests.database.samples import everything, load_staff, staff


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database.open(empty_database_url)
    yield database
    database.close()


# SQLAlchemy reads no index of an expression back from SQLite; PostgreSQL's run of this test compares them.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_give_exactly_the_tables_of_the_program(empty: Database) -> None:
    migrate(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []


def test_running_twice_changes_nothing(empty: Database) -> None:
    migrate(empty)
    load_staff(empty, staff("0001"))
    before = everything(empty)
    migrate(empty)
    assert everything(empty) == before
    must_be_migrated(empty)


def test_an_empty_database_is_said_to_need_migration(empty: Database) -> None:
    with pytest.raises(SchemaOutdatedError, match="hjemmekontor migrate"):
        must_be_migrated(empty)


UNREACHABLE = {
    "nobody listens": "postgresql+psycopg://hk:hemmelig@127.0.0.1:1/hk",
    "password as an option": "postgresql+psycopg://hk@127.0.0.1:1/hk?password=hemmelig",
    "no such driver": "postgresql+nosuch://hk:hemmelig@127.0.0.1/hk",
    "bare @ in the password": "postgresql+psycopg://hk:hem@hemmelig@127.0.0.1:1/hk",
    "port that is no number": "postgresql+psycopg://hk:x@127.0.0.1:hemmelig/hk",
    "no address at all": "hemmelig",
}


@pytest.mark.parametrize("url", UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_an_unreachable_database_is_one_line_that_names_the_setting_and_no_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachableError) as caught:
        Database.open(url)
    message = str(caught.value)
    assert "HK_DATABASE_URL" in message
    assert "hemmelig" not in message
    assert "\n" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnreachableError, match="HK_DATABASE_URL"):
        Database.open(f"sqlite:///{tmp_path / 'file' / 'hjemmekontor.db'}")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("Dette er ikke en database, bare en fil med tekst i. " * 20)
    with pytest.raises(DatabaseUnreachableError, match=r"text\.db"):
        Database.open(f"sqlite:///{tmp_path / 'text.db'}")


def test_cases_of_the_first_release_stay_in_the_hands_they_were_in(empty: Database) -> None:
    """What the second migration adds must not look like a new manager or a move to the next night."""
    migrate(empty, "0001")
    with empty.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO employees (employee_number, given_name, family_name, unit_id, manager_number,"
            " manager_found_by, content_hash) VALUES ('0001', 'Åse', 'Regnglimt', 'helse', '0900', 'unit', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO cases (number, employee_number, manager_number, state, applied_on, days_per_week,"
            " requested_start_on, place) VALUES ('HK-2026-00001', '0001', '0900', 'active', '2026-03-02', 2.0,"
            " '2026-04-01', 'home')"
        )
    migrate(empty)
    must_be_migrated(empty)
    with empty.transaction() as connection:
        [(_, case)] = load_cases(connection, ["HK-2026-00001"]).values()
    assert (case.led_by, case.manager_number) == ("0900", "0900")
    assert (case.unit_id, case.placed_in) == ("helse", "helse")
    assert (case.away, case.paused_on, case.equipment, case.is_leader) == (False, None, (), False)
