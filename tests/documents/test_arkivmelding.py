"""arkivmelding.xml: valid by the published schemas, its codes on the published lists, its counts and hashes true."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from agreements.archive_plan import ArchivePlan, FolderKind, Format, JournalStatus
from agreements.archiving import (
    ArchivedFile,
    ArchiveMessage,
    case_folder,
    registration,
    title_of,
)
from agreements.case import Case, EndReason, FilingKind, State
from agreements.documents import Language
from agreements.paperwork import People, file_name
from config.archive_plan_files import ArchivePlanError, load_archive_plan
from integrations.documents.arkivmelding import render_message
from integrations.documents.formats import FORMATS
from tests.database.samples import case_with_everything, new_case

CONTRACT = Path(__file__).parents[2] / "../shared/contract/arkivmelding"
TEMPLATE = Path(__file__).parents[2] / "config/archive_plans/mal.toml"
needs_the_schemas = pytest.mark.skipif(
    not CONTRACT.exists(), reason="the published schemas are beside the project only where it is developed"
)
FIKS = "ks-fiks-arkiv-v1/no.ks.fiks.arkiv.v1.arkivering.arkivmelding.{}.xsd"
SCHEMAS = {
    "{https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/arkivmelding/opprett/v1}arkivmelding": FIKS.format(
        "opprett"
    ),
    "{https://ks-no.github.io/standarder/fiks-protokoll/fiks-arkiv/arkivmelding/oppdater/v1}"
    "arkivmeldingOppdatering": FIKS.format("oppdater"),
    "{http://www.arkivverket.no/standarder/noark5/arkivmelding}arkivmelding": "efm-integrasjonspunkt/arkivmelding.xsd",
}
OWN_CODES = {"tilgangsrestriksjon", "format", "arkivdel"}
"""Codes without a published list: the archive's own."""
MARKUP = "<b>&amp;\"'</b> <!-- ]]> <![CDATA[ &#0; <?x?>"
SCRIPTS = "عمر דוד \u202egnp.exe\u2066 👩🏽\u200d💻😀 \u0000\x0b\ud800\ufffe\ufeff\ue000 王 e\u0301"
HOSTILE = (
    People(MARKUP, "W" * 200, SCRIPTS, {}),
    People(SCRIPTS, SCRIPTS, MARKUP, {}),
    People("\u202e\x00", "\x00", "\ud800", {}),
    People(" ", " ".join(["Ytre"] * 40), None, {}),
)
ORDINARY = People("Åse Regnglimt", "Helse og mestring", "Ole Leder", {})
GROUPS: tuple[list[FilingKind], ...] = (
    [FilingKind.AGREEMENT],
    [FilingKind.AGREEMENT, FilingKind.SIGNED_AGREEMENT, FilingKind.PHOTO],
    [FilingKind.PHOTO],
    [FilingKind.EVALUATION],
    [FilingKind.END_NOTE],
    [],
    [FilingKind.INFORMATION],
)


def plans() -> list[ArchivePlan]:
    """The template in all its forms: either format, either kind of folder, with and without what may be left out."""
    text = TEMPLATE.read_text(encoding="utf-8")
    full = msgspec.toml.decode(re.sub(r"^#(?=[a-z\[\"])", "", text, flags=re.MULTILINE), type=ArchivePlan)
    bare = msgspec.structs.replace(full, classes=(), series=None, rule=None, unit_codes={}, formats={})
    return [
        msgspec.structs.replace(each, format=form, folder=folder, journal_status=status)
        for each, form, folder in product((full, bare), Format, FolderKind)
        for status in JournalStatus
        if form is Format.FIKS_ARKIV or status not in {JournalStatus.PRELIMINARY, JournalStatus.REGISTERED}
    ]


PLANS = plans()


def files(case: Case, kinds: list[FilingKind], sequence: int, language: Language) -> list[ArchivedFile]:
    return [
        ArchivedFile(
            kind=kind,
            title=title_of(kind, sequence, case.number, language),
            name=file_name(kind, sequence, case.number, language),
            media_type="application/pdf",
            pronom=list(FORMATS)[number % len(FORMATS)],
            sha256=f"{number:064x}",
            size=number,
        )
        for number, kind in enumerate(kinds)
    ]


def message(  # noqa: PLR0913 - everything a message is made of
    plan: ArchivePlan,
    kinds: list[FilingKind],
    people: People = ORDINARY,
    *,
    case: Case | None = None,
    sequence: int = 1,
    language: Language = "nb",
) -> ArchiveMessage:
    of = case or case_with_everything()
    folder = case_folder(of, plan, people, "Sandvik kommune", language)
    registered = registration(of, people, files(of, kinds, sequence, language), sequence) if kinds else None
    return ArchiveMessage(f"{of.number}/arkivmelding-1", date(2027, 3, 28), folder, registered)


def parsed(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False))


@cache
def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(CONTRACT / name))


def assert_valid(content: bytes) -> etree._Element:
    root = parsed(content)
    schema(SCHEMAS[etree.QName(root).text]).assertValid(root)
    return root


def named(root: etree._Element, name: str) -> list[etree._Element]:
    return list(root.iter("{*}" + name))


def texts(root: etree._Element, name: str) -> list[str]:
    return [each.text or "" for each in named(root, name)]


def coded(root: etree._Element) -> Iterator[tuple[str, str, str]]:
    """The name of every element that has a code, with the code and its words."""
    for code in named(root, "kode"):
        parent = code.getparent()
        assert parent is not None
        yield etree.QName(parent).localname, code.text or "", texts(parent, "beskrivelse")[0]


def published(name: str) -> dict[str, str]:
    list_name = f"no.ks.fiks.arkiv.v1.kodelister.{name.lower()}"
    path = CONTRACT / "ks-fiks-arkiv-v1/kodelister" / list_name / f"{list_name}.json"
    found = json.loads(path.read_text(encoding="utf-8"))["kodeliste"]
    return {entry["kodeverdi"]: entry["kodebeskrivelse"] for entry in found}


# --- By the published schemas -----------------------------------------------------------------------------------


@needs_the_schemas
def test_every_kind_of_document_is_among_the_messages() -> None:
    assert {kind for kinds in GROUPS for kind in kinds} == set(FilingKind) - {FilingKind.ARKIVMELDING}


@pytest.mark.parametrize("kinds", GROUPS, ids=lambda kinds: "+".join(kinds) or "change")
@pytest.mark.parametrize("language", ["nb", "nn"])
def test_every_message_is_valid_under_every_plan(kinds: list[FilingKind], language: Language) -> None:
    for plan in PLANS:
        root = assert_valid(render_message(message(plan, kinds, language=language), plan))
        if etree.QName(root).localname == "arkivmelding":
            assert texts(root, "antallFiler") == [str(len(kinds))]


@needs_the_schemas
@pytest.mark.parametrize("people", HOSTILE)
@pytest.mark.parametrize("kinds", GROUPS[1:], ids=lambda kinds: "+".join(kinds) or "change")
def test_hostile_words_are_words(people: People, kinds: list[FilingKind]) -> None:
    for plan in PLANS[::5]:
        root = assert_valid(render_message(message(plan, kinds, people), plan))
        known = {etree.QName(each).localname for each in root.iter("*")}
        plain = assert_valid(render_message(message(plan, kinds), plan))
        assert known <= {etree.QName(each).localname for each in plain.iter("*")}, "a word became markup"
        assert not set("\u202e\u2066\x00").intersection("".join(root.itertext()))


def test_markup_comes_back_as_it_was_written() -> None:
    for form in Format:
        plan = next(each for each in PLANS if each.format is form)
        root = parsed(render_message(message(plan, GROUPS[0], HOSTILE[0]), plan))
        assert MARKUP in {*texts(root, "partNavn"), *texts(root, "sakspartNavn")}


@needs_the_schemas
def test_codes_are_those_of_the_published_lists() -> None:
    seen = set()
    for plan, kinds in product(PLANS, GROUPS):
        if plan.format is not Format.FIKS_ARKIV:
            continue
        for name, code, words in coded(parsed(render_message(message(plan, kinds), plan))):
            if name not in OWN_CODES:
                assert published(name)[code] == words
                seen.add(name)
    assert seen == {
        "dokumentmedium",
        "dokumentstatus",
        "dokumenttype",
        "journalposttype",
        "journalstatus",
        "korrespondanseparttype",
        "saksstatus",
        "tilknyttetRegistreringSom",
        "variantformat",
    }


@needs_the_schemas
def test_the_words_of_eformidling_are_those_its_schema_lists() -> None:
    """The schema itself leaves statuses and types as free text; its catalogue has the values."""
    source = (CONTRACT / "efm-integrasjonspunkt/metadatakatalog.xsd").read_text(encoding="utf-8")
    allowed = set(re.findall(r'<xs:enumeration value="([^"]+)"', source))
    names = ("saksstatus", "journalstatus", "journalposttype", "korrespondanseparttype", "dokumentstatus")
    for plan, kinds in product(PLANS, GROUPS):
        if plan.format is Format.EFORMIDLING:
            root = parsed(render_message(message(plan, kinds), plan))
            words = [
                text for name in (*names, "tilknyttetRegistreringSom", "variantformat") for text in texts(root, name)
            ]
            assert set(words) <= allowed


# --- What it says -----------------------------------------------------------------------------------------------


def fiks(**changes: object) -> ArchivePlan:
    plan = load_archive_plan(TEMPLATE)
    assert plan is not None
    return msgspec.structs.replace(plan, **changes)


def test_files_with_hash_size_format_and_rank() -> None:
    plan = fiks(formats={"fmt/354": "RA-PDF"})
    kinds = GROUPS[1]
    root = parsed(render_message(message(plan, kinds), plan))
    said = files(case_with_everything(), kinds, 1, "nb")
    assert texts(root, "sjekksum") == [each.sha256 for each in said]
    assert set(texts(root, "sjekksumAlgoritme")) == {"SHA-256"}
    assert texts(root, "filstoerrelse") == [str(each.size) for each in said]
    assert texts(root, "referanseDokumentfil") == [each.name for each in said]
    assert all(name.isascii() for name in texts(root, "referanseDokumentfil"))
    codes = list(coded(root))
    assert [code for name, code, _ in codes if name == "tilknyttetRegistreringSom"] == ["H", "V", "V"]
    assert [code for name, code, _ in codes if name == "format"] == ["fmt/95", "RA-PDF", "fmt/476"]
    assert texts(root, "antallVedlegg") == ["2"]


def test_access_class_and_unit_are_the_plans() -> None:
    plan = fiks(unit_codes={"skole": "SKO-1"})
    root = parsed(render_message(message(plan, GROUPS[0]), plan))
    assert set(texts(root, "skjermingshjemmel")) == {"Offl. § 13 jf. fvl. § 13 (1) nr. 1"}
    assert {code for name, code, _ in coded(root) if name == "tilgangsrestriksjon"} == {"13"}
    assert texts(root, "klasseID") == ["0001", "486"]
    [unit, *_] = named(root, "administrativEnhet")
    assert (texts(unit, "navn"), texts(unit, "identifikator")) == (["Helse og mestring"], ["SKO-1"])


def test_keys_are_the_same_every_time_and_for_nothing_else() -> None:
    plan = fiks()
    case = case_with_everything()
    keys = {
        (key, *texts(parsed(render_message(message(plan, kinds, case=case, sequence=sequence), plan)), "noekkel"))
        for key, (kinds, sequence) in enumerate(product(GROUPS[:1] + GROUPS[3:5], (1, 2)))
    }
    assert {each[1] for each in keys} == {f"sak:{case.number}"}
    assert len({each[-1] for each in keys}) == len(keys)
    of_person = fiks(folder=FolderKind.PERSONNEL)
    assert texts(parsed(render_message(message(of_person, GROUPS[0]), of_person)), "noekkel")[0] == "personalmappe:0001"


def test_eformidlings_ids_follow_from_the_keys() -> None:
    plan = fiks(format=Format.EFORMIDLING, journal_status=JournalStatus.JOURNALED)
    first, second = (
        parsed(render_message(message(plan, GROUPS[1], people), plan)) for people in (ORDINARY, HOSTILE[0])
    )
    assert texts(first, "systemID") == texts(second, "systemID")
    assert len(set(texts(first, "systemID"))) == 1 + 1 + 3
    assert texts(first, "referanseForelderMappe") == texts(first, "systemID")[:1]


def test_names_stand_in_no_public_title() -> None:
    for plan in PLANS:
        root = parsed(render_message(message(plan, GROUPS[1]), plan))
        assert len(texts(root, "offentligTittel")) == 2
        assert not [title for title in texts(root, "offentligTittel") if "Regnglimt" in title]


def test_only_a_folder_of_its_own_is_closed_with_the_agreement() -> None:
    ended = new_case(state=State.ENDED, ended_on=date(2028, 3, 15), end_reason=EndReason.EXPIRED)
    for form, kinds in product(Format, (GROUPS[4], GROUPS[5])):
        own = fiks(format=form, journal_status=JournalStatus.JOURNALED)
        shared = msgspec.structs.replace(own, folder=FolderKind.PERSONNEL)
        closed = parsed(render_message(message(own, kinds, case=ended), own))
        assert texts(closed, "avsluttetDato") == ["2028-03-15T12:00:00+01:00"]
        assert "Avsluttet" in "".join(closed.itertext())
        left_open = parsed(render_message(message(shared, kinds, case=ended), shared))
        assert (texts(left_open, "avsluttetDato"), "Avsluttet" in "".join(left_open.itertext())) == ([], False)


def test_the_same_input_gives_the_same_bytes() -> None:
    for plan in PLANS:
        assert render_message(message(plan, GROUPS[1]), plan) == render_message(message(plan, GROUPS[1]), plan)


def test_days_are_the_cases_own() -> None:
    plan = fiks()
    case = case_with_everything()
    for kinds, day in ((GROUPS[3], case.evaluations[0].given_on), (GROUPS[4], case.ended_on)):
        assert texts(parsed(render_message(message(plan, kinds), plan)), "dokumentetsDato") == [f"{day}"]


def test_without_a_manager_somebody_is_responsible() -> None:
    plan = fiks()
    root = parsed(render_message(message(plan, GROUPS[0], replace(ORDINARY, manager_name=None)), plan))
    assert texts(named(root, "saksansvarlig")[0], "navn") == ["HR"]


# --- The plan's file --------------------------------------------------------------------------------------------


def test_without_a_file_there_is_no_plan() -> None:
    assert load_archive_plan(None) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'format = "fiks-arkiv-v1"',
            'format = "noark"',
            "format: Invalid enum value 'noark'. Choose from: fiks-arkiv-v1",
        ),
        ('format = "fiks-arkiv-v1"', 'format = "eformidling"', "journal_status M and S"),
        ('code = "13"', 'code = ""', "access.code: "),
        ('responsible = "HR"', 'responsibel = "HR"', "responsibel"),
        ('title = "Arbeidstid og arbeidsordninger"', "", "a class has both code and title"),
        ("[access]", "[access", "mal.toml: "),
    ],
)
def test_what_is_wrong_with_a_plan_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    wrong = tmp_path / "mal.toml"
    wrong.write_text(TEMPLATE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ArchivePlanError, match=re.escape(said)) as caught:
        load_archive_plan(wrong)
    assert str(caught.value).startswith("HK_ARCHIVE_PLAN: mal.toml: ")
    assert "\n" not in str(caught.value)


def test_a_plan_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchivePlanError, match="cannot be read"):
        load_archive_plan(tmp_path / "mangler.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'responsible = "\xe6"')
    with pytest.raises(ArchivePlanError, match="UTF-8"):
        load_archive_plan(latin)


def test_the_template_names_every_key() -> None:
    source = TEMPLATE.read_text(encoding="utf-8")
    for field in ArchivePlan.__struct_fields__:
        assert re.search(rf"^#?\[*{field}\b", source, re.MULTILINE), field
