"""Bokmål and nynorsk say the same: same texts, same facts, same links, and no sentence in one of them only."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from agreements.case import EndReason, EvaluationOutcome, FilingKind
from agreements.documents import Language
from agreements.rules.staffing import MORE_THAN_ALLOWED, MORE_THAN_USUAL, WITHIN_THE_LIMITS, moved
from agreements.wording import WORDINGS, Wording
from agreements.words import days_in_words
from config.policy_files import TEMPLATES
from config.sharepoint import LISTS, Column, ListDefinition, in_bokmal
from integrations.documents import photos, signed, uploads
from integrations.documents.examining import TOO_MUCH, UNREADABLE
from integrations.documents.photos import TOO_LARGE
from integrations.documents.refusals import NYNORSK, refusal_in
from integrations.documents.uploads import KNOWN_MISTAKES, NOT_A_PHOTO_OR_PDF
from tasks import receiving
from tests.agreements.factories import MONDAY, active, application, policy

LANGUAGES: tuple[Language, ...] = get_args(Language)
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
ELEMENTS = re.compile(r"<(\w+)")
BOKMAL_ONLY = re.compile(
    r"\b(hjemmekontor\w*|ikke|uken|leder\w*|ansatt\w*|innen|fra|jeg|dere|hva|når det|av en|en|et|noe|mappen|saken)\b",
    re.IGNORECASE,
)
NYNORSK_ONLY = re.compile(
    r"\b(heimekontor\w*|ikkje|veka|leiar\w*|tilsett\w*|innan|frå|eg|de|kva|ein|eit|noko|mappa|saka)\b", re.IGNORECASE
)
MEANT_OTHERWISE = {"nb": {"de"}, "nn": {"når det"}}
"""`De tas inn` is bokmål as well, `når det` nynorsk."""


def templates(language: Language) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in (TEMPLATES / language).iterdir()}


def shown(source: str) -> str:
    """The words of a template, without what is filled in, elements and the regulation's own name."""
    words = re.sub(r"<[^>]+>", " ", TAGS.sub(" ", source))
    return words.replace("forskrift om arbeid som utføres i arbeidstakers hjem", "")


@pytest.mark.parametrize("name", sorted(templates("nb")))
def test_a_text_asks_and_links_alike_in_both_languages(name: str) -> None:
    bokmal, nynorsk = templates("nb")[name], templates("nn")[name]
    assert sorted(TAGS.findall(bokmal)) == sorted(TAGS.findall(nynorsk))
    assert ELEMENTS.findall(bokmal) == ELEMENTS.findall(nynorsk)


def test_both_languages_have_the_same_texts() -> None:
    assert sorted(templates("nb")) == sorted(templates("nn"))
    assert {folder.name for folder in TEMPLATES.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("name", sorted(templates("nb")))
def test_no_word_of_the_other_language_has_slipped_in(name: str) -> None:
    for language in LANGUAGES:
        foreign = BOKMAL_ONLY if language == "nn" else NYNORSK_ONLY
        found = {word.lower() for word in foreign.findall(shown(templates(language)[name]))}
        assert found <= MEANT_OTHERWISE[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_documents_have_a_word_for_everything(language: Language) -> None:
    wording = WORDINGS[language]
    assert set(wording.end_reasons) == set(EndReason)
    assert set(wording.outcomes) == set(EvaluationOutcome)
    assert set(wording.file_names) == set(FilingKind)
    assert all(getattr(wording, field.name) for field in fields(Wording))


def test_each_sentence_of_the_documents_is_written_in_its_own_language() -> None:
    for wording, foreign in ((WORDINGS["nb"], NYNORSK_ONLY), (WORDINGS["nn"], BOKMAL_ONLY)):
        said = [getattr(wording, field.name) for field in fields(Wording)]
        sentences = [words for each in said for words in ([each] if isinstance(each, str) else each.values())]
        assert [words for words in sentences if foreign.search(words)] == []


def standing_columns() -> Iterator[Column]:
    for definition in LISTS:
        yield from definition.columns


def test_every_list_is_titled_in_both_languages() -> None:
    for language in LANGUAGES:
        foreign = BOKMAL_ONLY if language == "nn" else NYNORSK_ONLY
        said = [each for definition in LISTS for each in shown_in(definition.spoken(language))]
        assert [text for text in said if foreign.search(text)] == []
    assert all(definition.title_nn for definition in LISTS)


def test_choices_in_both_languages_stand_side_by_side() -> None:
    for column in standing_columns():
        assert len(column.choices_nn) == len(column.choices)
        assert [in_bokmal(choice) for choice in column.choices_nn] == list(column.choices)


def shown_in(definition: ListDefinition) -> Iterator[str]:
    yield definition.title
    for column in definition.columns:
        yield from (column.title, column.note, *column.choices)


@pytest.mark.parametrize("sentences", [MORE_THAN_ALLOWED, MORE_THAN_USUAL, WITHIN_THE_LIMITS])
def test_how_an_agreement_fits_is_said_with_the_same_figures(sentences: dict[Language, str]) -> None:
    assert set(sentences) == set(LANGUAGES)
    assert len({tuple(re.findall(r"\{\w+\}", sentence)) for sentence in sentences.values()}) == 1


@pytest.mark.parametrize(
    ("days_per_week", "told"),
    [
        (1.0, "Avtalen er på 1 dag i veka, og det er innanfor retningslinjene."),
        (4.0, "Avtalen er på 4 dagar i veka. Retningslinjene seier vanlegvis inntil 3 dagar, så vurder om"),
        (6.0, "Avtalen er på 6 dagar i veka. Det er fleire enn det kan avtalast, så han må endrast"),
    ],
)
def test_a_manager_is_told_in_nynorsk_how_an_agreement_fits(days_per_week: float, told: str) -> None:
    case = active(application=application(days_per_week=days_per_week), unit_id="another")
    [notice] = moved(case, policy(language="nn"), MONDAY).notices
    assert (notice.detail or "").startswith(told)


@pytest.mark.parametrize(
    ("days", "bokmal", "nynorsk"),
    [
        (0.5, "0,5 dager", "0,5 dagar"),
        (1, "1 dag", "1 dag"),
        (2.0, "2 dager", "2 dagar"),
        (2.5, "2,5 dager", "2,5 dagar"),
    ],
)
def test_days(days: float, bokmal: str, nynorsk: str) -> None:
    assert (days_in_words(days, "nb"), days_in_words(days, "nn")) == (bokmal, nynorsk)


# --- Why an upload cannot be used -------------------------------------------------------------------------------


def refusals() -> Iterator[str]:
    """Every sentence that refuses an upload, as the code has it."""
    yield from (advice for _, advice in KNOWN_MISTAKES)
    yield from (NOT_A_PHOTO_OR_PDF, TOO_LARGE, TOO_MUCH, UNREADABLE)
    for module in (uploads, photos, receiving, signed):
        for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"UploadRefused", "CheckedFile"}:
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                constants = (each.value for each in values if isinstance(each, ast.Constant))
                yield from (value for value in constants if isinstance(value, str) and value.endswith("."))


def test_every_refusal_can_be_said_in_nynorsk() -> None:
    said = set(refusals())
    assert len(said) > 15, "the sentences were found"
    assert said == set(NYNORSK)
    assert [sentence for sentence in NYNORSK.values() if BOKMAL_ONLY.search(sentence)] == []


def test_a_refusal_is_said_in_the_language_of_the_policy() -> None:
    empty = "Filen er tom. Last den opp på nytt."
    assert refusal_in("nb", empty) == empty
    assert refusal_in("nn", empty) == "Fila er tom. Last ho opp på nytt."
