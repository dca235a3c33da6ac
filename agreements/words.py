"""What rules and states are called by people: the Norwegian words of reports, and what all texts say alike."""

from collections.abc import Mapping

from agreements.case import State
from agreements.documents import Language

STATES = {
    State.RECEIVED: "mottatt",
    State.NO_AGREEMENT_NEEDED: "trenger ingen avtale",
    State.SPECIAL_ASSESSMENT: "til særskilt vurdering",
    State.COLLECTING: "venter på dokumentasjon",
    State.IN_ASSESSMENT: "til vurdering hos leder",
    State.APPROVED: "godkjent, skal arkiveres",
    State.ACTIVE: "gjelder",
    State.ENDED: "avsluttet",
}
RULES = {
    "abroad.refused": "avvist (utlandet)",
    "abroad.special-assessment": "sendt til særskilt vurdering (utlandet)",
    "application.changed": "søknad endret",
    "application.withdrawn": "søknad trukket",
    "assessment.approved": "godkjent av leder",
    "assessment.ask": "leder bedt om vurdering",
    "assessment.rejected": "avslått av leder",
    "assessment.reminder": "purret på leders vurdering",
    "documentation.ask": "bedt om dokumentasjon",
    "documentation.lapsed": "falt bort uten dokumentasjon",
    "documentation.reminder": "purret på dokumentasjon",
    "employment.ended": "avsluttet fordi den ansatte har sluttet",
    "evaluation.ask": "leder bedt om evaluering",
    "evaluation.recorded": "evaluering registrert",
    "evaluation.reminder": "purret på evaluering",
    "expiry.notice": "varslet om utløp",
    "expiry.period-over": "avtale utløpt",
    "expiry.renewed": "avtale avløst av ny avtale",
    "fact.Evalueringer": "evaluering mottatt",
    "fact.Hjemmekontor": "fil mottatt",
    "fact.Oppsigelser": "oppsigelse mottatt",
    "fact.Svar": "svar om arbeidsplassen mottatt",
    "fact.Vurderinger": "vurdering mottatt",
    "filing.prepare": "avtale klar for arkivet",
    "filing.verified": "avtale arkivert og i kraft",
    "hr.last-day": "siste arbeidsdag meldt eller endret av HR-systemet",
    "hr.leave": "permisjon meldt eller endret av HR-systemet",
    "hr.manager": "leder endret i HR-systemet",
    "hr.unit": "enhet endret i HR-systemet",
    "imposed.informed": "informert om pålagt hjemmekontor",
    "imposed.period-over": "pålagt hjemmekontor opphørt",
    "leave.begun": "satt på vent (permisjon)",
    "leave.over": "tatt opp igjen etter permisjon",
    "limits.attendance-day": "avvist (dager med felles oppmøte)",
    "limits.too-many-days": "avvist (for mange dager)",
    "manager.changed": "overført til ny leder",
    "period.already-over": "avvist (perioden er over)",
    "special-assessment.approved": "særskilt vurdering: godkjent",
    "special-assessment.rejected": "særskilt vurdering: avslått",
    "special-assessment.reminder": "purret på særskilt vurdering",
    "termination.last-day-over": "avtale sagt opp og avsluttet",
    "unit.moved": "flyttet til annen enhet",
    "upload.refused": "fil avvist",
    "§1-elsewhere-than-home": "trenger ingen avtale (annet sted enn hjemme)",
    "§1-short-term": "trenger ingen avtale (kortvarig)",
    "§1-sporadic": "trenger ingen avtale (sporadisk)",
}

DAYS: Mapping[Language, tuple[str, str]] = {"nb": ("dag", "dager"), "nn": ("dag", "dagar")}


def rule_in_words(rule: str) -> str:
    """A rule as reports count it: `documentation.reminder.2` is a reminder, whichever number it has."""
    kind = rule.rstrip(".0123456789")
    return RULES.get(kind, kind)


def days_in_words(days: float, language: Language) -> str:
    """Days a week as people write them: `1 dag`, `2 dager` or `2 dagar`, `0,5 dager`."""
    one, many = DAYS[language]
    return f"1 {one}" if days == 1 else f"{days:g} {many}".replace(".", ",")
