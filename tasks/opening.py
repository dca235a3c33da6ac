"""Applications from the inbox become cases, or are set aside with a sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from prefect import task
from sqlalchemy import Connection

from agreements.actions import Action
from agreements.case import Case, State
from agreements.intake import SetAsideError, change_application, check_application
from agreements.renewal import renewing, still_valid
from config.sharepoint import APPLICATIONS
from integrations.database.addresses import senders
from integrations.database.cases import (
    Decided,
    add_cases,
    load_cases,
    next_case_ordinal,
    open_cases_of,
    save_decisions,
)
from integrations.database.inbox import Verdict, conclude, taken_in_as, waiting
from integrations.database.rows import AnyRow
from integrations.database.staff import StaffEntry, staff_entries
from integrations.forms import EMPLOYEE_NUMBER, read_application
from tasks.batches import LOCAL
from tasks.night import Night, this_night

ACTOR = "intake"


@task(name="open-cases", **LOCAL)
def open_cases() -> Counter[str]:
    """Every waiting application, in the order they came; one that cannot become a case is set aside."""
    night = this_night()
    with night.database.transaction() as connection:
        applications = waiting(connection, [APPLICATIONS.name])
        who = senders(connection, [row.sender_mail or "" for row in applications])
        applicants = [who.get((row.sender_mail or "").lower()) for row in applications]
        desk, verdicts = _sit(connection, night, applications, applicants)
    return Counter(
        {
            "nye saker": len(desk.opened),
            "endrede søknader": len(desk.changed),
            "søknader satt til side": sum(each.reason is not None for each in verdicts),
        }
    )


def open_now(connection: Connection, night: Night, row: AnyRow) -> Verdict:
    """One application that HR registers for somebody, in the caller's transaction."""
    _, [verdict] = _sit(connection, night, [row], [row.payload[EMPLOYEE_NUMBER]])
    return verdict


def _sit(
    connection: Connection, night: Night, applications: Sequence[AnyRow], applicants: Sequence[str | None]
) -> tuple["_Desk", list[Verdict]]:
    used = taken_in_as(connection, APPLICATIONS.name, [row.external_id for row in applications])
    desk = _Desk(connection, night, [each for each in applicants if each is not None], used)
    verdicts = [desk.receive(row, applicant) for row, applicant in zip(applications, applicants, strict=True)]
    add_cases(connection, desk.opened)
    save_decisions(connection, desk.changed, night.policy, night.stamp(ACTOR))
    conclude(connection, APPLICATIONS.name, verdicts, night.on)
    return desk, verdicts


class _Desk:
    """One sitting over a batch of applications: knows whom it has opened a case for already.

    `used` are the case numbers of items that were taken in as they were before, by the item's id.
    """

    def __init__(
        self, connection: Connection, night: Night, employee_numbers: Sequence[str], used: Mapping[str, str]
    ) -> None:
        self.opened: list[Case] = []
        self.changed: list[Decided] = []
        self._used = used
        self._before = load_cases(connection, sorted(set(used.values())))
        self._renewed = load_cases(connection, [case.renews for _, case in self._before.values() if case.renews])
        self._on = night.on
        self._policy = night.policy
        self._renewal = timedelta(days=night.policy.period.renew_from_days_before)
        self._staff: Mapping[str, StaffEntry] = staff_entries(connection, employee_numbers)
        self._open = open_cases_of(connection, employee_numbers)
        self._ordinal = next_case_ordinal(connection)

    def receive(self, row: AnyRow, employee_number: str | None) -> Verdict:
        number = self._used.get(row.external_id)
        try:
            applicant = _must_be_known(employee_number)
            if number is not None:
                return self._change(row, applicant, number)
            case = self._case(row, applicant)
        except SetAsideError as reason:
            return Verdict(row.id, number, str(reason))
        self.opened.append(case)
        self._open[case.employee_number] = case
        self._ordinal += 1
        return Verdict(row.id, case.number)

    def _change(self, row: AnyRow, employee_number: str, number: str) -> Verdict:
        """An item whose case is there already has been edited since."""
        version, case = self._before[number]
        application = read_application(row.payload)
        if case.renews is not None:
            application = renewing(self._renewed[case.renews][1], application)
        after = change_application(case, application, employee_number)
        left_on = self._staff[employee_number].left_on
        check_application(application, self._on, employed_through=left_on, open_case=None, renewal_from=self._on)
        action = Action("application.changed", case, after, actor=employee_number)
        self.changed.append(Decided(version, after, [action]))
        return Verdict(row.id, number)

    def _case(self, row: AnyRow, employee_number: str) -> Case:
        application = read_application(row.payload)
        employee = self._staff[employee_number]
        known = self._open.get(employee_number)
        renewal_from = self._on if known is None or known.end_on is None else known.end_on - self._renewal
        check_application(
            application,
            self._on,
            employed_through=employee.left_on,
            open_case=known,
            renewal_from=renewal_from,
        )
        return Case(
            number=f"HK-{self._on.year}-{self._ordinal:05d}",
            employee_number=employee_number,
            manager_number=employee.manager_number,
            led_by=employee.manager_number,
            unit_id=employee.unit_id,
            placed_in=employee.unit_id,
            away=employee.is_away,
            is_leader=employee.is_leader,
            position_percentage=employee.position_percentage,
            state=State.RECEIVED,
            applied_on=self._on,
            application=application if known is None else renewing(known, application),
            renews=None if known is None else known.number,
            requirements=() if known is None else still_valid(known, self._policy, self._on),
            equipment=() if known is None else known.equipment,
            left_on=employee.left_on,
        )


def _must_be_known(employee_number: str | None) -> str:
    if employee_number is None:
        raise SetAsideError("Den som søker, finnes ikke blant de ansatte i HR-systemet.")
    return employee_number
