"""What HR registers in forms: the same facts, rules and notices as when people answer themselves, and who did it."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, update

from agreements.case import (
    AssessmentOutcome,
    Case,
    ChangeOutcome,
    Chase,
    EvaluationOutcome,
    Place,
    Requirement,
    RequirementKind,
    State,
)
from config.errors import ExpectedError
from config.policy_files import SHIPPED
from flows import (
    change_agreement,
    hold_case,
    impose_home_office,
    register_acceptance,
    register_answers,
    register_application,
    register_assessment,
    register_evaluation,
    renew_agreement,
    retry_failed,
    revert_home_office,
    terminate_agreement,
)
from flows.forms import Form, read_form
from integrations.database.tables import cases, events, inbox, notices, outbox, rejected_rows
from tasks import deciding
from tasks.imposing import NotImposedError
from tasks.night import night
from tests.database.samples import TODAY, load_staff, new_case, read, rows, staff, store
from tests.graph.test_hr_acts import DELIVERED
from tests.graph.town import Town

NUMBER = "HK-2027-00077"
EMPLOYEE, ADVISER, APPLICANT = "0077", "0079", "0078"
NEXT_WEEK = TODAY + timedelta(days=7)
AGREED = new_case(
    77,
    EMPLOYEE,
    state=State.ACTIVE,
    start_on=TODAY - timedelta(days=30),
    end_on=TODAY + timedelta(days=50),
    requirements=DELIVERED,
)
TO_ASSESS = replace(AGREED, state=State.IN_ASSESSMENT, start_on=None, end_on=None)
TO_COLLECT = replace(
    TO_ASSESS,
    state=State.COLLECTING,
    requirements=tuple(Requirement(each.kind) for each in DELIVERED),
    documentation=Chase.begun(TODAY),
)
ANSWERS = {
    "Erfaring": "God",
    "Lys": "Vindu mot nord",
    "Stoy": "Stille",
    "Pauser": "Hver time",
    "Utstyr1": "Har selv",
    "Utstyr4": "Låner av arbeidsgiver",
    "lent": "Tastatur\nMus",
}
ACCEPTED = {"party": "Den ansatte", "answer": "Godtar"}
Jobs = Any
"""A module of flows/."""


@pytest.fixture
def office_hours(town: Town) -> Town:
    load_staff(town.database, staff(EMPLOYEE, APPLICANT, ADVISER))
    return town


def given(town: Town, case: Case) -> None:
    with night(TODAY) as running:
        store(town.database, running.policy, case)


def fill_in(
    module: Jobs, fields: dict[str, Any], on: date = TODAY, *, asked_on: date | None = None, run: str | None = None
) -> Counter[str]:
    """The form's own step, without Prefect around it."""
    with night(on) as running:
        running.asked_on, running.run = asked_on or on, run
        form: Form = read_form(module.JOB.model_under(running.policy), {"registered_by": ADVISER, **fields})
        counts: Counter[str] = module.step.fn(form)
    return counts


def case_now(town: Town, number: str = NUMBER) -> Case:
    return read(town.database, number)[1]


def told(town: Town, number: str = NUMBER) -> list[tuple[str, str]]:
    return sorted((row.template, row.role) for row in rows(town.database, notices) if row.case_number == number)


def actors(town: Town, number: str = NUMBER) -> list[tuple[str, str]]:
    """Each event of the case, without its number, and who brought it about."""
    found = [row for row in rows(town.database, events) if row.case_number == number]
    return [(row.rule.rstrip(".0123456789"), row.actor) for row in found]


APPLICATION = {
    "employee_number": APPLICANT,
    "days_per_week": 2.5,
    "weekdays": ["tirsdag", "fredag"],
    "start_on": NEXT_WEEK,
}


def test_an_application_becomes_a_case_as_if_the_employee_had_sent_it(office_hours: Town) -> None:
    counts = fill_in(register_application, APPLICATION)
    assert counts == {"søknad registrert av HR": 1, "bedt om dokumentasjon": 1}
    [row] = [row for row in rows(office_hours.database, cases) if row.employee_number == APPLICANT]
    case = case_now(office_hours, row.number)
    asked = case.application
    assert (asked.days_per_week, asked.weekdays, asked.start_on, asked.end_on, asked.place) == (
        2.5,
        "tirsdag, fredag",
        NEXT_WEEK,
        None,
        Place.HOME,
    )
    assert case.state is State.COLLECTING
    assert told(office_hours, row.number) == [("documentation_ask", "employee")]
    assert actors(office_hours, row.number) == [
        ("application.registered", f"HR {ADVISER}"),
        ("documentation.ask", "register-application"),
    ]


def test_the_managers_yes_and_the_measures_are_taken_in(office_hours: Town) -> None:
    given(office_hours, TO_ASSESS)
    fill_in(register_assessment, {"case_number": NUMBER, "outcome": "Godkjent", "measures": "Skjerm lånes ut"})
    case = case_now(office_hours)
    assert case.state is State.APPROVED
    assert case.assessment is not None
    assert (case.assessment.outcome, case.assessment.measures) == (AssessmentOutcome.APPROVED, "Skjerm lånes ut")
    assert ("fact.Vurderinger", f"HR {ADVISER}") in actors(office_hours)


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ("Bildet", {RequirementKind.PHOTO}),
        ("Bildet og svarene", {RequirementKind.PHOTO, RequirementKind.ANSWERS}),
    ],
)
def test_what_must_be_supplemented_is_asked_for_again(
    office_hours: Town, lacking: str, missing: set[RequirementKind]
) -> None:
    given(office_hours, TO_ASSESS)
    fill_in(
        register_assessment,
        {"case_number": NUMBER, "outcome": "Må suppleres", "lacking": lacking, "measures": "Uskarpt"},
    )
    case = case_now(office_hours)
    assert (case.state, set(case.missing)) == (State.COLLECTING, missing)
    assert ("documentation_again", "employee") in told(office_hours)


def test_an_evaluation_is_recorded_and_due_in_the_archive(office_hours: Town) -> None:
    given(office_hours, AGREED)
    fill_in(register_evaluation, {"case_number": NUMBER, "outcome": "Justeres", "note": "Færre dager"})
    [evaluation] = case_now(office_hours).evaluations
    assert (evaluation.outcome, evaluation.note, evaluation.given_by) == (
        EvaluationOutcome.ADJUST,
        "Færre dager",
        f"HR {ADVISER}",
    )
    assert told(office_hours) == [("evaluation_adjust", "employee"), ("evaluation_adjust", "manager")]


def test_an_evaluation_has_the_scores_of_the_policy(office_hours: Town) -> None:
    given(office_hours, AGREED)
    scores = {"Maaloppnaaelse": "4", "Samarbeid": "2"}
    fill_in(register_evaluation, {"case_number": NUMBER, "outcome": "Fortsetter", **scores})
    [evaluation] = case_now(office_hours).evaluations
    assert evaluation.answers == (("Maaloppnaaelse", 4), ("Samarbeid", 2))


def test_an_assessment_has_the_answers_to_the_questions_of_the_policy(office_hours: Town) -> None:
    given(office_hours, TO_ASSESS)
    fill_in(register_assessment, {"case_number": NUMBER, "outcome": "Godkjent", "Oppgaver": "Saksbehandling"})
    assessment = case_now(office_hours).assessment
    assert assessment is not None
    assert "Saksbehandling" in [answer for _, answer in assessment.answers]


def test_an_assessment_has_the_package_that_was_chosen(office_hours: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HK_POLICY", "baerum")
    given(office_hours, TO_ASSESS)
    package = "Pakke 3: særlige behov"
    fill_in(register_assessment, {"case_number": NUMBER, "outcome": "Godkjent", "Utstyrspakke": package})
    assessment = case_now(office_hours).assessment
    assert assessment is not None
    assert assessment.package == package


def test_the_employees_answers_and_equipment_are_taken_in(office_hours: Town) -> None:
    given(office_hours, TO_COLLECT)
    fill_in(register_answers, {"case_number": NUMBER, **ANSWERS})
    case = case_now(office_hours)
    answers = case.requirement(RequirementKind.ANSWERS)
    assert answers is not None
    assert [answer for _, answer in answers.answers] == ["God", "Vindu mot nord", "Stille", "Hver time"]
    assert [(item.name, str(item.source)) for item in case.equipment] == [
        ("Kontorpult", "own"),
        ("Skjerm", "lent"),
        ("Tastatur", "lent"),
        ("Mus", "lent"),
    ]
    assert set(case.missing) == {RequirementKind.PHOTO, RequirementKind.SIGNED_AGREEMENT}


@pytest.mark.parametrize(
    ("module", "fields"), [(register_answers, {**ANSWERS, "accepts": True}), (register_acceptance, ACCEPTED)]
)
def test_the_employee_has_accepted_the_agreement_on_paper(
    office_hours: Town, module: Jobs, fields: dict[str, Any]
) -> None:
    given(office_hours, TO_COLLECT)
    fill_in(module, {"case_number": NUMBER, **fields})
    assert RequirementKind.SIGNED_AGREEMENT not in case_now(office_hours).missing


def test_whoever_does_not_accept_the_agreement_withdraws(office_hours: Town) -> None:
    given(office_hours, TO_COLLECT)
    fill_in(register_acceptance, {"case_number": NUMBER, "party": "Den ansatte", "answer": "Godtar ikke"})
    assert case_now(office_hours).state is State.ENDED


@pytest.mark.parametrize(
    ("party", "answer", "outcome"),
    [
        ("Arbeidsgiveren", "Godtar", ChangeOutcome.AGREED),
        ("Arbeidsgiveren", "Godtar ikke", ChangeOutcome.DECLINED),
        ("Den ansatte", "Godtar ikke", ChangeOutcome.WITHDRAWN),
    ],
)
def test_a_proposed_change_is_answered(office_hours: Town, party: str, answer: str, outcome: ChangeOutcome) -> None:
    given(office_hours, AGREED)
    proposed = {"case_number": NUMBER, "party": "Den ansatte", "days_per_week": 3, "start_on": NEXT_WEEK}
    fill_in(change_agreement, proposed)
    fill_in(register_acceptance, {"case_number": NUMBER, "party": party, "answer": answer})
    [change] = case_now(office_hours).changes
    assert change.outcome is outcome


@pytest.mark.parametrize(("party", "days"), [("Den ansatte", 5), ("Arbeidsgiveren", 14)])
def test_the_notice_is_that_of_whoever_terminates(
    office_hours: Town, party: str, days: int, with_notice: Callable[[int, int], None]
) -> None:
    with_notice(5, 14)
    given(office_hours, AGREED)
    for day in (TODAY, TODAY + timedelta(days=2)):  # said once more two days later, the notice does not begin anew
        fill_in(terminate_agreement, {"case_number": NUMBER, "party": party, "last_day": TODAY}, day)
    termination = case_now(office_hours).termination
    assert termination is not None
    assert (termination.last_day, termination.given_by) == (TODAY + timedelta(days=days), f"HR {ADVISER}")


@pytest.fixture
def with_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    def write(employee: int, manager: int) -> None:
        text = (SHIPPED / "prosedyre-websak.toml").read_text()
        text = re.sub(r"(?m)^employee_notice_days = .*$", f"employee_notice_days = {employee}", text)
        text = re.sub(r"(?m)^manager_notice_days = .*$", f"manager_notice_days = {manager}", text)
        (tmp_path / "policy.toml").write_text(text)
        monkeypatch.setenv("HK_POLICY", str(tmp_path / "policy.toml"))

    return write


@pytest.mark.parametrize(("party", "asked"), [("Den ansatte", "manager"), ("Arbeidsgiveren", "employee")])
def test_a_change_is_answered_by_the_other_party(office_hours: Town, party: str, asked: str) -> None:
    given(office_hours, AGREED)
    fill_in(change_agreement, {"case_number": NUMBER, "party": party, "days_per_week": 3, "start_on": NEXT_WEEK})
    assert told(office_hours) == [("change_ask", asked)]


def test_a_renewal_goes_on_as_the_agreement_was(office_hours: Town) -> None:
    given(office_hours, AGREED)
    fill_in(renew_agreement, {"case_number": NUMBER})
    [row] = [row for row in rows(office_hours.database, cases) if row.renews == NUMBER]
    renewal = case_now(office_hours, row.number)
    now = AGREED.application
    assert (renewal.application.days_per_week, renewal.application.weekdays) == (now.days_per_week, now.weekdays)
    assert renewal.application.start_on == TODAY + timedelta(days=51)
    assert renewal.missing == (RequirementKind.SIGNED_AGREEMENT,)


def written(town: Town) -> list[object]:
    """All that a form can bring about; the cases as the rules see them."""
    numbers = [row.number for row in rows(town.database, cases)]
    return [
        *(rows(town.database, table) for table in (events, notices, outbox, inbox)),
        *(case_now(town, number) for number in numbers),
    ]


IMPOSED = {
    "whom": "Alle ansatte",
    "start_on": TODAY,
    "end_on": TODAY + timedelta(days=30),
    "discussed_with_unions_on": TODAY,
}
FORMS = [
    pytest.param(register_application, None, APPLICATION, id="application"),
    pytest.param(register_assessment, TO_ASSESS, {"case_number": NUMBER, "outcome": "Avslått"}, id="assessment"),
    pytest.param(register_evaluation, AGREED, {"case_number": NUMBER, "outcome": "Fortsetter"}, id="evaluation"),
    pytest.param(
        terminate_agreement,
        AGREED,
        {"case_number": NUMBER, "party": "Den ansatte", "last_day": NEXT_WEEK},
        id="termination",
    ),
    pytest.param(
        change_agreement,
        AGREED,
        {"case_number": NUMBER, "party": "Den ansatte", "days_per_week": 3, "start_on": NEXT_WEEK},
        id="change",
    ),
    pytest.param(renew_agreement, AGREED, {"case_number": NUMBER}, id="renewal"),
    pytest.param(register_answers, TO_COLLECT, {"case_number": NUMBER, **ANSWERS}, id="answers"),
    pytest.param(register_acceptance, TO_COLLECT, {"case_number": NUMBER, **ACCEPTED}, id="acceptance"),
]
DECIDED_AT_ONCE = [
    pytest.param(register_application, None, {**APPLICATION, "place": "Annet sted i Norge"}, id="elsewhere"),
    pytest.param(register_application, None, {**APPLICATION, "days_per_week": 5}, id="too-many-days"),
]
"""After these the employee has no open case that would refuse the next."""


@pytest.mark.parametrize(("module", "case", "fields"), FORMS)
def test_the_same_form_twice_does_nothing_twice(
    office_hours: Town, module: Jobs, case: Case | None, fields: dict[str, Any]
) -> None:
    """Also when another adviser fills it in the second time."""
    load_staff(office_hours.database, staff(EMPLOYEE, APPLICANT, ADVISER, "0080"))
    if case is not None:
        given(office_hours, case)
    fill_in(module, fields)
    once = written(office_hours)
    counts = fill_in(module, {**fields, "registered_by": "0080"})
    assert counts == {"registrert fra før": 1}
    assert written(office_hours) == once


@pytest.fixture
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks inside these forms' steps as the functions they are."""
    inside = (
        (hold_case, "set_or_lift"),
        (impose_home_office, "impose"),
        (revert_home_office, "revert"),
        (retry_failed, "let_wait_for_delivery"),
        (deciding, "decide_batch"),
    )
    for module, name in inside:
        monkeypatch.setattr(module, name, getattr(module, name).fn)


@pytest.mark.usefixtures("without_prefect")
@pytest.mark.parametrize(
    ("module", "fields"),
    [
        (hold_case, {"case_number": NUMBER, "choice": "Sett på pause", "until": NEXT_WEEK}),
        (impose_home_office, IMPOSED),
        (revert_home_office, {"whom": "Alle ansatte", "last_day": NEXT_WEEK}),
        (retry_failed, {"which": "Alle saker"}),
    ],
)
def test_a_form_that_sets_something_says_the_second_time_that_nothing_was_new(
    office_hours: Town, module: Jobs, fields: dict[str, Any]
) -> None:
    given(office_hours, AGREED)
    if module is revert_home_office:
        fill_in(impose_home_office, IMPOSED)
    with office_hours.database.transaction() as connection:
        waiting = {"key": "mail/1", "kind": "mail", "payload": {"to": "x"}, "created_on": TODAY, "status": "failed"}
        connection.execute(insert(outbox), waiting)
    assert +fill_in(module, fields)
    once = written(office_hours)
    assert not +fill_in(module, fields)
    assert written(office_hours) == once


@pytest.mark.usefixtures("without_prefect")
@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ({"whom": "Én enhet", "unit_id": "finnesikke"}, "Ingen i denne enheten er pålagt"),
        ({"whom": "Alle ansatte"}, "Ingen er pålagt"),
    ],
)
def test_home_office_that_nobody_has_is_not_said_to_be_called_off(
    office_hours: Town, unit: dict[str, Any], sentence: str
) -> None:
    given(office_hours, AGREED)
    if "unit_id" in unit:
        fill_in(impose_home_office, IMPOSED)
    once = written(office_hours)
    with pytest.raises(NotImposedError, match=sentence):
        fill_in(revert_home_office, {**unit, "last_day": NEXT_WEEK})
    assert written(office_hours) == once


@pytest.mark.parametrize(
    ("module", "case", "fields"),
    [form for form in FORMS if form.id in {"application", "assessment", "change", "renewal"}],
)
def test_the_same_form_the_next_day_is_refused(
    office_hours: Town, module: Jobs, case: Case | None, fields: dict[str, Any]
) -> None:
    """What was sent late in the evening and once more after midnight: the case itself says that it has it."""
    if case is not None:
        given(office_hours, case)
    fill_in(module, fields)
    once = written(office_hours)
    with pytest.raises(ExpectedError):
        fill_in(module, fields, TODAY + timedelta(days=1))
    assert written(office_hours) == once


@pytest.mark.parametrize(("module", "case", "fields"), [*FORMS, *DECIDED_AT_ONCE])
def test_a_form_that_is_begun_anew_the_next_day_does_nothing_twice(
    office_hours: Town, module: Jobs, case: Case | None, fields: dict[str, Any]
) -> None:
    """As when it was killed while it delivered, and the night takes it up."""
    if case is not None:
        given(office_hours, case)
    fill_in(module, fields)
    once = written(office_hours)
    tomorrow = TODAY + timedelta(days=1)
    assert fill_in(module, fields, tomorrow, asked_on=TODAY) == {"registrert fra før": 1}
    assert written(office_hours) == once


def test_what_is_registered_after_midnight_was_received_that_day(office_hours: Town) -> None:
    tomorrow = TODAY + timedelta(days=1)
    fill_in(register_application, APPLICATION, tomorrow, asked_on=TODAY)
    assert [row.received_on for row in rows(office_hours.database, inbox)] == [tomorrow]


def test_a_renewal_is_known_again_when_the_agreement_is_over(office_hours: Town) -> None:
    given(office_hours, AGREED)
    fill_in(renew_agreement, {"case_number": NUMBER})
    with office_hours.database.transaction() as connection:
        connection.execute(update(cases).where(cases.c.number == NUMBER).values(state="ended", end_reason="expired"))
    later = TODAY + timedelta(days=1)
    assert fill_in(renew_agreement, {"case_number": NUMBER}, later, asked_on=TODAY) == {"registrert fra før": 1}


def said_by_hr(town: Town) -> tuple[int, list[str]]:
    """How many cases there are, and what was done to them by the adviser's word; rules may do more the next day."""
    done = [row.rule for row in rows(town.database, events) if row.actor == f"HR {ADVISER}"]
    return len(rows(town.database, cases)), done


@pytest.mark.usefixtures("without_prefect")
@pytest.mark.parametrize(
    ("module", "fields"),
    [
        (hold_case, {"case_number": NUMBER, "choice": "Sett på pause", "until": TODAY}),
        (hold_case, {"case_number": NUMBER, "choice": "Gjenoppta"}),
        (impose_home_office, {**IMPOSED, "end_on": TODAY}),
        (revert_home_office, {"whom": "Alle ansatte", "last_day": TODAY - timedelta(days=1)}),
    ],
)
def test_a_run_that_set_something_knows_it_the_next_day(
    office_hours: Town, module: Jobs, fields: dict[str, Any]
) -> None:
    """Also where the same could not be asked for any more by then."""
    given(office_hours, AGREED)
    if fields.get("choice") == "Gjenoppta":
        fill_in(hold_case, {"case_number": NUMBER, "choice": "Sett på pause", "until": NEXT_WEEK})
    if module is revert_home_office:
        fill_in(impose_home_office, IMPOSED)
    assert +fill_in(module, fields, run="one")
    once = said_by_hr(office_hours)
    tomorrow = TODAY + timedelta(days=1)
    assert fill_in(module, fields, tomorrow, asked_on=TODAY, run="one")["registrert fra før"] == 1
    assert said_by_hr(office_hours) == once


@pytest.mark.parametrize(("module", "case", "fields"), FORMS)
def test_nobody_registers_in_their_own_case(
    office_hours: Town, module: Jobs, case: Case | None, fields: dict[str, Any]
) -> None:
    if case is not None:
        given(office_hours, case)
    own = APPLICANT if case is None else EMPLOYEE
    with pytest.raises(ExpectedError, match="i din egen sak"):
        fill_in(module, {**fields, "registered_by": own})
    assert rows(office_hours.database, inbox) == []


@pytest.mark.parametrize(
    ("module", "case", "fields", "sentence"),
    [
        (register_application, None, {**APPLICATION, "employee_number": "4711"}, "finnes ikke blant de ansatte"),
        (register_application, AGREED, {**APPLICATION, "employee_number": EMPLOYEE, "end_on": TODAY}, "slutter før"),
        (register_assessment, AGREED, {"case_number": NUMBER, "outcome": "Godkjent"}, "venter ikke på en vurdering"),
        (register_assessment, TO_ASSESS, {"case_number": NUMBER, "outcome": "Må suppleres"}, "«Hva må suppleres?»"),
        (register_answers, TO_ASSESS, {"case_number": NUMBER, **ANSWERS}, "tar ikke lenger imot dokumentasjon"),
        (register_answers, TO_COLLECT, {"case_number": NUMBER}, "er ikke fylt ut"),
        (register_acceptance, AGREED, {"case_number": NUMBER, **ACCEPTED}, "venter ikke på svar på en endring"),
        (
            register_acceptance,
            TO_COLLECT,
            {"case_number": NUMBER, **ACCEPTED, "party": "Arbeidsgiveren"},
            "en annen enn den saken gjelder",
        ),
        (register_evaluation, TO_ASSESS, {"case_number": NUMBER, "outcome": "Fortsetter"}, "ikke på en evaluering"),
        (
            change_agreement,
            TO_ASSESS,
            {"case_number": NUMBER, "party": "Den ansatte", "days_per_week": 3, "start_on": NEXT_WEEK},
            "Bare en avtale som gjelder, kan endres",
        ),
        (renew_agreement, TO_ASSESS, {"case_number": NUMBER}, "Bare en avtale som gjelder, kan fornyes"),
        (renew_agreement, None, {"case_number": "HK-2027-99999"}, "Ingen sak har nummeret HK-2027-99999"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_kept_of_it(
    office_hours: Town, module: Jobs, case: Case | None, fields: dict[str, Any], sentence: str
) -> None:
    if case is not None:
        given(office_hours, case)
    before = rows(office_hours.database, events)
    with pytest.raises(ExpectedError, match=sentence.replace("?", r"\?")):
        fill_in(module, fields)
    assert (rows(office_hours.database, inbox), rows(office_hours.database, rejected_rows)) == ([], [])
    assert rows(office_hours.database, events) == before


def test_a_mistake_that_is_put_right_the_same_day_is_registered(office_hours: Town) -> None:
    fields = {"case_number": NUMBER, "outcome": "Avslått"}
    given(office_hours, replace(AGREED, state=State.COLLECTING, start_on=None, end_on=None))
    with pytest.raises(ExpectedError, match="venter ikke på en vurdering"):
        fill_in(register_assessment, fields)
    with office_hours.database.transaction() as connection:
        connection.execute(cases.update().where(cases.c.number == NUMBER).values(state=str(State.IN_ASSESSMENT)))
    fill_in(register_assessment, fields)
    assert case_now(office_hours).state is State.ENDED
