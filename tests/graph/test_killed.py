"""A night killed with kill -9 at any request or commit, then run again: all has gone out once, and nothing is missing.

Points are drawn from a seed; `make torture` draws hundreds. One that failed is tried again alone by
`pytest tests/graph/test_killed.py --point 'after 2 POST send'`.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import product
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from agreements.actions import ErrandKind
from config.sharepoint import ARCHIVE_COLUMNS, ARCHIVE_LIBRARY, CASE_LIBRARY, REPORT_LIBRARY
from integrations.database.engine import Database
from sandbox.graph import GraphTenant
from tests.conftest import leave_the_shell
from tests.graph.busy_night import (
    ALSO_APPLIED,
    APPLIED,
    APPROVED,
    DATABASE,
    EVALUATED,
    HANDED_OVER,
    LABEL,
    LAPSED,
    MANAGER,
    NEW_MANAGER,
    PEOPLE,
    SETTINGS,
    TENANT,
    Outcome,
    night_in_child,
    outcome_of,
)
from tests.graph.conftest import Line, environment_for, settings_for
from tests.graph.evening import prepare
from tests.graph.fuse import COMMIT, Moment, Point
from tests.graph.town import Town, user
from tests.sandbox.conftest import BusinessClock

SECONDS = 60
DELICATE = ("POST messages", "POST send", "PUT content", "PUT upload", "POST invite", "PATCH fields", COMMIT)
"""What points are drawn for first, so that a handful of them are not spent on looking things up."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is due, to be copied for every night; how a night ends and what it passes when left alone."""

    directory: Path
    line: Line
    nursery: ForkServerContext

    def set_up(self, directory: Path, clock: BusinessClock | None = None) -> Town:
        """A copy of the evening before, with its tenant behind the line."""
        shutil.copytree(self.directory, directory, dirs_exist_ok=True)
        tenant = GraphTenant.open(directory / TENANT, [user(number) for number in PEOPLE], clock or BusinessClock())
        self.line.gate.inside = tenant.application()
        url = f"sqlite:///{directory / DATABASE}"
        settings = settings_for(tenant, self.line.url)
        environment = environment_for(settings, url, directory) | {
            name: value.format(directory) for name, value in SETTINGS.items()
        }
        return Town(tenant, Database.open(url), settings, environment, directory)

    def clear(self, town: Town) -> None:
        town.database.close()
        self.line.gate.inside = None
        town.tenant.close()

    def run(self, town: Town, burns_at: Point | None = None) -> tuple[int | None, Counter[str]]:
        """Exit code of a night's process, and what it passed if it came to its end."""
        ours, theirs = self.nursery.Pipe(duplex=False)
        child = self.nursery.Process(target=night_in_child, args=(town.environment, burns_at, theirs))
        child.start()
        theirs.close()
        child.join(SECONDS)
        if child.exitcode is None:
            child.kill()
            pytest.fail(f"a night did not end in {SECONDS} seconds")
        with ours:
            return child.exitcode, ours.recv() if child.exitcode == 0 else Counter()


@dataclass(frozen=True, slots=True)
class Undisturbed:
    outcome: Outcome
    passed: Counter[str]


@pytest.fixture(scope="session")
def stage(
    line: Line, nursery: ForkServerContext, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    empty = tmp_path_factory.mktemp("empty")
    shutil.copyfile(sqlite_template, empty / DATABASE)
    evening = Stage(tmp_path_factory.mktemp("evening"), line, nursery)
    with pytest.MonkeyPatch.context() as shell:
        leave_the_shell(shell, evening.directory)
        town = Stage(empty, line, nursery).set_up(evening.directory)
        for name, value in town.environment.items():
            shell.setenv(name, value)
        prepare(town.database, town.tenant, evening.directory)
        evening.clear(town)
    return evening


@pytest.fixture(scope="session")
def undisturbed(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What the points are chosen from, and what every killed night must come to in the end."""
    town = stage.set_up(tmp_path_factory.mktemp("undisturbed"))
    ended, passed = stage.run(town)
    outcome = outcome_of(town)
    stage.clear(town)
    assert ended == 0
    return Undisturbed(outcome, passed)


@pytest.fixture
def town(stage: Stage, tmp_path: Path) -> Iterator[Town]:
    town = stage.set_up(tmp_path)
    yield town
    stage.clear(town)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "drawn" in metafunc.fixturenames:
        option = metafunc.config.option
        metafunc.parametrize("drawn", option.point or [f"{option.seed}-{each}" for each in range(option.points)])


@pytest.fixture
def point(drawn: str, undisturbed: Undisturbed, request: pytest.FixtureRequest) -> Point:
    option = request.config.option
    if option.point:
        return Point.read(drawn)
    return points(undisturbed.passed, option.seed)[int(drawn.rpartition("-")[2])]


def points(passed: Counter[str], seed: int) -> list[Point]:
    """All there are, in the order they are drawn in: each step before and after once, then once more, and so on.

    What is done at the same time may look things up once more or less: the lot of a point hangs on itself alone.
    """

    def lot(point: Point) -> str:
        return sha256(f"{seed} {point}".encode()).hexdigest()

    queues = [
        sorted((Point(moment, ordinal, step) for ordinal in range(1, passed[step] + 1)), key=lot)
        for step, moment in product(passed, Moment)
    ]
    turns = {point: turn for queue in queues for turn, point in enumerate(queue)}
    return sorted(turns, key=lambda point: (turns[point], point.step not in DELICATE, lot(point)))


def test_a_killed_night_is_made_good_by_the_next(
    stage: Stage, town: Town, undisturbed: Undisturbed, point: Point
) -> None:
    killed, _ = stage.run(town, point)
    assert killed == -9, f"--point '{point}': the night has no such point; it ended with {killed}"

    ended, _ = stage.run(town)

    assert ended == 0, f"--point '{point}': the next night ended with {ended}"
    after, expected = outcome_of(town), undisturbed.outcome
    assert {name: seen for name, seen in after.items() if seen != expected[name]} == {}, f"--point '{point}'"


def test_an_upload_session_whose_address_died_with_the_process_expires_without_a_trace(
    stage: Stage, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    """It has no bytes and holds no name, so the next night opens one of its own; nobody can go on with it or end it."""
    clock = BusinessClock()
    town = stage.set_up(tmp_path, clock)
    killed, _ = stage.run(town, Point(Moment.AFTER, 1, "POST createUploadSession"))
    assert (killed, town.tenant.open_uploads) == (-9, 1)
    assert all(row.remote_id is None for row in town.outbox(ErrandKind.FILE_DOCUMENT) if row.status == "pending")

    ended, passed = stage.run(town)

    assert (ended, passed["POST createUploadSession"]) == (0, 1)
    assert outcome_of(town) == undisturbed.outcome
    assert town.tenant.open_uploads == 1, "the one that was lost"
    clock.now += timedelta(days=30)
    assert town.tenant.open_uploads == 0
    assert outcome_of(town) == undisturbed.outcome
    stage.clear(town)


def test_an_undisturbed_night_leaves_everything_in_its_place(undisturbed: Undisturbed) -> None:
    outcome = undisturbed.outcome
    employees_and_managers = {APPLIED: ["0001", MANAGER], ALSO_APPLIED: ["0002", MANAGER]}
    handed_over = {HANDED_OVER: ["0003", NEW_MANAGER], EVALUATED: ["0006", MANAGER]}
    closed: dict[str, list[str]] = {APPROVED: [], LAPSED: []}
    assert outcome["readers"] == employees_and_managers | handed_over | closed
    assert (outcome["drafts"], outcome["half files"], outcome["documents"]) == (0, [], [])
    assert outcome["verified"] == dict.fromkeys(outcome["verified"], True)
    assert [len(outcome[library]) for library in (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY)] == [4, 4, 2]
    described = [(label, len(fields)) for _, _, label, fields in outcome[ARCHIVE_LIBRARY]]
    assert set(described) == {(LABEL, len(ARCHIVE_COLUMNS) + 1)}, "and the name of the file"
    assert all("'done'" in row for row in outcome["outbox"])
    assert len(outcome["mails"]) == sum("'mail'" in row for row in outcome["outbox"]) == 10


def test_there_are_points_everywhere(undisturbed: Undisturbed) -> None:
    """Mail, folders and who gets in, the archive with fragments, columns, label and read-back, and what goes again."""
    mail = {"POST messages", "POST send"}
    folders = {"POST children", "POST invite", "GET permissions", "DELETE permissions", "DELETE items"}
    archive = {"PUT content", "POST createUploadSession", "PUT upload", "PATCH fields", "PATCH retentionLabel"}
    assert undisturbed.passed.keys() >= mail | folders | archive | {"GET listItem", "GET items", COMMIT}
    drawn = points(undisturbed.passed, 1)
    assert len(set(drawn)) == len(drawn) >= 300
    assert {(point.step, point.moment) for point in drawn[: 2 * len(DELICATE)]} == set(product(DELICATE, Moment))
