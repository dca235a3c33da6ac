"""What a new HR snapshot changes, and when a person should look at it first."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from agreements.people import Employee, Leave, ManagerFoundBy, Overrides, Position, RejectedRow, Snapshot, Unit
from agreements.policy import SyncGuard
from agreements.staff import KnownEmployee, StaffDiff, Staffing, compare, concerns
from tests.agreements.factories import MONDAY, days

TODAY, YESTERDAY, TOMORROW = MONDAY, MONDAY - days(1), MONDAY + days(1)
UNITS = (Unit("team", "Avdeling", None, "boss"), Unit("crew", "Mannskap", None, "chief"))
GUARD = SyncGuard()


def person(number: str, unit_id: str = "team", end_on: date | None = None, name: str = "Åse") -> Employee:
    return Employee(number, name, "Regnglimt", end_on=end_on, positions=(Position("p", unit_id, 100.0),))


def snapshot(*who: Employee, units: tuple[Unit, ...] = UNITS, rejected: tuple[RejectedRow, ...] = ()) -> Snapshot:
    return Snapshot(units=units, employees=(person("boss"), person("chief"), *who), rejected=rejected)


def remembered(*who: Employee, units: tuple[Unit, ...] = UNITS) -> dict[str, KnownEmployee]:
    """What the database knows after a sync of these people."""
    return {
        staffing.employee.employee_number: KnownEmployee(
            staffing.content_hash, staffing.manager.manager_number, None, staffing.employee.end_on
        )
        for staffing in compare(snapshot(*who, units=units), {}, TODAY).new
    }


def numbers(staffings: tuple[Staffing, ...]) -> list[str]:
    return [staffing.employee.employee_number for staffing in staffings]


def absent(number: str, since: date) -> dict[str, KnownEmployee]:
    known = remembered(person("ada"), person("bo"))
    return known | {number: structs.replace(known[number], absent_since=since)}


def test_everybody_is_new_at_first() -> None:
    diff = compare(snapshot(person("ada")), {}, TODAY)
    assert numbers(diff.new) == ["boss", "chief", "ada"]
    assert (diff.changed, diff.unchanged, diff.known, diff.read) == ((), 0, 0, 3)


def test_nothing_differs_the_second_time() -> None:
    diff = compare(snapshot(person("ada")), remembered(person("ada")), TOMORROW)
    assert (diff.new, diff.changed, diff.absent, diff.returned, diff.gone) == ((), (), (), (), {})
    assert (diff.unchanged, diff.known, diff.read) == (3, 3, 3)


@pytest.mark.parametrize(
    ("now", "manager_changes"),
    [
        pytest.param(person("ada", name="Ada"), 0, id="name"),
        pytest.param(person("ada", end_on=TOMORROW), 0, id="last-day"),
        pytest.param(person("ada", "crew"), 1, id="another-unit-another-manager"),
    ],
)
def test_changed(now: Employee, manager_changes: int) -> None:
    diff = compare(snapshot(now, person("bo")), remembered(person("ada"), person("bo")), TODAY)
    assert (numbers(diff.changed), diff.unchanged, diff.manager_changes) == (["ada"], 3, manager_changes)


def test_who_gets_a_last_day_or_another_manager_is_named() -> None:
    """Once each, beside being changed: the reasons for holding a sync count them."""
    now = (person("ada", end_on=TOMORROW), person("bo", "crew"), person("kai", "crew", end_on=TOMORROW))
    diff = compare(snapshot(*now), remembered(person("ada"), person("bo"), person("kai")), TODAY)
    assert numbers(diff.changed) == ["ada", "bo", "kai"]
    assert (diff.given_last_day, diff.given_manager) == (("ada", "kai"), ("bo", "kai"))
    assert (diff.ending, diff.manager_changes) == (2, 2)


def test_a_unit_with_a_new_manager_changes_everybody_in_it() -> None:
    units = (replace(UNITS[0], manager_number="chief"), UNITS[1])
    diff = compare(snapshot(person("ada"), units=units), remembered(person("ada")), TODAY)
    found = {staffing.employee.employee_number: staffing.manager for staffing in diff.changed}
    assert {number: manager.manager_number for number, manager in found.items()} == {
        "ada": "chief",
        "boss": "chief",
        "chief": None,
    }
    assert (found["ada"].found_by, diff.manager_changes) == (ManagerFoundBy.UNIT, 3)


def test_a_manager_who_has_left_leads_nobody() -> None:
    gone_boss = replace(person("boss"), end_on=YESTERDAY)
    now = Snapshot(units=UNITS, employees=(gone_boss, person("chief"), person("ada")))
    diff = compare(now, remembered(person("ada")), TODAY)
    assert {number.employee.employee_number: number.manager.manager_number for number in diff.changed} == {
        "ada": None,
        "boss": None,
        "chief": None,
    }


@pytest.mark.parametrize(
    ("known", "marked", "gone"),
    [
        pytest.param(remembered(person("ada"), person("bo")), ("bo",), {}, id="missing-once"),
        pytest.param(absent("bo", TODAY), (), {}, id="missing-twice-on-the-same-day"),
        pytest.param(absent("bo", YESTERDAY), (), {"bo": YESTERDAY}, id="missing-on-two-days"),
        pytest.param(absent("bo", MONDAY - days(40)), (), {"bo": YESTERDAY}, id="missing-after-an-outage"),
    ],
)
def test_absence(known: dict[str, KnownEmployee], marked: tuple[str, ...], gone: dict[str, date]) -> None:
    diff = compare(snapshot(person("ada")), known, TODAY)
    assert (diff.absent, diff.gone, diff.returned, diff.changed) == (marked, gone, (), ())


@pytest.mark.parametrize(
    ("end_on", "marked"),
    [
        pytest.param(YESTERDAY, (), id="left-yesterday"),
        pytest.param(TODAY, ("bo",), id="leaves-today"),
        pytest.param(MONDAY + days(200), ("bo",), id="was-to-stay"),
    ],
)
def test_missing_counts_while_the_employment_lasts(end_on: date, marked: tuple[str, ...]) -> None:
    """A substitute who is to stay until summer and disappears in March has left in March."""
    diff = compare(snapshot(), remembered(person("bo", end_on=end_on)), TODAY)
    assert (diff.absent, diff.known) == (marked, 2 + len(marked))


def test_returned_after_one_night() -> None:
    diff = compare(snapshot(person("ada"), person("bo")), absent("bo", YESTERDAY), TODAY)
    assert (diff.returned, diff.gone, diff.unchanged) == (("bo",), {}, 4)


def test_returned_after_being_taken_for_gone() -> None:
    """The same content as before, and yet a change: the last day that was concluded has to go."""
    known = absent("bo", MONDAY - days(5))
    known["bo"] = structs.replace(known["bo"], left_on=MONDAY - days(4))
    diff = compare(snapshot(person("ada"), person("bo")), known, TODAY)
    assert (numbers(diff.changed), diff.returned, diff.manager_changes) == (["bo"], ("bo",), 0)


def test_a_last_day_taken_back_is_a_change() -> None:
    diff = compare(snapshot(person("bo")), remembered(person("bo", end_on=TOMORROW)), TODAY)
    assert numbers(diff.changed) == ["bo"]


@pytest.mark.parametrize(
    ("key", "missing", "returned"),
    [
        pytest.param("bo", (), ("bo",), id="the-row-of-bo"),
        pytest.param("ada", ("bo",), (), id="the-row-of-somebody-else"),
        pytest.param("personalressurs[17]", (), (), id="a-row-that-could-be-anybody"),
    ],
)
def test_a_rejected_row_counts_as_present(key: str, missing: tuple[str, ...], returned: tuple[str, ...]) -> None:
    rejected = (RejectedRow(key, "navn.fornavn", "mangler"),)
    diff = compare(snapshot(person("ada"), rejected=rejected), absent("bo", YESTERDAY), TODAY)
    assert (tuple(diff.gone), diff.returned, diff.rejected, diff.changed) == (missing, returned, 1, ())


def test_a_row_that_could_be_anybody_marks_nobody() -> None:
    rejected = (RejectedRow("personalressurs[17]", "ansattnummer", "mangler"),)
    diff = compare(snapshot(rejected=rejected), remembered(person("ada"), person("bo")), TODAY)
    assert (diff.absent, diff.gone) == ((), {})


# --- Guards -----------------------------------------------------------------------------------------------------


def staffings(number: int, end_on: date | None = None) -> tuple[Staffing, ...]:
    each = compare(Snapshot(employees=(person("ada", end_on=end_on),)), {}, TODAY).new[0]
    return (each,) * number


def names(number: int) -> tuple[str, ...]:
    return tuple(f"{ordinal:06d}" for ordinal in range(number))


def difference(  # noqa: PLR0913 - one figure for each guard
    *,
    known: int = 1_000,
    read: int = 1_000,
    new: int = 0,
    changed: int = 0,
    ending: int = 0,
    rewritten: int = 0,
    gone: int = 0,
    manager_changes: int = 0,
    rejected: int = 0,
) -> StaffDiff:
    return StaffDiff(
        new=staffings(new),
        changed=staffings(changed + ending),
        unchanged=0,
        absent=(),
        returned=(),
        gone={f"{ordinal:06d}": YESTERDAY for ordinal in range(gone)},
        given_last_day=names(ending),
        given_manager=names(manager_changes),
        rewritten=rewritten,
        without_manager=0,
        rejected=rejected,
        known=known,
        read=read,
    )


@pytest.mark.parametrize(
    ("diff", "expected"),
    [
        pytest.param(difference(gone=20), [], id="leavers-at"),
        pytest.param(difference(gone=21), ["21 ansatte ville sluttet (grensen er 20)"], id="leavers-above"),
        pytest.param(
            difference(gone=15, ending=6),
            ["21 ansatte ville sluttet (grensen er 20)"],
            id="leavers-of-both-kinds-above",
        ),
        pytest.param(difference(gone=15, ending=5), [], id="leavers-of-both-kinds-at"),
        pytest.param(difference(known=5_000, read=5_000, gone=50), [], id="leavers-of-many-at"),
        pytest.param(
            difference(known=5_000, read=5_000, gone=51),
            ["51 ansatte ville sluttet (grensen er 50)"],
            id="leavers-of-many-above",
        ),
        pytest.param(difference(known=90_000, read=90_000, gone=500), [], id="leavers-ever-at"),
        pytest.param(
            difference(known=90_000, read=90_000, gone=501),
            ["501 ansatte ville sluttet (grensen er 500)"],
            id="leavers-ever-above",
        ),
        pytest.param(difference(changed=900, rewritten=900), [], id="stored-anew-by-a-newer-program"),
        pytest.param(difference(changed=100), [], id="changed-at"),
        pytest.param(difference(changed=101), ["101 ansatte er endret (grensen er 10 %)"], id="changed-above"),
        pytest.param(difference(manager_changes=50), [], id="managers-at"),
        pytest.param(
            difference(manager_changes=51), ["51 ansatte har fått ny leder (grensen er 5 %)"], id="managers-above"
        ),
        pytest.param(difference(new=50), [], id="new-at"),
        pytest.param(difference(new=51), ["51 ansatte er nye (grensen er 5 %)"], id="new-above"),
        pytest.param(difference(rejected=20), [], id="rejected-at"),
        pytest.param(difference(rejected=21), ["21 rader kunne ikke leses (grensen er 2 %)"], id="rejected-above"),
        pytest.param(difference(read=950), [], id="total-at"),
        pytest.param(difference(read=949), ["bare 949 av 1000 kjente ansatte er med"], id="total-below"),
        pytest.param(difference(read=949, rejected=1), [], id="a-rejected-row-counts-in-the-total"),
        pytest.param(difference(known=10, read=13, new=3), [], id="three-are-few-in-a-small-office"),
        pytest.param(
            difference(known=10, read=14, new=4), ["4 ansatte er nye (grensen er 5 %)"], id="four-are-not-few"
        ),
        pytest.param(difference(known=5, read=0), ["bare 0 av 5 kjente ansatte er med"], id="an-empty-source"),
        pytest.param(difference(known=0, new=500), [], id="the-first-load"),
        pytest.param(
            difference(read=0, gone=21, changed=101),
            [
                "21 ansatte ville sluttet (grensen er 20)",
                "101 ansatte er endret (grensen er 10 %)",
                "bare 0 av 1000 kjente ansatte er med",
            ],
            id="several-at-once",
        ),
    ],
)
def test_guards(diff: StaffDiff, expected: list[str]) -> None:
    assert concerns(diff, GUARD) == expected


@pytest.mark.parametrize(("last_total", "held"), [(None, False), (1_052, False), (1_053, True)])
def test_many_fewer_than_the_last_good_run_read(last_total: int | None, held: bool) -> None:  # noqa: FBT001 - a column
    expected = [f"bare 1000 av {last_total} kjente ansatte er med"] if held else []
    assert concerns(difference(), GUARD, last_total) == expected


@pytest.mark.parametrize(
    ("before", "now", "ending"),
    [
        pytest.param(None, TODAY, 1, id="ends-today"),
        pytest.param(None, MONDAY + days(200), 1, id="gets-a-last-day"),
        pytest.param(MONDAY + days(200), TOMORROW, 1, id="ends-earlier"),
        pytest.param(MONDAY + days(100), MONDAY + days(200), 0, id="is-extended"),
        pytest.param(TOMORROW, None, 0, id="is-made-permanent"),
    ],
)
def test_whose_employment_ends_earlier_than_was_known(before: date | None, now: date | None, ending: int) -> None:
    diff = compare(snapshot(person("ada", end_on=now)), remembered(person("ada", end_on=before)), TODAY)
    assert (diff.ending, numbers(diff.changed)) == (ending, ["ada"])


def test_what_an_older_program_stored_is_written_anew_and_alarms_nobody() -> None:
    known = {number: structs.replace(entry, content_hash=b"old") for number, entry in remembered(person("ada")).items()}
    diff = compare(snapshot(person("ada")), known, TODAY)
    assert (len(diff.changed), diff.rewritten, concerns(diff, GUARD)) == (3, 3, [])


# --- Managers in spite of spoilt rows ---------------------------------------------------------------------------


def managers(diff: StaffDiff) -> dict[str, str | None]:
    return {each.employee.employee_number: each.manager.manager_number for each in (*diff.new, *diff.changed)}


BOSS = Snapshot(employees=(person("boss"),))
"""What is known of the leader who was not read."""


def test_nobody_gets_another_manager_because_of_a_row_that_is_spoilt() -> None:
    """The row of the unit's own leader, and then of the unit itself, cannot be read."""
    known = remembered(person("ada"))
    without_boss = Snapshot(UNITS, (person("chief"), person("ada")), (RejectedRow("boss", "navn", "mangler"),))
    assert compare(without_boss, known, TODAY, before=BOSS).changed == ()
    for key in ("team", "organisasjonselement[0]"):
        without_unit = snapshot(person("ada"), units=UNITS[1:], rejected=(RejectedRow(key, "navn", "mangler"),))
        assert compare(without_unit, known, TODAY, before=Snapshot(UNITS)).changed == ()
        assert managers(compare(without_unit, known, TODAY)) == {"ada": None, "chief": None}


@pytest.mark.parametrize(
    "boss",
    [
        pytest.param(replace(person("boss"), leaves=(Leave(TODAY, TODAY),)), id="on-leave"),
        pytest.param(person("boss", end_on=YESTERDAY), id="has-left"),
        pytest.param(replace(person("boss"), start_on=TOMORROW), id="has-not-begun"),
    ],
)
def test_a_spoilt_row_makes_nobody_lead_who_does_not(boss: Employee) -> None:
    without_boss = Snapshot(UNITS, (person("chief"), person("ada")), (RejectedRow("boss", "navn", "mangler"),))
    diff = compare(without_boss, remembered(person("ada")), TODAY, before=Snapshot(employees=(boss,)))
    assert managers(diff) == {"ada": None, "chief": None}


def test_a_leader_who_is_missing_for_the_first_time_still_leads() -> None:
    known = remembered(person("ada"))
    now = Snapshot(UNITS, (person("chief"), person("ada")))
    assert compare(now, known, TODAY, before=BOSS).changed == ()
    known["boss"] = structs.replace(known["boss"], absent_since=YESTERDAY)
    diff = compare(now, known, TODAY, before=BOSS)
    assert (diff.gone, managers(diff)) == ({"boss": YESTERDAY}, {"ada": None, "chief": None})


def test_an_override_is_a_change_of_manager() -> None:
    diff = compare(snapshot(person("ada")), remembered(person("ada")), TODAY, overrides=Overrides({"ada": "chief"}))
    assert (managers(diff), diff.manager_changes) == ({"ada": "chief"}, 1)


def test_a_leave_that_begins_is_a_change_although_hr_said_it_long_ago() -> None:
    away = replace(person("ada"), leaves=(Leave(TOMORROW),))
    known = remembered(away)
    assert compare(snapshot(away), known, TODAY).changed == ()
    diff = compare(snapshot(away), known, TOMORROW)
    assert [(each.employee.employee_number, each.is_away) for each in diff.changed] == [("ada", True)]


# --- The digest -------------------------------------------------------------------------------------------------


def digest_of(now: Snapshot, known: dict[str, KnownEmployee], today: date = TODAY) -> str:
    return compare(now, known, today).digest


def test_the_digest_of_the_same_diff_is_the_same() -> None:
    now, known = snapshot(person("cy"), person("di")), absent("bo", YESTERDAY)
    assert digest_of(now, known) == digest_of(now, dict(reversed(known.items())))


def test_the_digest_is_the_same_in_whatever_order_a_source_lists() -> None:
    now = snapshot(person("cy"), person("di"))
    assert digest_of(replace(now, employees=now.employees[::-1]), {}) == digest_of(now, {})


def test_an_approval_still_holds_the_night_after() -> None:
    """The last day of who is gone follows from the night it is applied on, so it is not what is approved."""
    now, known = snapshot(person("cy")), absent("bo", YESTERDAY)
    assert digest_of(now, known, TOMORROW) == digest_of(now, known, TODAY)


@pytest.mark.parametrize(
    ("now", "known"),
    [
        pytest.param(snapshot(person("ada"), person("cy")), absent("bo", YESTERDAY), id="somebody-more-is-new"),
        pytest.param(snapshot(person("ada", name="Ada")), absent("bo", YESTERDAY), id="somebody-is-changed"),
        pytest.param(snapshot(), absent("bo", YESTERDAY), id="somebody-more-is-missing"),
        pytest.param(snapshot(person("ada")), absent("bo", TODAY), id="nobody-is-gone"),
        pytest.param(snapshot(person("ada"), person("bo")), absent("bo", YESTERDAY), id="somebody-is-back"),
    ],
)
def test_the_digest_changes_with_the_diff(now: Snapshot, known: dict[str, KnownEmployee]) -> None:
    assert digest_of(now, known) != digest_of(snapshot(person("ada")), absent("bo", YESTERDAY))
