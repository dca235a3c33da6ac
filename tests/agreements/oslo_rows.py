"""Oslo kommune's circular 38/2021, a row for each of its rules."""

from datetime import date

import msgspec

from agreements.case import EvaluationOutcome, Place, State
from agreements.decide import decide
from agreements.policy import MUST_BE_AGREED, Policy, UnitDecision
from tests.agreements.document_rows import (
    IMPOSED,
    DocumentRow,
    asked_of_manager,
    clause,
    decided_by_a_unit,
    evaluation_days,
    informed_when_imposed,
    key,
    lent_or_own,
    letters,
    question,
    remarked,
    said_no,
    sorted_as,
)
from tests.agreements.factories import MONDAY, active, answered, application, days, received

FACTORS = ("Oppgaver", "Samhandling", "Laering", "Arbeidsmiljo", "Onsker")


def _unit_without_hearings(_policy: Policy) -> object:
    """A unit's decision needs both dates."""
    try:
        msgspec.convert({"unit_id": "O-1", "max_days_per_week": 1.0}, UnitDecision)
    except msgspec.ValidationError as error:
        return "discussed_with_unions_on" in str(error)
    return False


def _on_a_day_of_attendance(policy: Policy) -> object:
    limits = msgspec.structs.replace(policy.limits, attendance_weekdays=("onsdag",))
    changed = msgspec.structs.replace(policy, limits=limits)
    asked_for = (application(weekdays="Tirsdag, Onsdag"), application(weekdays="Tirsdag, Torsdag"))
    return [decide(received(each), changed, MONDAY)[0].rule for each in asked_for]


def _on_a_day_of_the_unit(policy: Policy) -> object:
    """The unit's own fixed day counts in that unit only."""
    decided = UnitDecision(
        unit_id="O-1",
        attendance_weekdays=("onsdag",),
        discussed_with_unions_on=MONDAY,
        safety_service_involved_on=MONDAY,
    )
    changed = msgspec.structs.replace(policy, units=(decided,))
    cases = (received(application(weekdays="ons-fre"), unit_id=unit, placed_in=unit) for unit in ("O-1", "O-2"))
    return [decide(case, changed, MONDAY)[0].rule for case in cases]


def _negative_findings(policy: Policy) -> object:
    """An evaluation may adjust the agreement or end it; its last day is then that of the leader's notice."""
    states = []
    for outcome in (EvaluationOutcome.ADJUST, EvaluationOutcome.END):
        recorded = decide(active(evaluations=(answered(1, outcome, MONDAY),)), policy, MONDAY)[-1].after
        later = decide(recorded, policy, MONDAY + days(policy.termination.manager_notice_days + 1))
        states.append(later[-1].after.state if later else recorded.state)
    return states


OSLO_ROWS = (
    clause("Office is the starting point", "a", "Arbeidsstedet er utgangspunktet"),
    DocumentRow("Office is the starting point", "rule assessment.rejected", said_no, State.ENDED),
    DocumentRow("Each unit sets scope", "units", decided_by_a_unit, (1.0, 3.0)),
    DocumentRow(
        "Each unit sets scope",
        "units: discussed_with_unions_on, safety_service_involved_on",
        _unit_without_hearings,
        expected=True,
    ),
    clause("Voluntary unless imposed", "e", "frivillig med mindre det er pålagt, og ingen har krav på det"),
    DocumentRow("Voluntary unless imposed", "rule imposed.informed", informed_when_imposed, IMPOSED),
    asked_of_manager("Five assessment factors", *FACTORS),
    question("Five assessment factors", "Oppgaver", "egner seg hjemme"),
    question("Five assessment factors", "Samhandling", "hvor mange kan være borte samtidig"),
    question("Five assessment factors", "Laering", "læring og utvikling"),
    question("Five assessment factors", "Arbeidsmiljo", "arbeid og fritid"),
    question("Five assessment factors", "Arbeidsmiljo", "isolasjon"),
    question("Five assessment factors", "Onsker", "ønsker og boforhold"),
    key("Example default", "limits.unit_average_days_per_week", 2.0),
    clause("Example default", "a", "kan justeres etter oppgavene og behovet for oppmøte"),
    key("judged aggregated per department", "limits.unit_average_days_per_week", 2.0),
    remarked("judged aggregated per department", "limits.max_days_per_week", is_remarked=False, days_per_week=3.0),
    sorted_as(
        "judged aggregated per department", "limits.absolute_days_per_week", "documentation.ask", days_per_week=5.0
    ),
    key("Common arenas", "limits.attendance_weekdays", ()),
    DocumentRow(
        "Common arenas",
        "limits.attendance_weekdays",
        _on_a_day_of_attendance,
        ["limits.attendance-day", "documentation.ask"],
    ),
    DocumentRow(
        "Common arenas",
        "units.attendance_weekdays",
        _on_a_day_of_the_unit,
        ["limits.attendance-day", "documentation.ask"],
    ),
    clause("Regular contact with home workers", "Oppfølging", "holder jevnlig kontakt"),
    DocumentRow("Regular contact with home workers", "evaluation.every_months", evaluation_days, (date(2026, 9, 2),)),
    DocumentRow(
        "Regular contact with home workers",
        "rule evaluation.recorded",
        _negative_findings,
        [State.ACTIVE, State.ENDED],
    ),
    question("employer as far as practicable", "Arbeidsmiljo", "fullt forsvarlig"),
    clause("Start and end of working time must be registered", "b", "begynnelse og slutt registreres"),
    lent_or_own("Equipment by individual need", "PC", "Skjerm", "Kontorstol"),
    key("Equipment by individual need", "equipment_packages", ()),
    clause("Equipment by individual need", "g", "lånes ut først"),
    clause("Mobile tethering is often enough", "g", "Internettdeling fra jobbtelefonen er ofte nok"),
    key("§ 2 written home-work agreement", "requirements", ("signed_agreement",)),
    DocumentRow("§ 2 written home-work agreement", "clauses: a-h", letters, set(MUST_BE_AGREED)),
    clause("§ 2 written home-work agreement", "d", "i tillegg til arbeidsavtalen"),
    sorted_as(
        "do not cover short/occasional work",
        "limits.short_term_up_to_days",
        "§1-short-term",
        end_on=MONDAY + days(43),
    ),
    sorted_as(
        "do not cover short/occasional work",
        "limits.sporadic_below_days_per_week",
        "§1-sporadic",
        days_per_week=0.5,
    ),
    sorted_as(
        "do not cover short/occasional work",
        "rule §1-elsewhere-than-home",
        "§1-elsewhere-than-home",
        place=Place.ELSEWHERE_IN_NORWAY,
    ),
    clause("Insurance: injury/death during remote work", "Forsikring", "Skade eller død under arbeidet hjemme"),
    clause("Insurance: injury/death during remote work", "Forsikring", "Tvilstilfeller vurderes hver for seg"),
    clause("Consider remote and hybrid meetings", "c", "Digitale og hybride møter"),
)
