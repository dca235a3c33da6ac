"""The procedure "Hjemmekontor" (MBM 24 August 2021), a row for each of its rules."""

from datetime import date

from agreements.actions import ErrandKind
from agreements.advice import advice
from agreements.case import EvaluationOutcome, FilingKind, RequirementKind, State
from agreements.decide import decide
from agreements.intake import EvaluationGiven, Sender, take_in
from agreements.paperwork import People, agreement
from agreements.policy import MUST_BE_AGREED, Policy
from agreements.rules.evaluation import ask_due
from tests.agreements.document_rows import (
    DocumentRow,
    asked_of_employee,
    asked_of_manager,
    clause,
    decided_by_a_unit,
    evaluation_days,
    key,
    last_day_when_terminated,
    lent_or_own,
    letters,
    normal_life,
    question,
    remarked,
    said_no,
    sorted_as,
)
from tests.agreements.factories import (
    MANAGER,
    MONDAY,
    active,
    approved,
    chase,
    collecting,
    days,
    in_assessment,
)


def _told_of_a_part_timer(policy: Policy) -> object:
    """Two days at home of a working week of five, of three, and of two and a half."""
    cases = (in_assessment(position_percentage=percentage) for percentage in (100.0, 60.0, 50.0))
    return [advice(case, policy) is not None for case in cases]


def _extra_evaluation(policy: Policy) -> object:
    """Called by the manager, recorded, and the one of the cadence is asked for all the same."""
    case = take_in(active(), EvaluationGiven(EvaluationOutcome.CONTINUE, None), Sender(MANAGER), MONDAY)
    case = decide(case, policy, MONDAY)[-1].after
    return [each.is_extra for each in case.evaluations], ask_due(case, policy)


LEADER_QUESTION = "Er det forhold i arbeidsmiljøet, personalsaker eller oppgaver som krever mer tilstedeværelse?"


def _leader_is_asked_about(policy: Policy) -> object:
    told = advice(in_assessment(is_leader=True), policy) or ""
    return LEADER_QUESTION in told, advice(in_assessment(), policy)


def _without_a_photo(policy: Policy) -> object:
    others = (RequirementKind.ANSWERS, RequirementKind.SIGNED_AGREEMENT)
    waiting = collecting(None, *others)
    given_up = collecting(chase(MONDAY, 3, MONDAY + days(22)), *others)
    lapsed = decide(given_up, policy, date(2026, 4, 15))[-1].after
    return decide(waiting, policy, MONDAY), lapsed.end_reason


def _filed(policy: Policy) -> object:
    errands = decide(approved(), policy, MONDAY)[0].errands
    return [errand.filing for errand in errands if errand.kind is ErrandKind.FILE_DOCUMENT]


def _measures_in_agreement(policy: Policy) -> object:
    case = normal_life(policy, measures="Ny lampe").case
    return agreement(case, policy, People("Kari", None, None, {}), MONDAY, is_draft=False).measures


def _draft_letters(policy: Policy) -> object:
    draft = agreement(collecting(), policy, People("Kari", None, None, {}), MONDAY, is_draft=True)
    return [each.letter for each in draft.clauses if each.letter]


PROCEDURE_ROWS = (
    DocumentRow('attachment "Avtale hjemmekontor"', "clauses", _draft_letters, list(MUST_BE_AGREED)),
    DocumentRow('attachment "Avtale hjemmekontor"', "clauses", letters, set(MUST_BE_AGREED)),
    key("evaluates it every 6 months", "evaluation.every_months", 6),
    DocumentRow(
        "evaluates it every 6 months", "evaluation.every_months", evaluation_days, (date(2026, 9, 2), date(2027, 1, 30))
    ),
    asked_of_manager("tasks can be done from home", "Oppgaver"),
    question("tasks can be done from home", "Oppgaver", "uten at det går ut over brukere og publikum"),
    DocumentRow("Units may differ", "units", decided_by_a_unit, (1.0, 3.0)),
    key("days per week at the workplace", "limits.min_office_days_per_week", 2.0),
    key("days per week at the workplace", "limits.max_days_per_week", 3.0),
    remarked(
        "days per week at the workplace",
        "limits.max_days_per_week",
        is_remarked=True,
        days_per_week=3.5,
    ),
    remarked(
        "days per week at the workplace",
        "limits.min_office_days_per_week",
        is_remarked=False,
        days_per_week=3.0,
    ),
    DocumentRow(
        "days per week at the workplace", "the position's percentage in HR", _told_of_a_part_timer, [False, True, True]
    ),
    clause("attend scheduled meetings physically", "a", "går foran avtalte hjemmedager"),
    asked_of_manager("Leaders: special assessment", "LederNaervaer"),
    DocumentRow(
        "Leaders: special assessment", "manager_questions: only_for_leaders", _leader_is_asked_about, (True, None)
    ),
    sorted_as("Individual assessment allowed", "limits.absolute_days_per_week", "documentation.ask", days_per_week=5.0),
    key("Leader follows up twice a year", "evaluation.every_months", 6),
    key(
        "Leader follows up twice a year",
        "evaluation.extra_when",
        ("helsen", "hjemmesituasjonen", "arbeidsoppgavene"),
    ),
    DocumentRow("Leader follows up twice a year", "the evaluation form", _extra_evaluation, ([True], date(2026, 9, 2))),
    key("Leader follows up twice a year", "evaluation.last_days_before_end", 30),
    DocumentRow(
        "Leader follows up twice a year",
        "evaluation.last_days_before_end",
        evaluation_days,
        (date(2026, 9, 2), date(2027, 1, 30)),
    ),
    clause("Employee provides a sound workplace", "g", "bord, stol og lys"),
    asked_of_employee("Employee provides a sound workplace", "Lys", "Stoy"),
    lent_or_own("Employee provides a sound workplace", "Kontorpult", "Kontorstol", "Lyskilde", "Skjerm"),
    DocumentRow(
        "documents the home office with a photo",
        "requirements: photo",
        lambda policy: RequirementKind.PHOTO in policy.requirements,
        expected=True,
    ),
    DocumentRow("documents the home office with a photo", "requirements: photo", _without_a_photo, ([], "lapsed")),
    asked_of_manager("documents the home office with a photo", "Arbeidsplass"),
    question("documents the home office with a photo", "Arbeidsplass", "forsvarlig, ut fra bildet"),
    DocumentRow("documents the home office with a photo", "rule assessment.rejected", said_no, State.ENDED),
    DocumentRow("archived in personalmappen", "rule filing.prepare", _filed, [FilingKind.AGREEMENT, FilingKind.PHOTO]),
    asked_of_employee("Four mapping questions", "Erfaring", "Lys", "Stoy", "Pauser"),
    question("Four mapping questions", "Erfaring", "erfaringer"),
    question("Four mapping questions", "Lys", "dagslys"),
    question("Four mapping questions", "Stoy", "konsentrert"),
    question("Four mapping questions", "Pauser", "pauser fra stillesittende arbeid"),
    DocumentRow("decide measures from answers", "the manager's form: Tiltak", _measures_in_agreement, "Ny lampe"),
    clause("insurances apply at the home office", "Forsikring", "gjelder også på hjemmekontoret"),
    key("terminate the agreement with immediate effect", "termination.manager_notice_days", 0),
    DocumentRow(
        "terminate the agreement with immediate effect",
        "termination.manager_notice_days",
        lambda policy: last_day_when_terminated(policy, MANAGER),
        MONDAY,
    ),
    clause("terminate the agreement with immediate effect", "e", "med øyeblikkelig virkning"),
)
