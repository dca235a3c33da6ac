"""What a new HR snapshot changes, as one object: judged by the guards, shown by a dry run, and then applied."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b

import msgspec

from agreements.people import Employee, ManagerFinding, Organisation, Snapshot
from agreements.policy import SyncGuard

HASH_BYTES = 16
FEW = 3
"""Below this many people a percentage says nothing: three of twelve new is a small office, not a broken source."""


@dataclass(frozen=True, slots=True)
class KnownEmployee:
    """What the database remembers of an employee, enough to see whether anything is new."""

    content_hash: bytes
    manager_number: str | None
    absent_since: date | None
    left_on: date | None


@dataclass(frozen=True, slots=True)
class Staffing:
    """One employee as it is to be stored."""

    employee: Employee
    manager: ManagerFinding
    unit_id: str | None
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class StaffDiff:
    """The difference between the snapshot and the database. `gone` maps employee number to the last day."""

    new: tuple[Staffing, ...]
    changed: tuple[Staffing, ...]
    unchanged: int
    absent: tuple[str, ...]
    returned: tuple[str, ...]
    gone: Mapping[str, date]
    manager_changes: int
    rejected: int
    known: int
    read: int

    @property
    def digest(self) -> str:
        """Names this exact diff: an approval of one holds for no other."""
        stored = ((staffing.employee.employee_number, staffing.content_hash) for staffing in (*self.new, *self.changed))
        # Not the last days in `gone`: they follow from the night the diff is applied on, a night after the approval.
        content = (sorted(stored), self.absent, self.returned, sorted(self.gone))
        return blake2b(msgspec.msgpack.encode(content), digest_size=HASH_BYTES).hexdigest()


def compare(snapshot: Snapshot, known: Mapping[str, KnownEmployee], today: date) -> StaffDiff:
    """Hold a complete snapshot against what is known. A rejected row counts as present and changes nothing."""
    organisation = Organisation.of(snapshot, today)
    new, changed, unchanged, manager_changes = [], [], 0, 0
    for employee in organisation.employees.values():
        staffing = _staffing(employee, organisation)
        before = known.get(employee.employee_number)
        if before is None:
            new.append(staffing)
        elif _differs(before, staffing):
            changed.append(staffing)
            manager_changes += before.manager_number != staffing.manager.manager_number
        else:
            unchanged += 1
    present = organisation.employees.keys() | {row.key for row in snapshot.rejected}
    missing = {number: entry for number, entry in known.items() if number not in present and _employed(entry, today)}
    if any(row.could_be_anybody for row in snapshot.rejected):
        missing = {}
    return StaffDiff(
        new=tuple(new),
        changed=tuple(changed),
        unchanged=unchanged,
        absent=tuple(sorted(number for number, entry in missing.items() if entry.absent_since is None)),
        returned=tuple(sorted(_returned(known, present))),
        gone=_gone(missing, today),
        manager_changes=manager_changes,
        rejected=len(snapshot.rejected),
        known=sum(_employed(entry, today) for entry in known.values()),
        read=len(organisation.employees),
    )


def concerns(diff: StaffDiff, guard: SyncGuard, today: date) -> list[str]:
    """Why a person should look at this diff before it is applied; empty when nobody needs to.

    The first load has nothing to compare with and raises no concern.
    """
    if not diff.known:
        return []
    ending = len(diff.gone) + sum(_ends_now(staffing, today) for staffing in diff.changed)
    found = []
    if ending > max(guard.max_leavers, diff.known * guard.max_leavers_percent / 100):
        found.append(f"{ending} ansatte ville sluttet")
    shares = (
        (len(diff.changed), guard.max_changed_percent, "ansatte er endret"),
        (diff.manager_changes, guard.max_manager_changes_percent, "ansatte har fått ny leder"),
        (len(diff.new), guard.max_new_percent, "ansatte er nye"),
        (diff.rejected, guard.max_rejected_percent, "rader kunne ikke leses"),
    )
    for count, percent, what in shares:
        if count > max(FEW, diff.known * percent / 100):
            found.append(f"{count} {what} (grensen er {percent:g} %)")
    if diff.read + diff.rejected < diff.known * guard.min_total_percent / 100:
        found.append(f"bare {diff.read} av {diff.known} kjente ansatte er med")
    return found


def _staffing(employee: Employee, organisation: Organisation) -> Staffing:
    manager = organisation.manager_of(employee)
    position = employee.main_position(organisation.today)
    unit_id = None if position is None else position.unit_id
    content = msgspec.msgpack.encode((employee, manager, unit_id))
    return Staffing(employee, manager, unit_id, blake2b(content, digest_size=HASH_BYTES).digest())


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


def _ends_now(staffing: Staffing, today: date) -> bool:
    return staffing.employee.end_on is not None and staffing.employee.end_on <= today
