"""What a new HR snapshot changes, as one object: judged by the guards, shown by a dry run, and then applied."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b

import msgspec

from agreements.people import Employee, ManagerFinding, Organisation, Overrides, Snapshot, Unit
from agreements.policy import SyncGuard

HASH_BYTES = 16
HASH_VERSION = b"\x02"
"""Ahead of every hash: a program that stores more than the last one did sees everybody anew, and that alarms nobody."""
FEW = 3
"""Below this many people a percentage says nothing: three of twelve new is a small office, not a broken source."""


class KnownEmployee(msgspec.Struct, frozen=True, gc=False):
    """What the database remembers of an employee, enough to see whether anything is new."""

    content_hash: bytes
    manager_number: str | None
    absent_since: date | None
    left_on: date | None


class Staffing(msgspec.Struct, frozen=True, gc=False):
    """One employee as it is to be stored. `is_away`: on leave that day."""

    employee: Employee
    manager: ManagerFinding
    unit_id: str | None
    is_away: bool
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class StaffDiff:
    """The difference between the snapshot and the database. `gone` maps employee number to the last day.

    `given_last_day` and `given_manager` are those of `changed` whose employment would end, or end earlier than was
    known, and who would get another manager; `rewritten` counts those who only differ because an older program stored
    less of them. `input_digest` names everything that was read, as it stands on that day.
    """

    new: tuple[Staffing, ...]
    changed: tuple[Staffing, ...]
    unchanged: int
    absent: tuple[str, ...]
    returned: tuple[str, ...]
    gone: Mapping[str, date]
    given_last_day: tuple[str, ...]
    given_manager: tuple[str, ...]
    rewritten: int
    without_manager: int
    rejected: int
    known: int
    read: int
    input_digest: str = ""

    @property
    def ending(self) -> int:
        """Whose employment would end: by absence, or by HR's word."""
        return len(self.gone) + len(self.given_last_day)

    @property
    def manager_changes(self) -> int:
        return len(self.given_manager)

    @property
    def digest(self) -> str:
        """Names this exact diff: an approval of one holds for no other."""
        stored = ((staffing.employee.employee_number, staffing.content_hash) for staffing in (*self.new, *self.changed))
        # Not the last days in `gone`: they follow from the night the diff is applied on, a night after the approval.
        content = (sorted(stored), self.absent, self.returned, sorted(self.gone))
        return blake2b(msgspec.msgpack.encode(content), digest_size=HASH_BYTES).hexdigest()


def compare(
    snapshot: Snapshot,
    known: Mapping[str, KnownEmployee],
    today: date,
    *,
    before: Snapshot | None = None,
    overrides: Overrides | None = None,
) -> StaffDiff:
    """Hold a complete snapshot against what is known. A rejected row counts as present and changes nothing.

    `before` is what is known of the units, and of employees who were not read: it answers for a unit or a leader whose
    row is spoilt, or who is missing for the first time, so that nobody gets another manager because of that.
    """
    before = before or Snapshot()
    read = {employee.employee_number: employee for employee in snapshot.employees}
    present = read.keys() | {row.key for row in snapshot.rejected}
    absent = {number: entry for number, entry in known.items() if number not in present and _employed(entry, today)}
    # An unreadable row under a number nobody has may be that of whoever seems to be missing, its number garbled.
    theirs = known.keys() | {unit.unit_id for unit in before.units}
    missing = {} if any(row.could_be_anybody or row.key not in theirs for row in snapshot.rejected) else absent
    gone = _gone(missing, today)
    organisation = Organisation(
        units=_units(snapshot, before.units),
        employees={who.employee_number: who for who in before.employees if who.employee_number not in gone} | read,
        today=today,
        overrides=overrides or Overrides(),
    )
    diff = _Comparison(known, organisation)
    for employee in read.values():
        diff.look_at(employee)
    return StaffDiff(
        new=tuple(diff.new),
        changed=tuple(diff.changed),
        unchanged=len(read) - len(diff.new) - len(diff.changed),
        absent=tuple(sorted(number for number, entry in missing.items() if entry.absent_since is None)),
        returned=tuple(sorted(_returned(known, present))),
        gone=gone,
        given_last_day=tuple(sorted(diff.given_last_day)),
        given_manager=tuple(sorted(diff.given_manager)),
        rewritten=diff.rewritten,
        without_manager=diff.without_manager,
        rejected=len(snapshot.rejected),
        known=sum(_employed(entry, today) for entry in known.values()),
        read=len(read),
        input_digest=diff.input_digest(snapshot),
    )


def concerns(diff: StaffDiff, guard: SyncGuard, last_total: int | None = None) -> list[str]:
    """Why a person should look at this diff before it is applied; empty when nobody needs to.

    The first load has nothing to compare with and raises no concern. `last_total` is how many the last good run read.
    """
    if not diff.known:
        return []
    found = []
    limit = min(max(guard.max_leavers, diff.known * guard.max_leavers_percent / 100), guard.max_leavers_ever)
    if diff.ending > limit:
        found.append(f"{diff.ending} ansatte ville sluttet (grensen er {limit:.0f})")
    shares = (
        (len(diff.changed) - diff.rewritten, guard.max_changed_percent, "ansatte er endret"),
        (diff.manager_changes, guard.max_manager_changes_percent, "ansatte har fått ny leder"),
        (len(diff.new), guard.max_new_percent, "ansatte er nye"),
        (diff.rejected, guard.max_rejected_percent, "rader kunne ikke leses"),
    )
    for count, percent, what in shares:
        if count > max(FEW, diff.known * percent / 100):
            found.append(f"{count} {what} (grensen er {percent:g} %)")
    total = max(diff.known, last_total or 0)
    if diff.read + diff.rejected < total * guard.min_total_percent / 100:
        found.append(f"bare {diff.read} av {total} kjente ansatte er med")
    return found


class _Comparison:
    """Everybody who was read, one after the other, against what is known of them."""

    def __init__(self, known: Mapping[str, KnownEmployee], organisation: Organisation) -> None:
        self._known = known
        self._organisation = organisation
        self.new: list[Staffing] = []
        self.changed: list[Staffing] = []
        self.given_last_day: list[str] = []
        self.given_manager: list[str] = []
        self.rewritten = self.without_manager = 0
        self._everybody = blake2b(digest_size=HASH_BYTES)

    def look_at(self, employee: Employee) -> None:
        staffing = _staffing(employee, self._organisation)
        self._everybody.update(staffing.content_hash)
        self.without_manager += staffing.manager.manager_number is None
        before = self._known.get(employee.employee_number)
        if before is None:
            self.new.append(staffing)
        elif _differs(before, staffing):
            self.changed.append(staffing)
            self.rewritten += not before.content_hash.startswith(HASH_VERSION)
            if before.manager_number != staffing.manager.manager_number:
                self.given_manager.append(employee.employee_number)
            if _ends_earlier(before, staffing):
                self.given_last_day.append(employee.employee_number)

    def input_digest(self, snapshot: Snapshot) -> str:
        """From the hashes of everybody looked at: to encode them all once more would cost as much as comparing them."""
        whole = self._everybody.copy()
        whole.update(msgspec.msgpack.encode((snapshot.units, snapshot.rejected)))
        return whole.hexdigest()


def _units(snapshot: Snapshot, known: Sequence[Unit]) -> dict[str, Unit]:
    """The snapshot's units; one whose row could not be read is taken as it was."""
    rejected = {row.key for row in snapshot.rejected}
    any_unit = any(row.could_be_anybody for row in snapshot.rejected)
    units = {unit.unit_id: unit for unit in known if any_unit or unit.unit_id in rejected}
    return units | {unit.unit_id: unit for unit in snapshot.units}


def _staffing(employee: Employee, organisation: Organisation) -> Staffing:
    manager = organisation.manager_of(employee)
    position = employee.position_on(organisation.today)
    unit_id = None if position is None else position.unit_id
    is_away = employee.away_on(organisation.today)
    content = msgspec.msgpack.encode((employee, manager, unit_id, is_away))
    return Staffing(
        employee, manager, unit_id, is_away, HASH_VERSION + blake2b(content, digest_size=HASH_BYTES).digest()
    )


def _differs(before: KnownEmployee, staffing: Staffing) -> bool:
    """Somebody who was taken for gone and is back differs as well, even with the same content as before."""
    return before.content_hash != staffing.content_hash or before.left_on != staffing.employee.end_on


def _employed(entry: KnownEmployee, today: date) -> bool:
    return entry.left_on is None or entry.left_on >= today


def _returned(known: Mapping[str, KnownEmployee], present: Collection[str]) -> list[str]:
    return [number for number, entry in known.items() if entry.absent_since is not None and number in present]


def _gone(missing: Mapping[str, KnownEmployee], today: date) -> dict[str, date]:
    """Absent from two complete walks on different days: the day before the second was the last one."""
    return {
        number: today - timedelta(days=1)
        for number, entry in missing.items()
        if entry.absent_since is not None and entry.absent_since < today
    }


def _ends_earlier(before: KnownEmployee, staffing: Staffing) -> bool:
    last_day = staffing.employee.end_on
    return last_day is not None and (before.left_on is None or last_day < before.left_on)
