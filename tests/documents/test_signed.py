"""A signed agreement for the archive: as it is when it is PDF/A, else as pictures of its pages, else refused."""

import io
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from agreements.documents import Language
from integrations.documents import page_pictures
from integrations.documents.agreement import render_agreement, render_record
from integrations.documents.formats import claimed_pdf_a, pronom_of
from integrations.documents.page_pictures import NotDrawnError, pages_of
from integrations.documents.refusals import refusal_in
from integrations.documents.signed import for_the_archive, reproduction
from integrations.documents.uploads import UploadRefused
from tests.documents.reading import pictures_of, says
from tests.documents.samples import evaluation_record, full_agreement, jpeg
from tests.documents.test_conformance import VERAPDF
from tests.documents.test_photos import opened
from tests.documents.test_uploads import pdf_with

RECEIVED = date(2027, 3, 1)


def _foreign_font(pdf: Pdf) -> None:
    """A font that every reader is expected to have, and that is not inside."""
    for page in pdf.pages:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        page.obj.Resources = Dictionary(Font=Dictionary(F1=pdf.make_indirect(font)))


def written(text: str = "Signert: Kari", *, pages: int = 1) -> bytes:
    """As a word processor may save it: with a font that is not inside, and no PDF/A."""

    def write(pdf: Pdf) -> None:
        _foreign_font(pdf)
        for page in pdf.pages:
            page.obj.Contents = Stream(pdf, f"BT /F1 40 Tf 50 500 Td ({text}) Tj ET".encode())

    return pdf_with(write, pages=pages)


def claiming(part: str, level: str, change: Callable[[Pdf], object] | None = None) -> bytes:
    """A plain PDF that calls itself PDF/A."""

    def claim(pdf: Pdf) -> None:
        if change is not None:
            change(pdf)
        with pdf.open_metadata() as metadata:
            metadata["pdfaid:part"], metadata["pdfaid:conformance"] = part, level

    return pdf_with(claim)


def archived(content: bytes, language: Language = "nb") -> bytes:
    return for_the_archive(content, RECEIVED, language)


def _packed(pdf: Pdf) -> None:
    pdf.Root.Hidden = Stream(pdf, b"hidden" * 100)


def lzw() -> bytes:
    """Packed in the way that PDF/A forbids; what writes PDFs here will not do that, so it is only called so."""
    return claiming("2", "B", _packed).replace(b"/FlateDecode", b"/LZWDecode  ")


def _signature(pdf: Pdf) -> None:
    signature = pdf.make_indirect(
        Dictionary(Type=Name.Sig, ByteRange=Array([0, 10, 20, 30]), Contents=String(b"\x30\x82"))
    )
    field = pdf.make_indirect(Dictionary(FT=Name.Sig, T=String("Signatur"), V=signature))
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)


# --- Kept as it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "pronom"),
    [
        (render_record(evaluation_record()), "PDF/A-2a", "fmt/476"),
        (render_agreement(full_agreement(), jpeg()), "PDF/A-2a", "fmt/476"),
        (claiming("1", "B"), "PDF/A-1b", "fmt/354"),
        (claiming("2", "u"), "PDF/A-2u", "fmt/478"),
        (claiming("2", "B", _signature), "PDF/A-2b", "fmt/477"),
    ],
    ids=["record", "agreement", "1b", "2u", "signed"],
)
def test_pdf_a_is_kept_to_the_last_byte(content: bytes, name: str, pronom: str) -> None:
    assert archived(content) == content
    assert (claimed_pdf_a(content), pronom_of(content)) == (name, pronom)


# --- Reproduced -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        written(),
        claiming("3", "B"),
        claiming("4", ""),
        claiming("2", "B", _foreign_font),
        lzw(),
        render_record(evaluation_record()).replace(b"stream\n", b"stream\n\n\n\n", 1),
    ],
    ids=["plain", "3b", "4", "foreign-font", "lzw", "damaged"],
)
def test_what_is_no_pdf_a_is_reproduced_and_says_so(content: bytes) -> None:
    kept = archived(content)
    assert kept != content
    assert (claimed_pdf_a(kept), pronom_of(kept)) == ("PDF/A-2b", "fmt/477")
    assert says(kept, sha256(content).hexdigest())
    assert says(kept, "Den ble mottatt 1. mars 2027")
    assert archived(kept) == kept, "what we made is taken as it is"
    assert archived(content) == kept, "the same input gives the same bytes"


def test_every_page_is_there_as_it_would_be_printed() -> None:
    kept = archived(written(pages=3), "nn")
    with pikepdf.open(io.BytesIO(kept)) as pdf:
        assert len(pdf.pages) == 3 + 1
    pictures = [opened(picture).convert("L") for picture in pictures_of(kept)]
    assert len(pictures) >= 1, "the same picture may be kept once"
    for picture in pictures:
        assert max(picture.size) == page_pictures.LONGEST_SIDE
        assert picture.getextrema() == (0, 255), "black letters on white paper"
    assert says(kept, "Fila var ikkje PDF/A")


def _drawn_by_hand(pdf: Pdf) -> None:
    """A signature drawn on the page, as tablets do: an annotation with a look of its own."""
    look = Stream(pdf, b"0 0 0 rg 0 0 200 100 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 200, 100]))
    ink = Dictionary(Type=Name.Annot, Subtype=Name.Ink, Rect=Array([100, 100, 300, 200]), F=4, AP=Dictionary(N=look))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(ink)])


def test_what_is_drawn_on_a_page_is_drawn_in_its_picture() -> None:
    [blank], [signed] = (pages_of(pdf_with(change)) for change in (None, _drawn_by_hand))
    assert opened(blank.jpeg).convert("L").getextrema()[0] == 255
    assert opened(signed.jpeg).convert("L").getextrema()[0] == 0


ODD = ((1, 1), (10, 14_400), (14_400, 14_400), (100_000, 50))


def _odd_pages(pdf: Pdf) -> None:
    for page, box in zip(pdf.pages, ODD, strict=True):
        page.obj.MediaBox = Array([0, 0, *box])


def test_large_and_odd_pages() -> None:
    content = pdf_with(_odd_pages, pages=len(ODD))
    assert all(max(opened(page.jpeg).size) <= page_pictures.LONGEST_SIDE for page in pages_of(content))
    with pikepdf.open(io.BytesIO(archived(content))) as pdf:
        assert len(pdf.pages) == len(ODD) + 1


@pytest.mark.skipif(not VERAPDF.exists(), reason="veraPDF is beside the project only where it is developed")
@pytest.mark.skipif(shutil.which("java") is None, reason="veraPDF needs Java")
def test_reproductions_are_pdf_a_2b(tmp_path: Path) -> None:
    odd = pdf_with(_odd_pages, pages=len(ODD))
    contents = (written(), written(pages=3), pdf_with(_drawn_by_hand), claiming("3", "A"), odd)
    files = [tmp_path / f"{number}.pdf" for number in range(len(contents))]
    for number, (file, content) in enumerate(zip(files, contents, strict=True)):
        file.write_bytes(archived(content, "nn" if number % 2 else "nb"))
    judged = subprocess.run(  # noqa: S603 - our own files, judged by the validator beside the project
        [VERAPDF.resolve(), "2b", *files], capture_output=True, text=True, check=False
    )
    if "# profile" not in judged.stdout:
        pytest.skip("veraPDF could not start: it needs its jars, which are fetched once")
    assert judged.returncode == 0, judged.stdout
    assert judged.stdout.count("PASS ") == len(files)


# --- Refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pdf_with(_signature), "signert elektronisk, men er ikke lagret som PDF/A"),
        (pdf_with(pages=31), "for mange sider"),
        (claiming("2", "B", lambda pdf: setattr(pdf.Root, "OpenAction", Dictionary(S=Name.JavaScript))), "skript"),
    ],
    ids=["signed-electronically", "too-long", "script-in-pdf-a"],
)
def test_what_cannot_be_kept_is_refused_in_both_languages(content: bytes, said: str) -> None:
    with pytest.raises(UploadRefused, match=said) as caught:
        archived(content)
    assert refusal_in("nn", str(caught.value)) != str(caught.value)


def test_a_file_that_cannot_be_drawn_is_no_crash() -> None:
    for content in (b"", b"%PDF-1.7\n%%EOF", jpeg()):
        with pytest.raises(NotDrawnError):
            pages_of(content)
        with pytest.raises(NotDrawnError):
            reproduction(content, RECEIVED, "nb")


def test_a_page_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_pictures, "SECONDS", 0.01)
    with pytest.raises(NotDrawnError, match="too long"):
        pages_of(written())
    with pytest.raises(UploadRefused, match="kan ikke gjøres om til arkivformat"):
        archived(written())
