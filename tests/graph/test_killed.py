"""A night killed with kill -9 at any request or commit, then run again: everything has come in and gone out once.

Points are drawn from a seed; `make torture` draws hundreds. One that failed is tried again alone by
`pytest tests/graph/test_killed.py -k made_good --point 'after 2 POST send'`, with `-k packages` for one of packages.
"""

import argparse
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from itertools import product
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from agreements.actions import ErrandKind
from config.sharepoint import APPLICATIONS, ARCHIVE_COLUMNS, ARCHIVE_LIBRARY, CASE_LIBRARY, REPORT_LIBRARY
from integrations.database.engine import Database
from integrations.database.inbox import LIST_OF
from sandbox.graph import GraphTenant, TenantUser
from tests.conftest import leave_the_shell
from tests.graph.archive_system import ArchiveSystem
from tests.graph.busy_night import (
    ALSO_APPLIED,
    APPLIED,
    APPROVED,
    DATABASE,
    EVALUATED,
    HANDED_OVER,
    LABEL,
    LAPSED,
    LISTS,
    MANAGER,
    NEW,
    NEW_MANAGER,
    NIGHT,
    PACKAGES,
    PEOPLE,
    SETTINGS,
    TENANT,
    Outcome,
    archive_night,
    night_in_child,
    outcome_of,
    whole_night,
)
from tests.graph.conftest import HR_MAIL, Line, Office, environment_for, settings_for
from tests.graph.evening import prepare
from tests.graph.fuse import COMMIT, Moment, Point
from tests.graph.town import Town, user
from tests.sandbox.conftest import BusinessClock
from tests.waiting import AT_MOST

DELICATE = {
    *("POST messages", "POST send", "PUT content", "PUT upload", "POST invite", "PATCH fields", "DELETE items"),
    *(f"{COMMIT} {what}" for what in ("applications", "reading", "taking in", "filing", "purge", "mail")),
}
"""What points are drawn for first, so that a handful of them are not spent on looking things up."""
DELICATE_FOR_PACKAGES = {"PUT content", f"{COMMIT} filing", f"{COMMIT} telling the archive"}
HR = TenantUser(
    user_id="00009999-1111-4111-8111-111111111111", user_principal_name=HR_MAIL, mail=HR_MAIL, display_name="HR"
)
STATUSES = ("taken_in", "refused", "set_aside", "withdrawn", "purged", "new")
PACKAGES_EVERY = 4
"""Of so many nights one is that of a municipality whose archive takes packages."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is due, to be copied for every night; how a night ends and what it passes when left alone."""

    directory: Path
    line: Line
    nursery: ForkServerContext
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    night: Callable[[], None] = whole_night

    def set_up(self, directory: Path, clock: BusinessClock | None = None) -> Town:
        """A copy of the evening before, with its tenant behind the line."""
        shutil.copytree(self.directory, directory, dirs_exist_ok=True)
        # HR's mailbox as well: what is sent to nobody comes back, which is the next night's work.
        everybody = [*(user(number) for number in PEOPLE), HR]
        tenant = GraphTenant.open(directory / TENANT, everybody, clock or BusinessClock())
        self.line.gate.inside = tenant.application()
        url = f"sqlite:///{directory / DATABASE}"
        settings = settings_for(tenant, self.line.url)
        environment = environment_for(settings, url, directory) | {
            name: value.format(directory) for name, value in self.settings.items()
        }
        return Town(tenant, Database.open(url), settings, environment, directory)

    def clear(self, town: Town) -> None:
        town.database.close()
        self.line.gate.inside = None
        town.tenant.close()

    def run(self, town: Town, burns_at: Point | None = None) -> tuple[int | None, Counter[str]]:
        """Exit code of a night's process, and what it passed if it came to its end."""
        ours, theirs = self.nursery.Pipe(duplex=False)
        child = self.nursery.Process(target=night_in_child, args=(town.environment, burns_at, theirs, self.night))
        child.start()
        theirs.close()
        child.join(AT_MOST)
        if child.exitcode is None:
            child.kill()
            pytest.fail(f"a night did not end in {AT_MOST} seconds")
        with ours:
            return child.exitcode, ours.recv() if child.exitcode == 0 else Counter()


@dataclass(frozen=True, slots=True)
class Undisturbed:
    outcome: Outcome
    passed: Counter[str]


def archive_of(stage: Stage, town: Town) -> ArchiveSystem:
    return ArchiveSystem(Office(town.tenant, town.settings, stage.line.gate))


def left_alone(stage: Stage, directory: Path) -> Undisturbed:
    town = stage.set_up(directory)
    ended, passed = stage.run(town)
    outcome = outcome_of(town, archive_of(stage, town))
    stage.clear(town)
    assert ended == 0
    return Undisturbed(outcome, passed)


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
    return left_alone(stage, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="session")
def stage_of_packages(stage: Stage) -> Stage:
    """The same evening, after which everything goes into packages."""
    return replace(stage, settings={**SETTINGS, **PACKAGES}, night=archive_night)


@pytest.fixture(scope="session")
def undisturbed_packages(stage_of_packages: Stage, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return left_alone(stage_of_packages, tmp_path_factory.mktemp("undisturbed-packages"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    option = metafunc.config.option
    of_packages = option.points // PACKAGES_EVERY
    for name, number in (("drawn", option.points - of_packages), ("drawn_for_packages", of_packages)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, option.point or [f"{option.seed}-{each}" for each in range(number)])


def points(passed: Counter[str], seed: int, delicate: Collection[str] = DELICATE) -> list[Point]:
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
    return sorted(turns, key=lambda point: (turns[point], point.step not in delicate, lot(point)))


def chosen(drawn: str, of: list[Point], option: argparse.Namespace) -> Point:
    return Point.read(drawn) if option.point else of[int(drawn.rpartition("-")[2])]


def test_a_killed_night_is_made_good_by_the_next(
    stage: Stage, undisturbed: Undisturbed, drawn: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    option = pytestconfig.option
    point = chosen(drawn, points(undisturbed.passed, option.seed), option)
    assert_made_good(stage, undisturbed, point, tmp_path)


def test_a_killed_night_of_packages_is_made_good_by_the_next(
    stage_of_packages: Stage,
    undisturbed_packages: Undisturbed,
    drawn_for_packages: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """What is whole when it is killed has been taken before the next night begins."""
    option, passed = pytestconfig.option, undisturbed_packages.passed
    point = chosen(drawn_for_packages, points(passed, option.seed, DELICATE_FOR_PACKAGES), option)
    assert_made_good(stage_of_packages, undisturbed_packages, point, tmp_path)


def assert_made_good(stage: Stage, undisturbed: Undisturbed, point: Point, directory: Path) -> None:
    town = stage.set_up(directory)
    archive = archive_of(stage, town)
    killed, _ = stage.run(town, point)
    assert killed == -9, f"--point '{point}': the night has no such point; it ended with {killed}"
    archive.take()

    ended, _ = stage.run(town)

    assert ended == 0, f"--point '{point}': the next night ended with {ended}"
    after, expected = outcome_of(town, archive), undisturbed.outcome
    assert {name: seen for name, seen in after.items() if seen != expected[name]} == {}, f"--point '{point}'"
    stage.clear(town)


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
    assert outcome_of(town, archive_of(stage, town)) == undisturbed.outcome
    assert town.tenant.open_uploads == 1, "the one that was lost"
    clock.now += timedelta(days=30)
    assert town.tenant.open_uploads == 0
    assert outcome_of(town, archive_of(stage, town)) == undisturbed.outcome
    stage.clear(town)


def test_an_undisturbed_night_leaves_everything_in_its_place(undisturbed: Undisturbed) -> None:
    outcome = undisturbed.outcome
    employees_and_managers = {APPLIED: ["0001", MANAGER], ALSO_APPLIED: ["0002", MANAGER], NEW: ["0008", MANAGER]}
    handed_over = {HANDED_OVER: ["0003", NEW_MANAGER], EVALUATED: ["0006", MANAGER]}
    closed: dict[str, list[str]] = {APPROVED: [], LAPSED: []}
    assert outcome["readers"] == employees_and_managers | handed_over | closed
    assert (outcome["drafts"], outcome["half files"]) == (0, [])
    assert len(outcome["documents"]) == 1, "the photo that is not to be filed yet"
    assert outcome["verified"] == dict.fromkeys(outcome["verified"], True)
    assert [len(outcome[library]) for library in (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY)] == [7, 8, 2]
    described = [(label, len(fields)) for _, _, label, fields in outcome[ARCHIVE_LIBRARY]]
    assert set(described) == {(LABEL, len(ARCHIVE_COLUMNS) + 1)}, "and the name of the file"
    came_back = [row for row in outcome["outbox"] if "'done'" not in row]
    assert ["Kom i retur" in row for row in came_back] == [True]
    assert len(outcome["mails"]) == sum("'mail'" in row for row in outcome["outbox"]) == 14
    assert (outcome["packages"], outcome["packages that nobody has taken"]) == ({}, [])


def test_an_undisturbed_night_takes_in_what_came_and_lets_go_of_what_is_old(undisturbed: Undisturbed) -> None:
    outcome = undisturbed.outcome
    came = Counter(status for row in outcome["inbox"] for status in STATUSES if f"'{status}'" in row)
    assert came == {"taken_in": 6, "refused": 1, "set_aside": 1, "withdrawn": 1, "purged": 1}
    assert sum("'in_assessment'" in row for row in outcome["cases"]) == 1, "its last document came tonight"
    assert [len(outcome[name]) for name in ("rejected_rows", "purged_cases", APPLICATIONS.name)] == [2, 1, 1]
    lists = (*(each.name for each in LISTS), APPLICATIONS.name)
    sources = (*lists, *(LIST_OF + name for name in lists), CASE_LIBRARY, "returned-mail")
    assert outcome["watermarks"] == sorted(f"['{source}']" for source in sources)


def test_an_undisturbed_night_of_packages_hands_over_whole_ones_in_their_order(
    undisturbed_packages: Undisturbed,
) -> None:
    outcome = undisturbed_packages.outcome
    assert {name: len(files) for name, files in outcome["packages"].items()} == {
        f"{APPROVED}-01": 4,
        f"{EVALUATED}-02": 2,
        f"{EVALUATED}-03": 1,
    }
    assert (outcome["packages that nobody has taken"], outcome["half files"]) == ([], [])
    assert set(outcome["entries"].values()) == {1}
    assert outcome["verified"] == dict.fromkeys(outcome["verified"], True)


def test_there_are_points_everywhere(undisturbed: Undisturbed, undisturbed_packages: Undisturbed) -> None:
    """In mail and what comes back, folders and who gets in, what is read, fetched, taken in and purged, packages.

    In the archive with fragments, columns, label and read-back; and in what goes again.
    """
    mail = {"POST messages", "POST send", "DELETE messages", "GET $value"}
    folders = {"POST children", "POST invite", "GET permissions", "DELETE permissions", "DELETE items"}
    archive = {"PUT content", "POST createUploadSession", "PUT upload", "PATCH fields", "PATCH retentionLabel"}
    intake = {"GET delta", "GET items", "GET content", "GET download"}
    commits = {f"{COMMIT} {what}" for what in NIGHT}
    passed = undisturbed.passed
    assert passed.keys() >= mail | folders | archive | intake | commits | {"GET listItem", COMMIT}
    assert passed.keys() >= DELICATE
    assert undisturbed_packages.passed.keys() >= DELICATE_FOR_PACKAGES
    drawn = points(passed, 1)
    assert len(set(drawn)) == len(drawn) >= 300
    assert {(point.step, point.moment) for point in drawn[: 2 * len(DELICATE)]} == set(product(DELICATE, Moment))
    of_packages = points(undisturbed_packages.passed, 1, DELICATE_FOR_PACKAGES)
    assert len(set(of_packages)) == len(of_packages) >= 300 // PACKAGES_EVERY
