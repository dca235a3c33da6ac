"""Bærum kommune's project "Digitalt kontor", a row for each of its rules."""

from msgspec.structs import replace

from agreements.case import Place
from agreements.paperwork import People, agreement
from agreements.policy import Policy
from config.sharepoint import package_columns
from tests.agreements.document_rows import (
    IMPOSED,
    DocumentRow,
    asked_of_employee,
    asked_of_manager,
    clause,
    informed_when_imposed,
    key,
    question,
    remarked,
    sorted_as,
)
from tests.agreements.factories import MONDAY, approved, assessment


def _packages(policy: Policy) -> object:
    return [(package.name.partition(":")[0], package.max_amount) for package in policy.equipment_packages]


def _says_both_amounts(policy: Policy) -> object:
    return [amount in policy.equipment_packages[1].text for amount in ("3 000", "5 000")]


def _advised_by_the_health_service(policy: Policy) -> object:
    return "Bedriftshelsetjenesten gir råd, og leder bestiller" in policy.equipment_packages[2].text


def _offered_to_the_manager(policy: Policy) -> object:
    """Those for the ordinary situation are a choice in the form; the fourth is for imposed home office."""
    [column] = package_columns(policy)
    return [(name.partition(":")[0], amount) for name, (_, amount) in zip(column.choices, PACKAGES, strict=False)]


def _said_in_the_agreement(policy: Policy) -> object:
    chosen = replace(assessment(), package=policy.equipment_packages[1].name)
    found = agreement(approved(assessment=chosen), policy, PEOPLE, MONDAY, is_draft=False).package
    return found is not None and (found.text, found.max_amount) == (policy.equipment_packages[1].text, 5000)


PEOPLE = People("Åse Regnglimt", None, None, {})
PACKAGES = [("Pakke 1", None), ("Pakke 2", 5000), ("Pakke 3", None), ("Pakke 4", None)]

BAERUM_ROWS = (
    sorted_as("Concepts:", "rule §1-elsewhere-than-home", "§1-elsewhere-than-home", place=Place.ELSEWHERE_IN_NORWAY),
    sorted_as("Concepts:", "limits.sporadic_below_days_per_week", "§1-sporadic", days_per_week=0.5),
    sorted_as("Concepts:", "limits.sporadic_below_days_per_week", "documentation.ask", days_per_week=1.0),
    sorted_as("One collective guideline, two situations", "rule documentation.ask", "documentation.ask"),
    DocumentRow("One collective guideline, two situations", "rule imposed.informed", informed_when_imposed, IMPOSED),
    clause("One collective guideline, two situations", "a", "avtalt med nærmeste leder"),
    key("not more than 2, max 3 days per week", "limits.max_days_per_week", 2.0),
    key("not more than 2, max 3 days per week", "limits.absolute_days_per_week", 3.0),
    remarked("not more than 2, max 3 days per week", "limits.max_days_per_week", is_remarked=False, days_per_week=2.0),
    remarked("not more than 2, max 3 days per week", "limits.max_days_per_week", is_remarked=True, days_per_week=3.0),
    sorted_as(
        "not more than 2, max 3 days per week",
        "limits.absolute_days_per_week",
        "limits.too-many-days",
        days_per_week=3.5,
    ),
    asked_of_manager("not more than 2, max 3 days per week", "Oppgaver"),
    question("not more than 2, max 3 days per week", "Oppgaver", "typer oppgaver"),
    asked_of_manager("Balance individual flexibility", "Moteplasser"),
    question("Balance individual flexibility", "Moteplasser", "fysiske møteplasser og forutsigbarhet"),
    clause("Balance individual flexibility", "a", "Enhetens faste møteplasser går foran"),
    clause("Balance individual flexibility", "c", "vet når og hvordan de når fram"),
    DocumentRow("Four packages", "equipment_packages", _packages, PACKAGES),
    DocumentRow("Four packages", "equipment_packages", _advised_by_the_health_service, expected=True),
    DocumentRow("Four packages", "the assessment form: Utstyrspakke", _offered_to_the_manager, PACKAGES[:3]),
    DocumentRow("Four packages", "the agreement: package", _said_in_the_agreement, expected=True),
    clause("Four packages", "g", "følger pakken som er avtalt med leder"),
    asked_of_employee("Four packages", "Arbeidsrom", "Ergonomi"),
    DocumentRow("Proposal: IT about NOK 3 000", "equipment_packages", _says_both_amounts, [True, True]),
    clause("Proposal: IT about NOK 3 000", "g", "ikke opp to fullt utstyrte kontorer"),
    clause("Private network continues", "g", "deling fra jobbtelefonen er tillatt"),
    asked_of_employee("Private network continues", "Nett"),
    key("Repeat the survey", "evaluation.scheme_every_months", 12),
)
