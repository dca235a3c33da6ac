"""Reports over the scheme to render: an ordinary one, one with hardly anybody, and one whose names would do harm."""

from datetime import date
from random import Random
from typing import get_args

import msgspec

from agreements.case import EndReason, EvaluationOutcome, State
from agreements.documents import Language, ReportDocument
from agreements.policy import Policy
from agreements.scheme import GivenEvaluation, Period, SchemeCase, scheme_report
from agreements.scheme_paper import report_document
from config.policy_files import load_policy

PERIOD = Period(date(2026, 1, 1), date(2026, 7, 1))
UNITS = {
    "O-1": "Plan og byggesak",
    "O-2": "Økonomi og anskaffelser",
    "O-3": "IKT og digitalisering",
    "O-4": "Barnevern",
    "O-5": "Kommunikasjon",
    "O-6": "Lønn og personal",
    "O-7": "Landbruk og miljø",
    "O-8": "Kultur og fritid",
}
MARKUP = '#read("agreement.py") *b* $x^2$ <b>&amp;</b> \\ @ref `raw` #panic() "]] // /* {{ x }}'
HOSTILE_UNITS = {
    "O-1": "W" * 200,
    "O-2": MARKUP,
    "O-3": "עמר דוד · \u202egnp.exe · عمر · 王 · 👩🏽‍💻 \x00\ud800\ufeff",
    "O-4": " ".join(["Ytre"] * 50),
    "O-5": "",
    "O-6": '=HYPERLINK("http://ond.example";"Klikk")',
    "O-7": 'Drift;og\nvei "sør"',
}


def rules(language: Language = "nb", unit_average: float | None = 2.0) -> Policy:
    shipped = load_policy({"nb": "oslo", "nn": "midt-telemark"}[language])
    limits = msgspec.structs.replace(shipped.limits, unit_average_days_per_week=unit_average)
    return msgspec.structs.replace(shipped, limits=limits)


def town(number: int, policy: Policy, units: int = 8) -> list[SchemeCase]:
    """So many people with a case each; the same ones every time."""
    chance = Random(7)  # noqa: S311 - no secret
    return [_person(ordinal, chance, policy, units) for ordinal in range(number)]


def _person(ordinal: int, chance: Random, policy: Policy, units: int) -> SchemeCase:
    granted = chance.random() < 0.8
    ended = chance.random() < (0.1 if granted else 0.7)
    reasons = [EndReason.EXPIRED, EndReason.RENEWED, EndReason.TERMINATED, EndReason.LEFT]
    refusals = [EndReason.REJECTED, EndReason.LAPSED, EndReason.WITHDRAWN]
    columns = [question.column for question in policy.evaluation.questions]
    scores = tuple((column, chance.choices(range(1, 6), (1, 4, 15, 50, 30))[0]) for column in columns)
    outcome = chance.choices(list(EvaluationOutcome), (80, 15, 5))[0]
    return SchemeCase(
        employee_number=f"{ordinal:05d}",
        unit_id=f"O-{min(units, int(abs(chance.gauss(0, units / 2))) + 1)}",
        days_per_week=chance.choices((1.0, 1.5, 2.0, 3.0, 5.0), (35, 3, 40, 20, 2))[0],
        state=State.ACTIVE,
        applied_on=date(2026, chance.randint(1, 6), 5),
        granted_on=date(2026, 2, 1) if granted else None,
        in_force_on=date(2026, 2, 3) if granted else None,
        ended_on=date(2026, 6, 20) if ended else None,
        end_reason=None if not ended else chance.choice(reasons if granted else refusals),
        evaluations=(GivenEvaluation(date(2026, 6, 1), outcome, scores),) if granted else (),
    )


def ordinary(language: Language = "nb", number: int = 160, unit_average: float | None = 2.0) -> ReportDocument:
    policy = rules(language, unit_average)
    return report_document(scheme_report(town(number, policy), policy, PERIOD), policy, UNITS)


def hostile(language: Language = "nb") -> ReportDocument:
    shipped = rules(language)
    questions = tuple(
        msgspec.structs.replace(question, text=f"{MARKUP} {HOSTILE_UNITS['O-3']}")
        for question in shipped.evaluation.questions
    )
    evaluation = msgspec.structs.replace(shipped.evaluation, questions=questions)
    policy = msgspec.structs.replace(shipped, evaluation=evaluation, municipality=MARKUP)
    return report_document(scheme_report(town(300, policy), policy, PERIOD), policy, HOSTILE_UNITS)


def large() -> ReportDocument:
    """More units than a plot can show."""
    policy = rules()
    names = {f"O-{number}": f"Oppvekstsenter nummer {number}" for number in range(1, 81)}
    return report_document(scheme_report(town(3000, policy, units=80), policy, PERIOD), policy, names)


LANGUAGES: tuple[Language, ...] = get_args(Language)
