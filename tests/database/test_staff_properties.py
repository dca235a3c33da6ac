"""Whatever happens on the way, the staff end up as HR's last complete word has them, and nobody leaves by mistake."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from agreements.people import Employee, Leave, Position, RejectedRow, Snapshot, Unit
from agreements.staff import StaffDiff, compare
from integrations.database.addresses import remember_directory
from integrations.database.cases import Stamp, add_cases
from integrations.database.engine import Database
from integrations.database.ledger import Hold, SyncRun, conclude_hold, find_hold, hold, record_run, waiting_holds
from integrations.database.staff import apply_diff, known_before, known_employees
from integrations.database.tables import cases, employees, leaves, positions, units
from tests.database.samples import NOW, new_case

EXAMPLES = {"sqlite": 100, "postgresql": 8}
FIRST = date(2027, 3, 1)
NUMBERS = ("1", "01", "2", "3", "4")
UNIT_IDS = ("a", "b", "c")
Walk = dict[str, int]
"""What HR says of each employee and unit by its key: one of the versions, nothing, or something unreadable."""
DIRECTORY = ("directory_mail", "directory_principal_name", "directory_read_on")
APPLY, FAIL, HOLD, APPROVE, DISCARD, LOOK_UP = "apply", "fail", "hold", "approve", "discard", "look up"

# --- What HR may say --------------------------------------------------------------------------------------------

some_day = st.none() | st.integers(-3, 12).map(lambda number: FIRST + timedelta(number))
somebody = st.sampled_from((None, *NUMBERS, "nobody-has-this"))
held_positions = st.lists(
    st.builds(
        Position,
        position_id=st.sampled_from(("p", "q")),
        unit_id=st.sampled_from((*UNIT_IDS, None, "closed-down")),
        percentage=st.sampled_from((0.0, 50.0, 100.0)),
        is_main=st.booleans(),
        manager_number=somebody,
        start_on=some_day,
        end_on=some_day,
    ),
    max_size=2,
    unique_by=lambda position: position.position_id,
).map(tuple)
held_leaves = st.lists(st.builds(Leave, some_day.map(lambda day: day or FIRST), some_day), max_size=2).map(tuple)


def employee(number: str) -> st.SearchStrategy[Employee]:
    return st.builds(
        Employee,
        employee_number=st.just(number),
        given_name=st.sampled_from(("Åse", "Bo")),
        family_name=st.just("Li"),
        start_on=st.none() | some_day,
        end_on=st.none() | st.none() | some_day,
        substitute_number=somebody,
        positions=held_positions,
        leaves=held_leaves,
    )


def unit(unit_id: str) -> st.SearchStrategy[Unit]:
    """Any unit may be above any other, and above itself."""
    return st.builds(
        Unit, st.just(unit_id), st.sampled_from(("Skole", "Helse")), st.sampled_from((None, *UNIT_IDS)), somebody
    )


FIRST_VERSION, SECOND_VERSION, MISSING, REJECTED = range(4)
NOBODY_KNOWS_WHO = "rad[3]"


@dataclass(frozen=True, slots=True)
class World:
    """Two versions of everybody and of every unit: walks that find the same twice are as usual as those that do not."""

    people: dict[str, tuple[Employee, Employee]]
    units: dict[str, tuple[Unit, Unit]]

    def snapshot(self, walk: Walk) -> Snapshot:
        return Snapshot(
            units=tuple(self.units[key][what] for key, what in walk.items() if key in self.units and what < MISSING),
            employees=tuple(
                self.people[key][what] for key, what in walk.items() if key in self.people and what < MISSING
            ),
            rejected=tuple(RejectedRow(key, "", "uleselig") for key, what in walk.items() if what == REJECTED),
        )


worlds = st.builds(
    World,
    st.fixed_dictionaries({number: st.tuples(employee(number), employee(number)) for number in NUMBERS}),
    st.fixed_dictionaries({unit_id: st.tuples(unit(unit_id), unit(unit_id)) for unit_id in UNIT_IDS}),
)
keys = (*NUMBERS, *UNIT_IDS)
told = (*(FIRST_VERSION,) * 4, *(SECOND_VERSION,) * 2, *(MISSING,) * 3)
complete_walks = st.fixed_dictionaries(dict.fromkeys(keys, st.sampled_from(told)))
walks = st.fixed_dictionaries(
    {
        **dict.fromkeys(keys, st.sampled_from((*told, REJECTED, REJECTED))),
        NOBODY_KNOWS_WHO: st.sampled_from((MISSING, MISSING, MISSING, REJECTED)),
    }
)
# Each step: what happens, with which of the walks, and how many days after the step before.
steps = st.lists(
    st.tuples(
        st.sampled_from((*(APPLY,) * 6, FAIL, HOLD, HOLD, APPROVE, DISCARD, LOOK_UP)),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    min_size=3,
    max_size=10,
)

# --- What the nights make of it ---------------------------------------------------------------------------------

Tables = dict[str, dict[Any, dict[str, Any]]]


class OutageError(Exception):
    """Something that ends a night in the middle of its transaction."""


@contextmanager
def undone(database: Database) -> Iterator[Connection]:
    """An empty database, with nothing kept of what the block does; each night is a transaction inside this one."""
    with database.engine.connect() as connection:
        outermost = connection.begin()
        yield connection
        outermost.rollback()


def staff_tables(connection: Connection) -> Tables:
    """The rows of each table by key."""
    found: Tables = {}
    for table in (employees, positions, leaves, units):
        keys = [column.name for column in table.primary_key.columns]
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        found[table.name] = {tuple(row[key] for key in keys): row for row in rows}
    return found


def difference(connection: Connection, snapshot: Snapshot, today: date) -> StaffDiff:
    known = known_employees(connection)
    return compare(snapshot, known, today, before=known_before(connection, known, snapshot, today))


def write(connection: Connection, snapshot: Snapshot, today: date, read_on: date | None = None) -> StaffDiff:
    diff = difference(connection, snapshot, read_on or today)
    apply_diff(connection, diff, snapshot, "2026-11-01", Stamp(today, NOW, "sync-employees"))
    record_run(connection, diff, SyncRun("applied", today, NOW, 1.0, "csv", ""))
    return diff


@dataclass(slots=True)
class Nights:
    """One database through a sequence of nights, with what was applied and whom the directory was asked about."""

    connection: Connection
    day: date = FIRST
    applied: list[tuple[date, Snapshot]] = field(default_factory=list)
    directory: dict[str, date] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def step(self, what: str, snapshot: Snapshot) -> None:
        before = staff_tables(self.connection)
        with suppress(OutageError), self.connection.begin_nested():
            match what:
                case "apply" | "fail":
                    self.apply(snapshot, fails=what == FAIL)
                case "hold":
                    self.hold(snapshot)
                case "look up":
                    self.look_up()
                case _:
                    self.decide(what)
        self.happened[what] += 1
        assert what in {APPLY, APPROVE, LOOK_UP} or staff_tables(self.connection) == before
        self.check_leavers()

    def apply(self, snapshot: Snapshot, *, fails: bool = False) -> StaffDiff:
        diff = write(self.connection, snapshot, self.day)
        if fails:
            raise OutageError
        self.note(self.day, snapshot)
        return diff

    def hold(self, snapshot: Snapshot) -> None:
        diff = difference(self.connection, snapshot, self.day)
        hold(self.connection, Hold("sync-employees", diff.digest, ["mye"], {}, self.day, snapshot), NOW)
        record_run(self.connection, diff, SyncRun("held", self.day, NOW, 1.0, "csv", ""))

    def decide(self, what: str) -> None:
        """A person decides on what waits, if anything does: exactly that is applied, and only once."""
        digests = [row.digest for row in waiting_holds(self.connection)]
        assert len(digests) <= 1
        held = find_hold(self.connection, digests[0]) if digests else None
        if held is None:
            return
        if what == DISCARD:
            conclude_hold(self.connection, held.digest, "discarded", "hr")
            return
        diff = write(self.connection, held.snapshot, self.day, held.business_date)
        assert diff.digest == held.digest
        conclude_hold(self.connection, held.digest, "applied", "hr")
        assert find_hold(self.connection, held.digest) is None
        self.happened["approved"] += 1
        self.note(held.business_date, held.snapshot)

    def look_up(self) -> None:
        """The directory gives everybody an address that names the day."""
        numbers = sorted(known_employees(self.connection))
        remember_directory(self.connection, numbers, dict.fromkeys(numbers, (f"{self.day}", None)), self.day)
        self.directory.update(dict.fromkeys(numbers, self.day))

    def note(self, read_on: date, snapshot: Snapshot) -> None:
        """Remember what was applied. Open cases follow their employee; everybody has one from their first night on."""
        self.applied.append((read_on, snapshot))
        columns = ("manager_number", "unit_id", "left_on")
        people = staff_tables(self.connection)["employees"]
        known = self.connection.execute(select(cases)).all()
        for case in known:
            person = people[(case.employee_number,)]
            assert [getattr(case, name) for name in columns] == [person[name] for name in columns]
            assert case.away == person["is_away"]
        lacking = {number for (number,) in people} - {case.employee_number for case in known}
        add_cases(self.connection, [new_case(NUMBERS.index(number), number) for number in sorted(lacking)])

    def check_leavers(self) -> None:
        """Who has left has done so by HR's own word, or was missing from complete walks on two days in a row."""
        for (number,), row in staff_tables(self.connection)["employees"].items():
            if row["left_on"] != row["end_on"]:
                self.happened["left by absence"] += 1
                assert row["left_on"] is not None
                assert len(set(self._days_missing(number))) > 1

    def _days_missing(self, number: str) -> Iterator[date]:
        """The days of the walks since the one that last knew of this number in any way."""
        for read_on, snapshot in reversed(self.applied):
            if number in {row.key for row in snapshot.rejected} | {who.employee_number for who in snapshot.employees}:
                return
            if not any(row.could_be_anybody for row in snapshot.rejected):
                yield read_on


def test_any_sequence_ends_like_its_last_snapshot(database: Database) -> None:
    happened: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES[database.engine.dialect.name], deadline=None, database=None, derandomize=True)
    @given(
        worlds,
        st.lists(walks, min_size=3, max_size=3),
        steps,
        complete_walks,
        st.tuples(st.integers(0, 2), st.integers(1, 3)),
    )
    def one(
        world: World, said: Sequence[Walk], taken: Sequence[tuple[str, int, int]], end: Walk, pauses: tuple[int, int]
    ) -> None:
        last = world.snapshot(end)
        with undone(database) as connection:
            write(connection, last, FIRST + timedelta(sum(days for *_, days in taken) + sum(pauses)))
            expected = staff_tables(connection)
        with undone(database) as connection:
            nights = Nights(connection)
            for what, which, days in taken:
                nights.day += timedelta(days)
                nights.step(what, world.snapshot(said[which]))
            for days in pauses:
                nights.day += timedelta(days)
                nights.step(APPLY, last)
            after = staff_tables(connection)
            again = nights.apply(last)
            assert (again.new, again.changed, again.absent, again.returned, again.gone) == ((), (), (), (), {})
            assert staff_tables(connection) == after
        check_end(after, expected, nights.day)
        check_directory(after, nights.directory)
        happened.update(nights.happened)

    one()
    if database.engine.dialect.name == "sqlite":
        assert happened.keys() >= {APPLY, FAIL, HOLD, APPROVE, DISCARD, LOOK_UP, "approved", "left by absence"}


def check_end(after: Tables, expected: Tables, today: date) -> None:
    """The same for all of the last snapshot; everybody else has left, and units are never removed."""
    for name in ("positions", "leaves"):
        here = {key: row for key, row in after[name].items() if key[:1] in expected["employees"]}
        assert here == expected[name]
    assert {key: after["units"].get(key) for key in expected["units"]} == expected["units"]
    assert expected["employees"].keys() <= after["employees"].keys()
    for key, row in after["employees"].items():
        if key in expected["employees"]:
            assert row | dict.fromkeys(DIRECTORY) == expected["employees"][key]
        else:
            assert row["left_on"] is not None
            assert row["left_on"] < today


def check_directory(after: Tables, read_on: dict[str, date]) -> None:
    for (number,), row in after["employees"].items():
        day = read_on.get(number)
        assert [row[name] for name in DIRECTORY] == ([None] * 3 if day is None else [f"{day}", None, day])


# --- What an approval is for ------------------------------------------------------------------------------------


def tweaked(snapshot: Snapshot, world: World, how: str, key: str) -> Snapshot:
    """Nearly the same: in another order, from another hour, or with something else said of one employee or unit."""
    match how:
        case "order":
            return replace(snapshot, employees=snapshot.employees[::-1], units=snapshot.units[::-1])
        case "published":
            return replace(snapshot, published_at=NOW)
    else_said = world.snapshot(
        {key: {"first": FIRST_VERSION, "second": SECOND_VERSION, "missing": MISSING}.get(how, REJECTED)}
    )
    return replace(
        snapshot,
        units=(*(unit for unit in snapshot.units if unit.unit_id != key), *else_said.units),
        employees=(*(who for who in snapshot.employees if who.employee_number != key), *else_said.employees),
        rejected=(*(row for row in snapshot.rejected if row.key != key), *else_said.rejected),
    )


def effect(connection: Connection, snapshot: Snapshot, today: date) -> tuple[str, Tables]:
    """The digest, and what applying this would make of the staff; it is undone again."""
    with connection.begin_nested() as night:
        digest = write(connection, snapshot, today).digest
        found = {name: table for name, table in staff_tables(connection).items() if name != "units"}
        night.rollback()
    return digest, found


def test_a_digest_stands_for_one_effect_on_the_staff(database: Database) -> None:
    seen: Counter[bool] = Counter()

    @settings(max_examples=EXAMPLES[database.engine.dialect.name], deadline=None, database=None, derandomize=True)
    @given(
        worlds,
        st.tuples(walks, walks, walks),
        st.sampled_from(("order", "published", "first", "second", "missing", "missing", "rejected", "rejected")),
        st.sampled_from((*NUMBERS, *NUMBERS, *UNIT_IDS, NOBODY_KNOWS_WHO)),
    )
    def one(world: World, said: tuple[Walk, Walk, Walk], how: str, key: str) -> None:
        before, yesterday, now = (world.snapshot(walk) for walk in said)
        with undone(database) as connection:
            write(connection, before, FIRST)
            write(connection, yesterday, FIRST + timedelta(1))
            today = FIRST + timedelta(2)
            digest, found = effect(connection, now, today)
            assert effect(connection, now, today) == (digest, found)
            another, found_then = effect(connection, tweaked(now, world, how, key), today)
        assert digest != another or found == found_then
        assert digest == another or how not in {"order", "published"}
        seen[digest == another] += 1

    one()
    if database.engine.dialect.name == "sqlite":
        assert seen.keys() == {True, False}


def test_a_row_that_is_spoilt_changes_nothing_for_anybody(sqlite_url: str) -> None:
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(worlds, complete_walks, st.sets(st.sampled_from((*keys, NOBODY_KNOWS_WHO)), min_size=1))
    def one(world: World, walk: Walk, unreadable: set[str]) -> None:
        with undone(database) as connection:
            write(connection, world.snapshot(walk), FIRST)
            before = staff_tables(connection)
            write(connection, world.snapshot(walk | dict.fromkeys(sorted(unreadable), REJECTED)), FIRST)
            assert staff_tables(connection) == before

    with closing(Database.open(sqlite_url)) as database:
        one()
