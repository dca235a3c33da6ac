"""Whatever is uploaded is kept as a clean photo or as PDF/A, or refused in words: never a crash, never unchecked."""

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from pikepdf import Dictionary, Encryption, Name, Pdf
from PIL import Image

from integrations.documents.agreement import render_record
from integrations.documents.formats import claimed_pdf_a
from integrations.documents.photos import clean_photo
from integrations.documents.refusals import refusal_in
from integrations.documents.signed import for_the_archive
from integrations.documents.uploads import UploadKind, UploadRefused, classify
from tests.documents.samples import evaluation_record, jpeg, picture, png
from tests.documents.test_photos import jpeg_segments, png_header
from tests.documents.test_signed import written
from tests.documents.test_uploads import heic, pdf_with

RECEIVED = date(2027, 3, 1)
ONLY_A_PICTURE = {0xE0, 0xDB, 0xC0, 0xC4}


def judged(content: bytes) -> str:
    """What became of it: `photo`, `pdf`, or the sentence of the refusal; what is kept is what it should be."""
    try:
        kept = kept_of(content)
    except UploadRefused as refusal:
        sentence = str(refusal)
    else:
        is_photo = kept.startswith(b"\xff\xd8")
        assert jpeg_segments(kept) == ONLY_A_PICTURE if is_photo else claimed_pdf_a(kept) is not None
        return "photo" if is_photo else "pdf"
    assert refusal_in("nn", sentence) != sentence
    return sentence


def kept_of(content: bytes) -> bytes:
    if classify(content) is UploadKind.PHOTO:
        return clean_photo(content).content
    return for_the_archive(content, RECEIVED, "nb")


def gif(frames: int = 2) -> bytes:
    saved = io.BytesIO()
    others = [picture() for _ in range(frames - 1)]
    picture().save(saved, "GIF", save_all=True, append_images=others)
    return saved.getvalue()


def encoded(form: str, image: Image.Image) -> bytes:
    saved = io.BytesIO()
    image.save(saved, form)
    return saved.getvalue()


def zipped_behind(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("skjult.txt", "hemmelig")
    return content + archive.getvalue()


def broken_table(content: bytes) -> bytes:
    """The table of where everything is points nowhere."""
    at = content.rindex(b"startxref")
    return content[:at] + b"startxref\n99999999\n%%EOF\n"


def without_trailer(content: bytes) -> bytes:
    return content[: content.rindex(b"trailer")] + b"%%EOF\n"


def self_containing(content: bytes) -> bytes:
    """The tree of pages has itself as a page."""
    return content.replace(b"/Kids [", b"/Kids [ 1 0 R 2 0 R 3 0 R ", 1)


PHOTOS = {
    "truncated": (jpeg()[: len(jpeg()) // 2], "Bildet er skadet"),
    "truncated-png": (png()[:-40], "Bildet er skadet"),
    "only-a-header": (b"\xff\xd8\xff\xe0", "Bildet er skadet"),
    "heic-only-a-header": (b"\x00\x00\x00\x18ftypheic" + b"\0" * 12, "Bildet er skadet"),
    "bomb": (png_header(60_000, 60_000), "for høy oppløsning"),
    "polyglot-zip": (zipped_behind(jpeg()), "photo"),
    "polyglot-pdf": (jpeg() + pdf_with(), "photo"),
    "polyglot-html": (jpeg(comment=b"<script>alert(1)</script>"), "photo"),
    "animated-gif": (gif(), "GIF-bilde"),
    "animated-png": (png(save_all=True, append_images=[picture()]), "photo"),
    "cmyk": (jpeg(Image.new("CMYK", (20, 20))), "photo"),
    "16-bit": (png(Image.new("I;16", (20, 20), 40_000)), "photo"),
    "one-pixel": (png(picture(2, 1)), "photo"),
    "strip": (jpeg(picture(30_000, 10)), "photo"),
    "tall": (png(picture(10, 30_000)), "photo"),
    "webp": (encoded("WEBP", picture()), "kan ikke brukes"),
    "tiff": (encoded("TIFF", picture()), "kan ikke brukes"),
    "bmp": (encoded("BMP", picture()), "kan ikke brukes"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "tegning"),
    "heic": (heic(), "photo"),
    "empty": (b"", "tom"),
}
PDFS: dict[str, tuple[bytes, str]] = {
    "plain": (written(), "pdf"),
    "pdf-a": (render_record(evaluation_record()), "pdf"),
    "password": (pdf_with(encryption=Encryption(owner="a", user="b")), "beskyttet med passord"),
    "encrypted-open": (pdf_with(encryption=Encryption(owner="a", user="")), "kryptert"),
    "no-pages": (pdf_with(pages=0), "ingen sider"),
    "cut-off": (pdf_with(pages=3)[:-100], "skadet eller ufullstendig"),
    "zip-behind": (zipped_behind(written()), "pdf"),
    "only-a-header": (b"%PDF-1.7\n%%EOF", "skadet eller ufullstendig"),
    "html-in-pdf": (b"%PDF-1.4\n<html>%%EOF", "skadet eller ufullstendig"),
}


@pytest.mark.parametrize(("content", "said"), PHOTOS.values(), ids=PHOTOS)
def test_pictures(content: bytes, said: str) -> None:
    assert said in judged(content)


@pytest.mark.parametrize(("content", "said"), PDFS.values(), ids=PDFS)
def test_pdfs(content: bytes, said: str) -> None:
    assert said in judged(content)


@pytest.mark.parametrize("spoil", [broken_table, without_trailer, self_containing])
@pytest.mark.parametrize("content", [written(), pdf_with(pages=4)], ids=["written", "pages"])
def test_a_pdf_whose_inside_is_broken_is_mended_by_drawing_it_or_refused(
    content: bytes, spoil: Callable[[bytes], bytes]
) -> None:
    assert judged(spoil(content)) in {
        "pdf",
        "PDF-filen er skadet eller ufullstendig. Lagre den på nytt og last den opp igjen.",
        "PDF-filen kan ikke gjøres om til arkivformat. Skriv den ut til PDF på nytt og last opp den filen.",
    }


@pytest.mark.parametrize("content", [written(), render_record(evaluation_record())], ids=["plain", "pdf-a"])
def test_damage_anywhere_is_a_refusal_or_pdf_a(content: bytes) -> None:
    chance = random.Random(4)  # noqa: S311 - a repeatable sequence, not a secret
    seen = set()
    for _ in range(12):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 5, 40))):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        seen.add(judged(bytes(damaged)))
    assert seen


def test_a_deeply_nested_page_tree_is_no_crash() -> None:
    def nest(pdf: Pdf) -> None:
        for _ in range(3_000):
            pdf.Root.Below = pdf.make_indirect(Dictionary(Type=Name.Pages, Below=pdf.Root.get("/Below", Name.None_)))

    assert judged(pdf_with(nest)) == "pdf"
