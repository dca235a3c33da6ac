"""What people answer: taken in as a fact, or set aside with a sentence for HR."""

from dataclasses import replace
from datetime import date
from math import nan

import pytest
from msgspec import structs

from agreements.case import (
    Application,
    Assessment,
    AssessmentOutcome,
    Case,
    EvaluationOutcome,
    Requirement,
    RequirementKind,
    State,
    Termination,
)
from agreements.intake import (
    LONGEST_TEXT,
    AnswersGiven,
    AssessmentGiven,
    ChangeProposed,
    EvaluationGiven,
    Fact,
    FileReceived,
    Sender,
    SetAsideError,
    TerminationGiven,
    change_application,
    check_application,
    take_in,
)
from agreements.policy import TerminationRules
from tests.agreements.factories import (
    EMPLOYEE,
    MANAGER,
    MONDAY,
    PHOTO_HASH,
    STRANGER,
    active,
    answered,
    application,
    approved,
    chase,
    collecting,
    days,
    evaluation,
    imposed,
    in_assessment,
    received,
    special_assessment,
    termination,
)

TODAY = MONDAY + days(3)
HR = Sender("HR", is_hr=True)
BY_EMPLOYEE, BY_MANAGER, BY_STRANGER = Sender(EMPLOYEE), Sender(MANAGER), Sender(STRANGER)
PAIRS = (("Hvordan er lyset?", "Vindu mot nord"), ("Hvordan er støyen?", "Stille"))
ANSWERS = AnswersGiven(PAIRS, accepts_agreement=True)
PHOTO = FileReceived(RequirementKind.PHOTO, PHOTO_HASH)
YES, NO = AssessmentGiven(AssessmentOutcome.APPROVED, "Ny lampe"), AssessmentGiven(AssessmentOutcome.REJECTED, None)
GOES_ON = EvaluationGiven(EvaluationOutcome.CONTINUE, "Går fint")
STOP = TerminationGiven(MONDAY + days(30))
TOO_LONG, JUST_FITS = "x" * (LONGEST_TEXT + 1), "x" * LONGEST_TEXT
ASKED_FOR_EVALUATION = active(evaluations=(evaluation(1, chase()),))
WRONG_PERSON = "Svaret kom fra en annen enn den saken gjelder."
NOT_MANAGER = "Svaret kom fra en annen enn nærmeste leder."
CLOSED = "Saken er avsluttet."
TOO_LATE = "Saken tar ikke lenger imot dokumentasjon."
NOT_WAITING = "Saken venter ikke på en vurdering."
NO_EVALUATION = "Saken venter ikke på en evaluering."
UNREADABLE = "Teksten er lengre enn 4000 tegn."


@pytest.mark.parametrize(
    ("case", "fact", "sender", "sentence"),
    [
        pytest.param(collecting(), ANSWERS, BY_STRANGER, WRONG_PERSON, id="answers-from-a-stranger"),
        pytest.param(collecting(), ANSWERS, BY_MANAGER, WRONG_PERSON, id="answers-from-the-manager"),
        pytest.param(collecting(), ANSWERS, HR, WRONG_PERSON, id="answers-from-hr"),
        pytest.param(in_assessment(), ANSWERS, BY_EMPLOYEE, TOO_LATE, id="answers-too-late"),
        pytest.param(received(state=State.ENDED), ANSWERS, BY_EMPLOYEE, CLOSED, id="answers-after-the-end"),
        pytest.param(
            received(state=State.NO_AGREEMENT_NEEDED), ANSWERS, BY_EMPLOYEE, CLOSED, id="answers-that-nobody-needs"
        ),
        pytest.param(
            collecting(),
            replace(ANSWERS, answers=(*PAIRS, ("Pauser?", TOO_LONG))),
            BY_EMPLOYEE,
            "Svaret på «Pauser?» er lengre enn 4000 tegn.",
            id="answer-too-long",
        ),
        pytest.param(
            collecting(),
            replace(ANSWERS, answers=(*PAIRS, ("Pauser?", " \n"))),
            BY_EMPLOYEE,
            "Ett eller flere av spørsmålene er ikke besvart.",
            id="answer-of-nothing-but-space",
        ),
        pytest.param(collecting(), PHOTO, BY_STRANGER, WRONG_PERSON, id="photo-from-a-stranger"),
        pytest.param(collecting(), PHOTO, BY_MANAGER, WRONG_PERSON, id="photo-from-the-manager"),
        pytest.param(approved(), PHOTO, BY_EMPLOYEE, TOO_LATE, id="photo-too-late"),
        pytest.param(received(state=State.ENDED), PHOTO, BY_EMPLOYEE, CLOSED, id="photo-after-the-end"),
        pytest.param(
            collecting(requirements=(Requirement(RequirementKind.ANSWERS),)),
            PHOTO,
            BY_EMPLOYEE,
            "Filen er ikke noe saken trenger.",
            id="photo-not-asked-for",
        ),
        pytest.param(
            special_assessment(),
            YES,
            BY_MANAGER,
            "Hjemmekontor i utlandet skal vurderes av HR, eller av den retningslinjene peker ut.",
            id="abroad-by-the-manager",
        ),
        pytest.param(in_assessment(), YES, BY_STRANGER, NOT_MANAGER, id="assessment-from-a-stranger"),
        pytest.param(in_assessment(), YES, BY_EMPLOYEE, NOT_MANAGER, id="assessment-of-oneself"),
        pytest.param(
            in_assessment(manager_number=None), YES, BY_MANAGER, NOT_MANAGER, id="assessment-where-nobody-leads"
        ),
        pytest.param(collecting(), YES, BY_MANAGER, NOT_WAITING, id="assessment-too-early"),
        pytest.param(active(), NO, BY_MANAGER, NOT_WAITING, id="assessment-too-late"),
        pytest.param(active(), NO, HR, NOT_WAITING, id="assessment-too-late-from-hr"),
        pytest.param(
            in_assessment(),
            AssessmentGiven(AssessmentOutcome.APPROVED, TOO_LONG),
            BY_MANAGER,
            UNREADABLE,
            id="measures-too-long",
        ),
        pytest.param(
            special_assessment(),
            AssessmentGiven(AssessmentOutcome.APPROVED, TOO_LONG),
            HR,
            UNREADABLE,
            id="special-measures-too-long",
        ),
        pytest.param(ASKED_FOR_EVALUATION, GOES_ON, BY_EMPLOYEE, NOT_MANAGER, id="evaluation-of-oneself"),
        pytest.param(ASKED_FOR_EVALUATION, GOES_ON, BY_STRANGER, NOT_MANAGER, id="evaluation-from-a-stranger"),
        pytest.param(
            active(end_on=TODAY - days(1)),
            GOES_ON,
            BY_MANAGER,
            "Avtalen gjelder ikke lenger.",
            id="evaluation-too-late",
        ),
        pytest.param(
            active(start_on=TODAY + days(1)),
            GOES_ON,
            BY_MANAGER,
            "Avtalen har ikke begynt å gjelde ennå.",
            id="evaluation-too-early",
        ),
        pytest.param(
            active(evaluations=(answered(1, EvaluationOutcome.CONTINUE, TODAY),)),
            GOES_ON,
            BY_MANAGER,
            "Avtalen er allerede evaluert i dag.",
            id="evaluation-given-twice",
        ),
        pytest.param(
            structs.replace(ASKED_FOR_EVALUATION, state=State.ENDED),
            GOES_ON,
            BY_MANAGER,
            NO_EVALUATION,
            id="evaluation-after-the-end",
        ),
        pytest.param(
            ASKED_FOR_EVALUATION,
            EvaluationGiven(EvaluationOutcome.ADJUST, TOO_LONG),
            BY_MANAGER,
            UNREADABLE,
            id="note-too-long",
        ),
        pytest.param(
            active(state=State.ENDED), STOP, BY_EMPLOYEE, "Saken er allerede avsluttet.", id="termination-after-the-end"
        ),
        pytest.param(
            active(),
            STOP,
            BY_STRANGER,
            "Bare den ansatte, nærmeste leder eller HR kan si opp avtalen.",
            id="termination-by-a-stranger",
        ),
    ],
)
def test_set_aside(case: Case, fact: Fact, sender: Sender, sentence: str) -> None:
    with pytest.raises(SetAsideError) as refusal:
        take_in(case, fact, sender, TODAY)
    assert str(refusal.value) == sentence


def by_kind(case: Case) -> dict[RequirementKind, Requirement]:
    return {requirement.kind: requirement for requirement in case.requirements}


def test_answers_and_acceptance_are_two_requirements() -> None:
    after = take_in(collecting(), ANSWERS, BY_EMPLOYEE, TODAY)
    assert by_kind(after) == {
        RequirementKind.PHOTO: Requirement(RequirementKind.PHOTO),
        RequirementKind.ANSWERS: Requirement(RequirementKind.ANSWERS, TODAY, answers=PAIRS),
        RequirementKind.SIGNED_AGREEMENT: Requirement(RequirementKind.SIGNED_AGREEMENT, TODAY),
    }


def test_answers_without_acceptance_leave_the_agreement_missing() -> None:
    after = take_in(collecting(), AnswersGiven(PAIRS, accepts_agreement=False), BY_EMPLOYEE, TODAY)
    assert after.missing == (RequirementKind.PHOTO, RequirementKind.SIGNED_AGREEMENT)


def test_an_acceptance_nobody_asked_for_is_not_kept() -> None:
    case = collecting(requirements=(Requirement(RequirementKind.ANSWERS),))
    after = take_in(case, ANSWERS, BY_EMPLOYEE, TODAY)
    assert after.requirements == (Requirement(RequirementKind.ANSWERS, TODAY, answers=PAIRS),)


def test_the_longest_answer_is_taken_in() -> None:
    after = take_in(collecting(), AnswersGiven((("Lys?", JUST_FITS),), accepts_agreement=True), BY_EMPLOYEE, TODAY)
    assert after.missing == (RequirementKind.PHOTO,)


@pytest.mark.parametrize("kind", [RequirementKind.PHOTO, RequirementKind.SIGNED_AGREEMENT])
def test_a_file_is_kept_by_its_hash(kind: RequirementKind) -> None:
    after = take_in(collecting(), FileReceived(kind, PHOTO_HASH), BY_EMPLOYEE, TODAY)
    assert by_kind(after)[kind] == Requirement(kind, TODAY, PHOTO_HASH)
    assert len(after.missing) == 2


def test_a_better_photo_takes_the_place_of_the_first() -> None:
    case = collecting(None, RequirementKind.PHOTO)
    after = take_in(case, FileReceived(RequirementKind.PHOTO, "b2" * 32), BY_EMPLOYEE, TODAY)
    assert by_kind(after)[RequirementKind.PHOTO].document == "b2" * 32


@pytest.mark.parametrize(
    ("case", "sender"),
    [
        pytest.param(in_assessment(), BY_MANAGER, id="manager"),
        pytest.param(in_assessment(), HR, id="hr-on-behalf"),
        pytest.param(in_assessment(manager_number=None), HR, id="hr-where-nobody-leads"),
        pytest.param(special_assessment(), HR, id="abroad-by-hr"),
    ],
)
def test_assessment(case: Case, sender: Sender) -> None:
    after = take_in(case, YES, sender, TODAY)
    assert after == structs.replace(
        case, assessment=Assessment(AssessmentOutcome.APPROVED, "Ny lampe", sender.employee_number, TODAY)
    )


def test_the_latest_assessment_before_the_night_counts() -> None:
    after = take_in(take_in(in_assessment(), YES, BY_MANAGER, TODAY), NO, HR, TODAY)
    assert after.assessment == Assessment(AssessmentOutcome.REJECTED, None, "HR", TODAY)


@pytest.mark.parametrize("sender", [pytest.param(BY_MANAGER, id="manager"), pytest.param(HR, id="hr-on-behalf")])
def test_evaluation(sender: Sender) -> None:
    after = take_in(ASKED_FOR_EVALUATION, GOES_ON, sender, TODAY)
    expected = evaluation(
        1,
        chase(),
        outcome=EvaluationOutcome.CONTINUE,
        note="Går fint",
        given_by=sender.employee_number,
        given_on=TODAY,
    )
    assert after.evaluations == (expected,)


@pytest.mark.parametrize(
    ("case", "sender"),
    [
        pytest.param(active(), BY_EMPLOYEE, id="employee"),
        pytest.param(active(), BY_MANAGER, id="manager"),
        pytest.param(active(), HR, id="hr"),
        pytest.param(active(termination=termination(MONDAY + days(9))), BY_MANAGER, id="another-day-than-before"),
        pytest.param(collecting(), BY_EMPLOYEE, id="withdrawal"),
    ],
)
def test_termination(case: Case, sender: Sender) -> None:
    after = take_in(case, STOP, sender, TODAY)
    assert after == structs.replace(case, termination=Termination(STOP.last_day, sender.employee_number))


IN_FORCE = active()


def check(
    asked_for: Application | None = None,
    *,
    employed_through: date | None = None,
    open_case: Case | None = None,
    renewal_from: date = TODAY,
) -> None:
    check_application(
        asked_for or application(),
        TODAY,
        employed_through=employed_through,
        open_case=open_case,
        renewal_from=renewal_from,
    )


@pytest.mark.parametrize(
    "days_per_week",
    [
        pytest.param(0.0, id="none"),
        pytest.param(-1.0, id="fewer"),
        pytest.param(7.5, id="more"),
        pytest.param(nan, id="nan"),
    ],
)
def test_an_application_for_days_that_no_week_has(days_per_week: float) -> None:
    with pytest.raises(SetAsideError, match=r"^Søknaden må ha mellom én halv og sju dager hjemme per uke\.$"):
        check(application(days_per_week=days_per_week))


@pytest.mark.parametrize(
    ("asked_for", "circumstances", "sentence"),
    [
        pytest.param(
            application(end_on=MONDAY + days(29)), {}, "Søknaden slutter før den begynner.", id="ends-before-it-begins"
        ),
        pytest.param(
            None, {"employed_through": TODAY - days(1)}, "Den som søker, er ikke lenger ansatt.", id="has-left"
        ),
        pytest.param(
            None,
            {"open_case": collecting()},
            "Den som søker, har allerede en åpen sak: HK-2026-00042.",
            id="another-application",
        ),
        pytest.param(
            None,
            {"open_case": IN_FORCE, "renewal_from": TODAY + days(1)},
            "Den som søker, har allerede en avtale som gjelder: HK-2026-00042.",
            id="renewal-too-early",
        ),
        pytest.param(
            None,
            {"open_case": structs.replace(IN_FORCE, renewed_by="HK-2027-00007")},
            "Den som søker, har allerede en avtale som gjelder: HK-2026-00042.",
            id="renewed-already",
        ),
    ],
)
def test_an_application_that_cannot_become_a_case(
    asked_for: Application | None, circumstances: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SetAsideError) as refusal:
        check(asked_for, **circumstances)  # type: ignore[arg-type] # a table of keyword arguments
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("asked_for", "circumstances"),
    [
        pytest.param(None, {}, id="ordinary"),
        pytest.param(application(end_on=MONDAY + days(30)), {}, id="a-single-day"),
        pytest.param(application(days_per_week=7.0), {}, id="the-whole-week"),
        pytest.param(None, {"employed_through": TODAY}, id="last-day-of-employment"),
        pytest.param(None, {"open_case": IN_FORCE, "renewal_from": TODAY}, id="renewal"),
    ],
)
def test_an_application_that_can_become_a_case(asked_for: Application | None, circumstances: dict[str, object]) -> None:
    check(asked_for, **circumstances)  # type: ignore[arg-type] # a table of keyword arguments


def test_a_last_day_that_is_over_becomes_today() -> None:
    after = take_in(active(), TerminationGiven(MONDAY - days(400)), BY_EMPLOYEE, TODAY)
    assert after.termination == Termination(TODAY, EMPLOYEE)


@pytest.mark.parametrize(("sender", "last_day"), [(BY_EMPLOYEE, TODAY + days(7)), (BY_MANAGER, TODAY + days(14))])
def test_a_termination_keeps_the_notice_of_whoever_gives_it(sender: Sender, last_day: date) -> None:
    notice = TerminationRules(employee_notice_days=7, manager_notice_days=14)
    after = take_in(active(), TerminationGiven(TODAY), sender, TODAY, notice)
    assert after.termination == Termination(last_day, sender.employee_number)


def test_what_is_imposed_is_ended_by_hr_only() -> None:
    sent_home = imposed(state=State.ACTIVE)
    with pytest.raises(SetAsideError, match="Pålagt hjemmekontor kan ikke sies opp"):
        take_in(sent_home, TerminationGiven(TODAY), BY_EMPLOYEE, TODAY)
    assert take_in(sent_home, TerminationGiven(TODAY), HR, TODAY).termination is not None


def test_a_tick_that_is_taken_away_accepts_nothing_any_more() -> None:
    accepted = take_in(collecting(), ANSWERS, BY_EMPLOYEE, TODAY)
    assert RequirementKind.SIGNED_AGREEMENT not in accepted.missing
    taken_back = take_in(accepted, replace(ANSWERS, accepts_agreement=False), BY_EMPLOYEE, TODAY)
    assert RequirementKind.SIGNED_AGREEMENT in taken_back.missing


@pytest.mark.parametrize("accepts", [True, False])
def test_a_signed_paper_outweighs_the_tick(accepts: bool) -> None:  # noqa: FBT001 - given by pytest
    signed = take_in(collecting(), FileReceived(RequirementKind.SIGNED_AGREEMENT, PHOTO_HASH), BY_EMPLOYEE, TODAY)
    after = take_in(signed, replace(ANSWERS, accepts_agreement=accepts), BY_EMPLOYEE, TODAY + days(1))
    assert after.requirement(RequirementKind.SIGNED_AGREEMENT) == signed.requirement(RequirementKind.SIGNED_AGREEMENT)


def test_an_application_may_be_changed_until_a_rule_has_looked_at_it() -> None:
    wanted = application(days_per_week=3.0)
    assert change_application(received(), wanted, EMPLOYEE).application == wanted
    with pytest.raises(SetAsideError, match="endret etter at den ble behandlet i sak"):
        change_application(collecting(), wanted, EMPLOYEE)
    with pytest.raises(SetAsideError, match="endret av en annen enn den som søkte"):
        change_application(received(), wanted, STRANGER)


@pytest.mark.parametrize(
    ("agreed", "days_before", "proposed", "days_after", "weekdays"),
    [
        pytest.param("tirsdag, torsdag", 2.0, "mandag", 1.0, "mandag", id="named"),
        pytest.param("tirsdag, torsdag", 2.0, None, 1.5, "tirsdag, torsdag", id="as-many-days-are-needed"),
        pytest.param("torsdag, tirsdag, onsdag", 3.0, None, 1.0, None, id="too-many-to-choose-from"),
        pytest.param("fredag", 1.0, None, 2.0, None, id="too-few"),
        pytest.param("avtales uke for uke", 1.0, None, 2.0, "avtales uke for uke", id="no-days-named"),
        pytest.param(None, 1.0, None, 2.0, None, id="none-agreed"),
    ],
)
def test_weekdays_that_a_proposal_does_not_name_stay_if_they_fit(
    agreed: str | None, days_before: float, proposed: str | None, days_after: float, weekdays: str | None
) -> None:
    case = active(application=application(weekdays=agreed, days_per_week=days_before))
    after = take_in(case, ChangeProposed(days_after, proposed, TODAY), BY_EMPLOYEE, TODAY)
    assert after.newest_change is not None
    assert after.newest_change.weekdays == weekdays


def test_a_proposal_that_names_nothing_new_changes_nothing() -> None:
    case = active(application=application(weekdays="tirsdag", days_per_week=1.0))
    with pytest.raises(SetAsideError, match="sier det samme"):
        take_in(case, ChangeProposed(1.0, None, TODAY), BY_EMPLOYEE, TODAY)
