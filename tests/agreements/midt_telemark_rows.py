"""Midt-Telemark kommune's decision (AMU 35/20, PSU 10/20), a row for each of its rules."""

from tests.agreements.document_rows import (
    DocumentRow,
    asked_of_manager,
    clause,
    evaluation_days,
    key,
    lent_or_own,
    normal_life,
    question,
    remarked,
    sorted_as,
)

MIDT_TELEMARK_ROWS = (
    key("Majority of working time at the office", "limits.min_office_days_per_week", 3.0),
    sorted_as(
        "Majority of working time at the office",
        "limits.absolute_days_per_week",
        "limits.too-many-days",
        days_per_week=2.5,
    ),
    sorted_as(
        "Majority of working time at the office",
        "limits.absolute_days_per_week",
        "documentation.ask",
        days_per_week=2.0,
    ),
    remarked(
        "Majority of working time at the office", "limits.max_days_per_week", is_remarked=False, days_per_week=2.0
    ),
    clause("Majority of working time at the office", "a", "Mesteparten av arbeidstida er på kontoret"),
    DocumentRow(
        "by agreement with the leader",
        "rule assessment.ask",
        lambda policy: [rule for rule in normal_life(policy).rules if rule.startswith("assessment.")],
        ["assessment.ask", "assessment.approved"],
    ),
    clause("by agreement with the leader", "a", "avtalte med leiaren"),
    key("evaluated after half a year", "evaluation.scheme_every_months", 6),
    key("evaluated after half a year", "evaluation.every_months", None),
    DocumentRow("evaluated after half a year", "evaluation.every_months", evaluation_days, ()),
    asked_of_manager("Basis for each agreement", "Arbeidsart", "Behov"),
    question("Basis for each agreement", "Arbeidsart", "arbeidet"),
    question("Basis for each agreement", "Behov", "behov"),
    clause("Working Environment Act applies at home", "Arbeidsmiljø", "Arbeidsmiljølova gjeld òg heime"),
    clause("Working Environment Act applies at home", "Arbeidsmiljø", "både fysisk og psykisk"),
    lent_or_own("best possible ergonomics", "Regulerbar stol", "God belysning", "Stor nok, regulerbar skjerm"),
    clause("best possible ergonomics", "g", "sitt eige eller lånt frå arbeidsplassen"),
)
