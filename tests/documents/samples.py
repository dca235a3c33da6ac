"""Documents and photos for the tests and the benchmark, made here rather than kept as files."""

import io
from datetime import UTC, date, datetime

from PIL import Image

from agreements.documents import (
    AgreementDocument,
    Answer,
    Clause,
    Confirmation,
    EquipmentItem,
    EquipmentSource,
    Language,
    RecordDocument,
    Term,
)

CASE_NUMBER = "2025-00042"
SHA256 = "0123456789abcdef" * 4
CLAUSES = (
    Clause("a", "Omfang", "Arbeidstakeren kan arbeide hjemme inntil to faste dager i uka."),
    Clause("b", "Arbeidstid", "Ordinær arbeidstid og fleksitidsordningen gjelder."),
    Clause("c", "Tilgjengelighet", "Arbeidstakeren er tilgjengelig på telefon i kjernetiden."),
    Clause("d", "Varighet", "Avtalen gjelder for ett år om gangen og kan fornyes."),
    Clause("e", "Endring og oppsigelse", "Begge parter kan si opp avtalen.\nLederen kan si den opp straks."),
    Clause("f", "Prøvetid", "Det er ikke avtalt prøvetid."),
    Clause("g", "Utstyr", "Utlånt utstyr leveres tilbake når avtalen tar slutt."),
    Clause("h", "Taushetsplikt", "Taushetsplikten gjelder også hjemme."),
    Clause("", "Forsikring", "Kommunens forsikringer gjelder også på hjemmekontoret."),
)
ANSWERS = (
    Answer("Hvilke erfaringer har du med hjemmekontor?", "Gode, jeg har jobbet hjemme siden 2021."),
    Answer("Hvordan er lyset (dagslys og annet)?", "Vindu mot nord og en lampe."),
    Answer("Hvordan er støyen, og får du konsentrert deg?", "Stille på dagtid."),
    Answer("Hvordan sikrer du pauser fra stillesittende arbeid?", "Tur hver lunsj."),
)
EQUIPMENT = (
    EquipmentItem("Skjerm 27 tommer", EquipmentSource.LENT),
    EquipmentItem("Justerbar stol", EquipmentSource.OWN),
)
CONFIRMATIONS = (
    Confirmation("Kari Nordmann", "Arbeidstaker", datetime(2025, 9, 2, 8, 5, tzinfo=UTC), "Svar i listen", SHA256),
    Confirmation("Ola Hansen", "Nærmeste leder", datetime(2025, 12, 2, 8, 5, tzinfo=UTC), "Vurdering i listen"),
)


def full_agreement(language: Language = "nb", *, employee_name: str = "Kari Nordmann") -> AgreementDocument:
    return AgreementDocument(
        language=language,
        case_number=CASE_NUMBER,
        version=1,
        dated_on=date(2025, 9, 3),
        municipality="Midt-Telemark kommune",
        employee_name=employee_name,
        employee_number="004711",
        unit_name="Plan og byggesak",
        manager_name="Ola Hansen",
        start_on=date(2025, 10, 1),
        end_on=date(2026, 9, 30),
        days_per_week=1.5,
        weekdays=("tirsdag", "torsdag"),
        clauses=CLAUSES,
        answers=ANSWERS,
        measures="Hev-senk-pult lånes ut.\nNy lampe innen november.",
        equipment=EQUIPMENT,
        confirmations=CONFIRMATIONS,
    )


def bare_draft(language: Language = "nb") -> AgreementDocument:
    """A draft with everything empty that may be."""
    return AgreementDocument(
        language=language,
        case_number=CASE_NUMBER,
        version=1,
        dated_on=date(2025, 8, 20),
        municipality="Midt-Telemark kommune",
        employee_name="Kari Nordmann",
        employee_number="004711",
        unit_name=None,
        manager_name=None,
        start_on=date(2025, 10, 1),
        end_on=None,
        days_per_week=2.0,
        is_draft=True,
    )


def hostile_agreement() -> AgreementDocument:
    """Every text says something that would do harm if it were markup, or that no font can show."""
    markup = '#read("agreement.py") *b* $x^2$ <b>&amp;</b> \\ @ref `raw` #panic() "]] // /* {{ x }}'
    scripts = (
        "Čáhppes Ŋáŋŋa Đorđi · عمر · דוד · 王 · हिन्दी · 👩🏽‍💻😀 · \u202egnp.exe \u0000\ud800\ufeff\ue000 ½ﬁ𝐁 e\u0301"
    )
    endless = "x" * 100_000
    return AgreementDocument(
        language="nb",
        case_number=markup,
        version=-1,
        dated_on=date(1899, 1, 1),
        municipality=scripts,
        employee_name=markup,
        employee_number=scripts,
        unit_name="W" * 200,
        manager_name=" ".join(["Ytre"] * 50),
        start_on=date(2025, 10, 1),
        end_on=date(9999, 12, 31),
        days_per_week=0.3333333,
        weekdays=(markup, scripts, ""),
        clauses=(Clause(markup, scripts, markup), Clause("", "", ""), Clause("a", "A" * 300, endless)),
        answers=(Answer(scripts, markup), Answer("", ""), Answer("w?", "ord og " * 14_000)),
        measures="\n\r\n\u2028 linje\u2028\x0b\t" + scripts,
        equipment=tuple(EquipmentItem(f"{markup} {number}", EquipmentSource.LENT) for number in range(40)),
        confirmations=(Confirmation(scripts, markup, datetime(2025, 3, 30, 1, 30, tzinfo=UTC), scripts, markup),),
        is_draft=True,
    )


def evaluation_record(language: Language = "nb") -> RecordDocument:
    return RecordDocument(
        language=language,
        case_number=CASE_NUMBER,
        dated_on=date(2026, 4, 1),
        municipality="Midt-Telemark kommune",
        title="Evaluering av hjemmekontor",
        terms=(Term("Arbeidstaker", "Kari Nordmann"), Term("Utfall", "Fortsetter")),
        paragraphs=("Ordningen fungerer godt.\nLyset ses på igjen til høsten.",),
    )


def picture(width: int = 80, height: int = 60) -> Image.Image:
    """Left half red, right half blue: which way it is turned can be seen."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    encoded = io.BytesIO()
    (image or picture()).save(encoded, "JPEG", quality=95, **options)
    return encoded.getvalue()


def png(image: Image.Image | None = None, **options: object) -> bytes:
    encoded = io.BytesIO()
    (image or picture()).save(encoded, "PNG", **options)
    return encoded.getvalue()
