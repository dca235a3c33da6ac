"""Troms fylkeskommune's guideline (1.2.2.5.0), a row for each of its rules."""

from agreements.actions import Notice, Role
from agreements.case import Place, State
from agreements.decide import decide
from agreements.intake import AnswersGiven, Sender, take_in
from agreements.policy import MUST_BE_AGREED, Policy
from tests.agreements.document_rows import (
    YEAR_OVER,
    DocumentRow,
    asked_of_manager,
    clause,
    key,
    last_day_when_terminated,
    lent_or_own,
    letters,
    normal_life,
    question,
    said_no,
    sorted_as,
)
from tests.agreements.factories import EMPLOYEE, MANAGER, MONDAY, application, days, received

PRIORITIES = ("Arbeidsgiver", "Fellesskapet", "Oppgaven", "DenEnkelte")


def _accepted_in_the_form(policy: Policy) -> object:
    asked = decide(received(), policy, MONDAY)[-1].after
    given = take_in(asked, AnswersGiven((), accepts_agreement=True), Sender(EMPLOYEE), MONDAY)
    return asked.missing, given.missing


def _last_day_when_none_is_asked_for(policy: Policy) -> object:
    return normal_life(policy, application(start_on=MONDAY)).case.end_on


def _notices_for_a_short_period(policy: Policy) -> object:
    return decide(received(application(end_on=MONDAY + days(36))), policy, MONDAY)[0].notices


TROMS_ROWS = (
    clause("work part of the position from home", "a", "deler av stillingen hjemmefra"),
    sorted_as(
        "work part of the position from home",
        "limits.absolute_days_per_week",
        "limits.too-many-days",
        days_per_week=5.0,
    ),
    sorted_as(
        "work part of the position from home",
        "rule §1-elsewhere-than-home",
        "§1-elsewhere-than-home",
        place=Place.ELSEWHERE_IN_NORWAY,
    ),
    key("needs a written supplementary agreement", "requirements", ("signed_agreement",)),
    DocumentRow(
        "needs a written supplementary agreement",
        "requirements: signed_agreement",
        _accepted_in_the_form,
        (("signed_agreement",), ()),
    ),
    DocumentRow("needs a written supplementary agreement", "clauses: a-h", letters, set(MUST_BE_AGREED)),
    clause("Neither right nor duty", "e", "verken en rett eller en plikt"),
    clause("Neither right nor duty", "a", "Fast oppmøtested etter arbeidsavtalen gjelder fortsatt"),
    clause("Existing agreements can be withdrawn", "e", "ikke leverer som forventet"),
    DocumentRow(
        "Existing agreements can be withdrawn",
        "termination.manager_notice_days",
        lambda policy: last_day_when_terminated(policy, MANAGER),
        MONDAY,
    ),
    key("agreement periods of e.g. up to one year", "period.months", 12),
    DocumentRow(
        "agreement periods of e.g. up to one year", "period.months", _last_day_when_none_is_asked_for, YEAR_OVER
    ),
    clause("agreement periods of e.g. up to one year", "e", "ikke har et fullt forsvarlig arbeidsmiljø"),
    key("Abroad: in principle not allowed", "abroad.outcome", "special_assessment"),
    key("Abroad: in principle not allowed", "abroad.assessed_by", "POU"),
    sorted_as("Abroad: in principle not allowed", "abroad.outcome", "abroad.special-assessment", place=Place.ABROAD),
    clause("Flexitime rules", "b", "Fleksitidsreglementet"),
    asked_of_manager("in priority: a) employer's needs", *PRIORITIES),
    question("in priority: a) employer's needs", "Arbeidsgiver", "Første prioritet: Hva er arbeidsgivers behov"),
    question("in priority: a) employer's needs", "Fellesskapet", "Andre prioritet: Hva er fellesskapets behov"),
    question("in priority: a) employer's needs", "Oppgaven", "Tredje prioritet: Hva slags oppgaver"),
    question("in priority: a) employer's needs", "DenEnkelte", "Fjerde prioritet: Hva er den enkeltes behov"),
    asked_of_manager("in priority: a) employer's needs", "Ivaretatt"),
    DocumentRow("Management prerogative unchanged", "rule assessment.rejected", said_no, State.ENDED),
    clause("require attendance on agreed home days", "a", "Leder kan kreve oppmøte på avtalte hjemmedager"),
    clause("require attendance on agreed home days", "a", "uten ekstra kompensasjon"),
    lent_or_own("Loaned equipment", "PC", "Skjerm", "Headset"),
    clause("Loaned equipment", "g", "tar den jevnlig med til sentraladministrasjonen for sikkerhetsoppdateringer"),
    key("Short-term exemption", "limits.short_term_up_to_days", 14),
    sorted_as("Short-term exemption", "limits.short_term_up_to_days", "§1-short-term", end_on=MONDAY + days(43)),
    sorted_as("Short-term exemption", "limits.short_term_up_to_days", "documentation.ask", end_on=MONDAY + days(44)),
    key("Sporadic exemption", "limits.sporadic_below_days_per_week", 1.0),
    sorted_as("Sporadic exemption", "limits.sporadic_below_days_per_week", "§1-sporadic", days_per_week=0.9),
    sorted_as("Sporadic exemption", "limits.sporadic_below_days_per_week", "documentation.ask", days_per_week=1.0),
    clause("Insurance: covered anyway", "Forsikring", "enten en skade regnes som yrkesskade eller ikke"),
    clause("Insurance: covered anyway", "Forsikring", "sammenheng med utførelsen av arbeidet"),
    clause("Insurance: covered anyway", "Forsikring", "særlig i pauser"),
    DocumentRow(
        "Being at home working must be cleared",
        "mail no_agreement_short_term",
        _notices_for_a_short_period,
        (Notice("no_agreement_short_term", Role.EMPLOYEE),),
    ),
    clause("No compensation in principle for travel", "Reise", "i utgangspunktet ikke kompensert"),
)
