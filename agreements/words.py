"""What rules and states are called by people: the Norwegian words of reports, and what all texts say alike."""

from collections.abc import Mapping
from datetime import date

from agreements.case import Application, State
from agreements.documents import Language
from agreements.weekdays import WEEKDAYS, listed, shown_weekdays

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
    "application.registered": "søknad registrert av HR",
    "application.withdrawn": "søknad trukket",
    "assessment.approved": "godkjent av leder",
    "assessment.ask": "leder bedt om vurdering",
    "assessment.rejected": "avslått av leder",
    "assessment.reminder": "purret på leders vurdering",
    "change.agreed": "endring avtalt",
    "change.ask": "bedt om svar på endring",
    "change.attendance-day": "endring avvist (dager med felles oppmøte)",
    "change.declined": "endring avslått",
    "change.in-force": "endring i kraft, ny versjon av avtalen",
    "change.lapsed": "endring falt bort uten svar",
    "change.reminder": "purret på svar på endring",
    "change.too-many-days": "endring avvist (for mange dager)",
    "change.withdrawn": "endring trukket",
    "documentation.ask": "bedt om dokumentasjon",
    "documentation.ask-again": "bedt om dokumentasjon på nytt",
    "documentation.lapsed": "falt bort uten dokumentasjon",
    "documentation.reminder": "purret på dokumentasjon",
    "employment.ended": "avsluttet fordi den ansatte har sluttet",
    "evaluation.ask": "leder bedt om evaluering",
    "evaluation.recorded": "evaluering registrert",
    "evaluation.reminder": "purret på evaluering",
    "expiry.notice": "varslet om utløp",
    "expiry.period-over": "avtale utløpt",
    "expiry.renewed": "avtale avløst av ny avtale",
    "fact.Aksept": "svar på avtale eller endring mottatt",
    "fact.Endringer": "forslag om endring mottatt",
    "fact.Evalueringer": "evaluering mottatt",
    "fact.Hjemmekontor": "fil mottatt",
    "fact.Oppsigelser": "oppsigelse mottatt",
    "fact.Svar": "svar om arbeidsplassen mottatt",
    "fact.Vurderinger": "vurdering mottatt",
    "filing.prepare": "avtale klar for arkivet",
    "filing.verified": "avtale arkivert og i kraft",
    "hold.begun": "satt på pause av HR",
    "hold.lifted": "pause opphevet av HR",
    "hold.over": "pausen er over",
    "hold.set": "pause registrert av HR",
    "hr.last-day": "siste arbeidsdag meldt eller endret av HR-systemet",
    "hr.leave": "permisjon meldt eller endret av HR-systemet",
    "hr.manager": "leder endret i HR-systemet",
    "hr.unit": "enhet endret i HR-systemet",
    "imposed.also": "informert om pålagt hjemmekontor ved siden av avtalen",
    "imposed.informed": "informert om pålagt hjemmekontor",
    "imposed.period-over": "pålagt hjemmekontor opphørt",
    "imposed.shortened": "pålagt hjemmekontor forkortet",
    "leave.begun": "satt på vent (permisjon)",
    "leave.over": "tatt opp igjen etter permisjon eller pause",
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

DIFFERENCES = {
    "gone": "ville sluttet (savnet to ganger)",
    "ending": "ville sluttet (siste dag fra HR)",
    "led_anew": "får ny leder",
    "new": "nye",
    "changed": "endret",
    "absent": "savnet første gang",
}
"""What a sync would do to people, by the kinds of a held difference, those first who would lose the most.

Whoever gets a last day or another manager is among the changed as well. What an earlier version held lacks those kinds.
"""
DAYS: Mapping[Language, tuple[str, str]] = {"nb": ("dag", "dager"), "nn": ("dag", "dagar")}


THE_DAYS: Mapping[Language, tuple[str, str, str]] = {
    "nb": ("den halve dagen", "den ene dagen", "de {days} dagene"),
    "nn": ("den halve dagen", "den eine dagen", "dei {days} dagane"),
}
"""Half a day, one, and any other number."""


def rule_in_words(rule: str) -> str:
    """A rule as reports count it: `documentation.reminder.2` is a reminder, whichever number it has."""
    kind = rule.rstrip(".0123456789")
    return RULES.get(kind, kind)


MONTHS = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)
"""The same in bokmål and nynorsk."""
WEEKDAYS_OPEN: Mapping[Language, str] = {
    "nb": "ukedagene avtales med nærmeste leder",
    "nn": "vekedagane blir avtalte med næraste leiar",
}
WITHOUT_END: Mapping[Language, str] = {"nb": "uten oppgitt sluttdato", "nn": "utan oppgjeven sluttdato"}
EXTENT: Mapping[Language, str] = {
    "nb": "{days} i uken{weekdays} fra {start}",
    "nn": "{days} i veka{weekdays} frå {start}",
}


def date_in_words(day: date) -> str:
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def extent_in_words(days: float, weekdays: str | None, start_on: date, language: Language) -> str:
    """How much home office from when: `3 dager i uken (mandag, onsdag og fredag) fra 1. mars 2027`.

    Where no weekdays are named, it says who is to agree on them, unless it is every day.
    """
    named = listed(shown_weekdays(weekdays, language)) or (WEEKDAYS_OPEN[language] if days < len(WEEKDAYS) else "")
    named = f" ({named})" if named else ""
    return EXTENT[language].format(days=days_in_words(days, language), weekdays=named, start=date_in_words(start_on))


def application_in_words(application: Application, language: Language) -> str:
    """What is applied for, with its last day: `2 dager i uken (tirsdag) fra 1. mars 2027 til og med 1. mai 2027`."""
    extent = extent_in_words(application.days_per_week, application.weekdays, application.start_on, language)
    if application.end_on is None:
        return f"{extent}, {WITHOUT_END[language]}"
    return f"{extent} til og med {date_in_words(application.end_on)}"


def days_in_words(days: float, language: Language) -> str:
    """Days a week as people write them: `1 dag`, `2 dager` or `2 dagar`, `0,5 dager`."""
    one, many = DAYS[language]
    return f"1 {one}" if days == 1 else f"{days:g} {many}".replace(".", ",")


def the_days_in_words(days: float, language: Language) -> str:
    """Known days a week as people write them: `den ene dagen`, `de 2,5 dagene` or `dei 2,5 dagane`."""
    half, one, many = THE_DAYS[language]
    return {0.5: half, 1.0: one}.get(days) or many.format(days=f"{days:g}".replace(".", ","))
