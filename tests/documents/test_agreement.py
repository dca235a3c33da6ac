import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pikepdf
import pytest

from agreements.documents import Answer, Language
from integrations.documents.agreement import render_agreement, render_record
from tests.documents.reading import pictures_of, says, tags_of, text_of
from tests.documents.samples import (
    CASE_NUMBER,
    CLAUSES,
    SHA256,
    bare_draft,
    evaluation_record,
    full_agreement,
    hostile_agreement,
    jpeg,
    picture,
    png,
)


def test_the_agreement_says_everything() -> None:
    document = full_agreement()
    rendered = render_agreement(document, jpeg())
    for text in (
        *(f"{clause.letter}) {clause.heading}" for clause in CLAUSES if clause.letter),
        *(line for clause in CLAUSES for line in clause.text.splitlines()),
        *(text for answer in document.answers for text in (answer.question, answer.answer)),
        f"Saksnummer {CASE_NUMBER} · Versjon 1 · 3. september 2025",
        "Arbeidsgiver Midt-Telemark kommune",
        "Arbeidstaker Kari Nordmann",
        "Ansattnummer 004711",
        "Enhet Plan og byggesak",
        "Nærmeste leder Ola Hansen",
        "Dager hjemme per uke 1,5",
        "Ukedager tirsdag og torsdag",
        "Fra og med 1. oktober 2025",
        "Til og med 30. september 2026",
        "Hev-senk-pult lånes ut.",
        "Ny lampe innen november.",
        "Skjerm 27 tommer Utlånt fra arbeidsplassen",
        "Justerbar stol Arbeidstakers eget",
        f"Kontrollsum {SHA256}",
        "Side 1 av 4",
    ):
        assert says(rendered, text), text


def test_confirmations_show_norwegian_time_in_summer_and_winter() -> None:
    rendered = render_agreement(full_agreement(), None)
    assert says(rendered, "Tidspunkt 2. september 2025 kl. 10.05")
    assert says(rendered, "Tidspunkt 2. desember 2025 kl. 09.05")


@pytest.mark.parametrize("language", ["nb", "nn"])
def test_a_checksum_is_spoken_of_only_where_one_is_printed(language: Language) -> None:
    signed = full_agreement(language)
    in_forms = tuple(replace(confirmation, sha256=None) for confirmation in signed.confirmations)
    assert "SHA-256" in text_of(render_agreement(signed, None))
    assert "SHA-256" not in text_of(render_agreement(replace(signed, confirmations=in_forms), None))


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [("nb", "Avtale om hjemmekontor", "Nærmeste leder"), ("nn", "Avtale om heimekontor", "Næraste leiar")],
)
def test_each_language_in_its_own_words(language: Language, title: str, words: str) -> None:
    rendered = render_agreement(full_agreement(language), None)
    assert says(rendered, title)
    assert says(rendered, words)
    with pikepdf.open(io.BytesIO(rendered)) as pdf:
        assert str(pdf.Root.Lang) == f"{language}-NO"


def test_case_number_is_in_title_and_keywords() -> None:
    for rendered in (render_agreement(full_agreement(), None), render_record(evaluation_record())):
        with pikepdf.open(io.BytesIO(rendered)) as pdf:
            metadata = pdf.open_metadata()
            assert CASE_NUMBER in str(metadata["dc:title"])
            assert CASE_NUMBER in str(metadata["pdf:Keywords"])
            assert str(metadata["xmp:CreateDate"]).startswith(("2025-09-03", "2026-04-01"))


@pytest.mark.parametrize("language", ["nb", "nn"])
def test_a_draft_says_so_on_every_page(language: Language) -> None:
    rendered = render_agreement(replace(full_agreement(language), is_draft=True), None)
    with pikepdf.open(io.BytesIO(rendered)) as pdf:
        pages = len(pdf.pages)
    assert text_of(rendered).count("UTKAST") == pages
    assert text_of(rendered).count("· Utkast") == pages
    assert "utkast" not in text_of(render_agreement(full_agreement(language), None)).casefold()


def test_what_is_empty_is_said_not_left_out() -> None:
    rendered = render_agreement(bare_draft(), None)
    for text in (
        "Enhet Ikke registrert",
        "Ukedager Avtales med nærmeste leder",
        "Til og med Inntil videre",
        "Dager hjemme per uke 2",
        "Det er ikke avtalt særskilte tiltak.",
        "Det er ikke avtalt særskilt utstyr.",
        "Det er ikke registrert svar på kartleggingen.",
        "Avtalen er ikke bekreftet ennå.",
    ):
        assert says(rendered, text), text


@pytest.mark.parametrize(
    ("language", "changed", "period"),
    [
        ("nb", "Endringen gjelder fra 1. mai 2026", "Avtaleperiode 1. oktober 2025 til og med 30. september 2026"),
        ("nn", "Endringa gjeld frå 1. mai 2026", "Avtaleperiode 1. oktober 2025 til og med 30. september 2026"),
    ],
)
def test_a_new_version_tells_the_changes_day_from_the_agreements_period(
    language: Language, changed: str, period: str
) -> None:
    rendered = render_agreement(replace(full_agreement(language), version=2, changed_from=date(2026, 5, 1)), None)
    assert says(rendered, changed)
    assert says(rendered, period)


def test_same_input_gives_same_bytes_and_another_input_others() -> None:
    photo = jpeg()
    hashes = [hashlib.sha256(render_agreement(full_agreement(), photo)).digest() for _ in range(3)]
    with ThreadPoolExecutor(4) as threads:
        hashes += threads.map(lambda _: hashlib.sha256(render_agreement(full_agreement(), photo)).digest(), range(8))
    assert len(set(hashes)) == 1
    another_day = replace(full_agreement(), dated_on=date(2025, 9, 4))
    assert render_agreement(another_day, photo) != render_agreement(full_agreement(), photo)
    assert render_record(evaluation_record()) == render_record(evaluation_record())


def test_the_photo_is_inside_unchanged_with_words_for_who_cannot_see_it() -> None:
    photo = jpeg(picture(2000, 1500))
    rendered = render_agreement(full_agreement(), photo)
    assert pictures_of(rendered) == [photo]
    figures = [tag for tag in tags_of(rendered) if pikepdf.Name("/Figure") == tag.S]
    assert [str(figure.Alt) for figure in figures] == [
        "Fotografi av arbeidsplassen hjemme hos arbeidstakeren, sendt inn av arbeidstakeren selv."
    ]
    assert pictures_of(render_agreement(full_agreement(), None)) == []


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", png(), b"<svg/>"])
def test_a_photo_that_is_no_jpeg_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="clean it first"):
        render_agreement(full_agreement(), content)


def test_a_screen_reader_finds_headings_lists_and_table_headers() -> None:
    kinds = [str(tag.S) for tag in tags_of(render_agreement(full_agreement(), jpeg()))]
    assert kinds.count("/H1") == 8
    assert kinds.count("/L") == 4
    assert kinds.count("/TH") == 2
    assert kinds.count("/H2") == len(CLAUSES) + 4 + 2


def test_markup_in_data_stays_text() -> None:
    rendered = render_agreement(hostile_agreement(), None)
    assert says(rendered, '#read("agreement.py") *b* $x^2$ <b>&amp;</b> \\ @ref `raw` #panic() "]] // /* {{ x }}')
    assert not says(rendered, "def render_agreement")


def test_replaced_characters_are_explained_and_only_then() -> None:
    explained = "Tegnet � står der"
    emoji = replace(full_agreement(), answers=(Answer("Trives du?", "Ja 😀"),))
    assert says(render_agreement(emoji, None), "Ja �")
    assert says(render_agreement(emoji, None), explained)
    assert not says(render_agreement(full_agreement(), None), explained)


def test_forty_pieces_of_equipment_keep_their_header_across_pages() -> None:
    item = full_agreement().equipment[0]
    many = tuple(replace(item, name=f"Ting nummer {number}") for number in range(40))
    text = text_of(render_agreement(replace(full_agreement(), equipment=many), None))
    assert text.count("Ting nummer") == 40
    assert text.count("Hvor det kommer fra") == 2


def test_a_record_says_its_terms_and_paragraphs_on_one_page() -> None:
    rendered = render_record(evaluation_record())
    for text in ("Evaluering av hjemmekontor", "Utfall Fortsetter", "Ordningen fungerer godt.", "Side 1 av 1"):
        assert says(rendered, text), text
    assert says(render_record(replace(evaluation_record(), title="  ")), f"Sak {CASE_NUMBER}")
