"""What people filled in, as SharePoint gives it: read into facts, or set aside with a sentence."""

from datetime import date
from typing import Any

import pytest

from agreements.case import Application, AssessmentOutcome, EvaluationOutcome, Place
from agreements.documents import EquipmentItem, EquipmentSource
from agreements.intake import AnswersGiven, AssessmentGiven, EvaluationGiven, Fact, SetAsideError, TerminationGiven
from config.sharepoint import ANSWERS, APPLICATIONS, ASSESSMENTS, EVALUATIONS, TERMINATIONS, ListDefinition, lists_of
from integrations.forms import (
    ASSESSMENT_OUTCOMES,
    EVALUATION_OUTCOMES,
    PLACES,
    case_number_of,
    read_application,
    read_fact,
)
from tests.agreements.factories import shipped_policy

APPLICATION: dict[str, Any] = {
    "DagerPerUke": 2,
    "Ukedager": "Tirsdag, Torsdag",
    "FraDato": "2026-04-01",
    "TilDato": "2026-12-24",
    "Sted": "Hjemme",
}
REPLIES = {"Erfaring": "Gode", "Lys": "Vindu", "Stoy": "Stille", "Pauser": "Tur", "GodtarAvtalen": True}


def choices_of(definition: ListDefinition, name: str) -> set[str]:
    return next(set(column.choices) for column in definition.columns if column.name == name)


def test_application() -> None:
    assert read_application(APPLICATION) == Application(
        2.0, "Tirsdag, Torsdag", date(2026, 4, 1), date(2026, 12, 24), Place.HOME
    )


def test_application_with_what_may_be_left_out() -> None:
    fields = {name: value for name, value in APPLICATION.items() if name not in {"Ukedager", "TilDato"}}
    assert read_application(fields) == Application(2.0, None, date(2026, 4, 1), None, Place.HOME)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        pytest.param("DagerPerUke", None, "Feltet DagerPerUke er ikke et tall.", id="no-days"),
        pytest.param("DagerPerUke", "to", "Feltet DagerPerUke er ikke et tall.", id="days-in-words"),
        pytest.param("DagerPerUke", True, "Feltet DagerPerUke er ikke et tall.", id="days-ticked-off"),
        pytest.param("FraDato", None, "Feltet FraDato er ikke fylt ut.", id="no-start"),
        pytest.param("FraDato", "1. april", "Feltet FraDato er ikke en dato.", id="start-in-words"),
        pytest.param("FraDato", "2026-02-30", "Feltet FraDato er ikke en dato.", id="30-february"),
        pytest.param("FraDato", 46113, "Feltet FraDato er ikke en dato.", id="start-as-a-number"),
        pytest.param(
            "FraDato", "0026-04-01T00:00:00Z", "Feltet FraDato har et årstall som ikke kan stemme.", id="year-26"
        ),
        pytest.param(
            "TilDato", "8900-12-31T00:00:00Z", "Feltet TilDato har et årstall som ikke kan stemme.", id="year-8900"
        ),
        pytest.param(
            "TilDato", "9999-12-31", "Feltet TilDato har et årstall som ikke kan stemme.", id="end-of-the-calendar"
        ),
        pytest.param(
            "TilDato", "9999-12-31T23:30:00Z", "Feltet TilDato er ikke en dato.", id="beyond-the-end-of-the-calendar"
        ),
        pytest.param(
            "Sted", "Hytta", "Feltet Sted må være ett av: Hjemme, Annet sted i Norge, Utlandet.", id="unknown-place"
        ),
        pytest.param(
            "Sted", ["Hjemme"], "Feltet Sted må være ett av: Hjemme, Annet sted i Norge, Utlandet.", id="many-places"
        ),
        pytest.param("Sted", None, "Feltet Sted må være ett av: Hjemme, Annet sted i Norge, Utlandet.", id="no-place"),
    ],
)
def test_an_application_that_cannot_be_read(name: str, value: object, sentence: str) -> None:
    with pytest.raises(SetAsideError) as refusal:
        read_application({**APPLICATION, name: value})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("value", "day"),
    [
        pytest.param("2026-03-28T23:00:00Z", date(2026, 3, 29), id="the-night-summer-time-begins"),
        pytest.param("2026-03-29T22:00:00Z", date(2026, 3, 30), id="the-first-summer-midnight"),
        pytest.param("2026-10-24T22:00:00Z", date(2026, 10, 25), id="the-night-summer-time-ends"),
        pytest.param("2026-10-25T23:00:00Z", date(2026, 10, 26), id="the-first-winter-midnight"),
        pytest.param("2026-10-25T22:00:00Z", date(2026, 10, 25), id="an-hour-before-winter-midnight"),
        pytest.param("2026-07-01T00:00:00Z", date(2026, 7, 1), id="midnight-in-utc"),
        pytest.param("2026-12-31T23:00:00Z", date(2027, 1, 1), id="new-year"),
        pytest.param("2026-07-01T00:00:00+02:00", date(2026, 7, 1), id="midnight-in-oslo-said-so"),
        pytest.param("2026-06-30T22:00:00", date(2026, 7, 1), id="no-zone-is-utc"),
        pytest.param("2026-06-30T22:00:00.0000000Z", date(2026, 7, 1), id="seven-decimals"),
        pytest.param("2026-07-01", date(2026, 7, 1), id="a-plain-date"),
    ],
)
def test_a_day_is_the_one_in_oslo(value: str, day: date) -> None:
    assert read_fact(TERMINATIONS.name, {"SisteDag": value}, shipped_policy()) == TerminationGiven(day)


@pytest.mark.parametrize(
    ("definition", "fields", "fact"),
    [
        pytest.param(
            ANSWERS,
            REPLIES,
            AnswersGiven(
                (
                    ("Hvilke erfaringer har du med hjemmekontor?", "Gode"),
                    ("Hvordan er lyset (dagslys og annet)?", "Vindu"),
                    ("Hvordan er støyen, og får du konsentrert deg?", "Stille"),
                    ("Hvordan sikrer du pauser fra stillesittende arbeid?", "Tur"),
                ),
                accepts_agreement=True,
            ),
            id="answers",
        ),
        pytest.param(
            ASSESSMENTS,
            {"Resultat": "Godkjent", "Tiltak": "Ny lampe"},
            AssessmentGiven(AssessmentOutcome.APPROVED, "Ny lampe"),
            id="approved",
        ),
        pytest.param(
            ASSESSMENTS, {"Resultat": "Avslått"}, AssessmentGiven(AssessmentOutcome.REJECTED, None), id="rejected"
        ),
        pytest.param(
            EVALUATIONS,
            {
                "Resultat": "Justeres",
                "Merknad": "Færre dager",
                "Samarbeid": "1",
                "Tjenester": "5",
                "Maaloppnaaelse": None,
            },
            EvaluationGiven(EvaluationOutcome.ADJUST, "Færre dager", (("Tjenester", 5), ("Samarbeid", 1))),
            id="adjusted",
        ),
    ],
)
def test_facts(definition: ListDefinition, fields: dict[str, Any], fact: Fact) -> None:
    assert read_fact(definition.name, fields, shipped_policy()) == fact


@pytest.mark.parametrize("accepts", [False, None, "Ja", 1])
def test_only_a_tick_accepts_the_agreement(accepts: object) -> None:
    fact = read_fact(ANSWERS.name, {**REPLIES, "GodtarAvtalen": accepts}, shipped_policy())
    assert isinstance(fact, AnswersGiven)
    assert not fact.accepts_agreement


def test_an_answer_left_out_is_an_empty_one() -> None:
    """Intake asks for all of them, with one sentence; the form does not."""
    fact = read_fact(ANSWERS.name, {"Erfaring": "Gode", "Lys": "  "}, shipped_policy())
    assert isinstance(fact, AnswersGiven)
    assert [answer for _, answer in fact.answers] == ["Gode", "", "", ""]


@pytest.mark.parametrize(
    ("definition", "fields", "sentence"),
    [
        pytest.param(
            ASSESSMENTS,
            {"Resultat": "Kanskje"},
            "Feltet Resultat må være ett av: Godkjent, Avslått, Må suppleres.",
            id="assessment",
        ),
        pytest.param(
            EVALUATIONS, {}, "Feltet Resultat må være ett av: Fortsetter, Justeres, Avsluttes.", id="evaluation"
        ),
        pytest.param(
            EVALUATIONS,
            {"Resultat": "Fortsetter", "Samarbeid": "6"},
            "Feltet Samarbeid må være ett av: 1, 2, 3, 4, 5.",
            id="score",
        ),
        pytest.param(TERMINATIONS, {}, "Feltet SisteDag er ikke fylt ut.", id="termination"),
        pytest.param(
            TERMINATIONS,
            {"SisteDag": "9999-12-31"},
            "Feltet SisteDag har et årstall som ikke kan stemme.",
            id="a-last-day-that-has-no-day-after",
        ),
    ],
)
def test_facts_that_cannot_be_read(definition: ListDefinition, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SetAsideError) as refusal:
        read_fact(definition.name, fields, shipped_policy())
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("  Ny lampe \n", "Ny lampe", id="space-around"),
        pytest.param("Ny\u00a0lampe", "Ny lampe", id="space-that-does-not-break"),
        pytest.param("Lampe\r\nStol\rPult\u2028Skjerm", "Lampe\nStol\nPult\nSkjerm", id="line-breaks-of-all-kinds"),
        pytest.param("Lampe\n\nStol\tgrå", "Lampe\n\nStol\tgrå", id="paragraphs-and-tabs"),
        pytest.param("Ny\x00 la\x07mpe\u202e", "Ny lampe", id="control-signs"),
        pytest.param("<b>Ny</b> lampe & stol", "<b>Ny</b> lampe & stol", id="markup-is-text"),
        pytest.param("Čáhppes Ŋáŋŋa 👍", "Čáhppes Ŋáŋŋa 👍", id="other-scripts"),
        pytest.param("\x00 \u200b", None, id="nothing-to-see"),
        pytest.param(42, "42", id="a-number"),
    ],
)
def test_free_text_is_what_people_meant(written: object, read: str | None) -> None:
    fact = read_fact(ASSESSMENTS.name, {"Resultat": "Godkjent", "Tiltak": written}, shipped_policy())
    assert fact == AssessmentGiven(AssessmentOutcome.APPROVED, read)


@pytest.mark.parametrize("written", ["HK-2026-00042", " hk-2026-00042\n", "Hk-2026-00042\u00a0"])
def test_case_number(written: str) -> None:
    assert case_number_of({"Saksnummer": written}) == "HK-2026-00042"


@pytest.mark.parametrize("fields", [{}, {"Saksnummer": None}, {"Saksnummer": "  "}])
def test_no_case_number(fields: dict[str, Any]) -> None:
    with pytest.raises(SetAsideError, match=r"^Feltet Saksnummer er ikke fylt ut\.$"):
        case_number_of(fields)


def test_the_forms_offer_what_can_be_read() -> None:
    assert choices_of(APPLICATIONS, "Sted") == PLACES.keys()
    assert choices_of(ASSESSMENTS, "Resultat") == ASSESSMENT_OUTCOMES.keys()
    assert choices_of(EVALUATIONS, "Resultat") == EVALUATION_OUTCOMES.keys()
    [answers, assessments, evaluations] = lists_of(shipped_policy())[1:4]
    assert {column.name for column in answers.columns} >= {
        question.column for question in shipped_policy().employee_questions
    }
    assert {column.name for column in assessments.columns} >= {
        question.column for question in shipped_policy().manager_questions
    }
    scored = [column for column in evaluations.columns if column.choices == ("1", "2", "3", "4", "5")]
    assert [column.name for column in scored] == ["Maaloppnaaelse", "Tjenester", "Samarbeid"]
    assert scored[2].title == "Samarbeidet med kollegaene fungerer godt. (1 = helt uenig, 5 = helt enig)"


@pytest.mark.parametrize(
    ("definition", "column", "choice", "same_as"),
    [
        (APPLICATIONS, "Sted", "Annan stad i Noreg", "Annet sted i Norge"),
        (ASSESSMENTS, "Resultat", "Godkjend", "Godkjent"),
        (EVALUATIONS, "Resultat", "Blir avslutta", "Avsluttes"),
    ],
)
def test_a_choice_in_nynorsk_means_the_same(definition: ListDefinition, column: str, choice: str, same_as: str) -> None:
    assert choice in choices_of(definition.spoken("nn"), column)

    def read(chosen: str) -> object:
        fields = {**APPLICATION, column: chosen}
        if definition is APPLICATIONS:
            return read_application(fields)
        return read_fact(definition.name, fields, shipped_policy())

    assert read(choice) == read(same_as)


def test_equipment_in_nynorsk() -> None:
    fields = {**REPLIES, "Utstyr1": "Har sjølv", "Utstyr2": "Låner av arbeidsgivaren", "Utstyr3": "Har ikkje"}
    fact = read_fact(ANSWERS.name, fields, shipped_policy())
    assert isinstance(fact, AnswersGiven)
    assert [item.source for item in fact.equipment] == [EquipmentSource.OWN, EquipmentSource.LENT]


def test_equipment_is_the_employees_own_or_lent() -> None:
    fields = {**REPLIES, "Utstyr1": "Har selv", "Utstyr2": "Låner av arbeidsgiver", "Utstyr3": "Har ikke", "Utstyr4": 7}
    fact = read_fact(ANSWERS.name, {**fields, "LantUtstyr": "Lampe\n\n Fotskammel "}, shipped_policy())
    assert isinstance(fact, AnswersGiven)
    assert fact.equipment == (
        EquipmentItem("Kontorpult", EquipmentSource.OWN),
        EquipmentItem("Kontorstol", EquipmentSource.LENT),
        EquipmentItem("Lampe", EquipmentSource.LENT),
        EquipmentItem("Fotskammel", EquipmentSource.LENT),
    )


def test_the_managers_answers_come_with_the_assessment() -> None:
    fact = read_fact(ASSESSMENTS.name, {"Resultat": "Godkjent", "Oppgaver": "Ja, det meste."}, shipped_policy())
    assert isinstance(fact, AssessmentGiven)
    [question] = [each.text for each in shipped_policy().manager_questions if each.column == "Oppgaver"]
    assert fact.answers == ((question, "Ja, det meste."),)
