import io
import zipfile
import zlib
from collections.abc import Callable

import pillow_heif
import pytest
from pikepdf import Array, Dictionary, Encryption, Name, Pdf, Stream, String

from integrations.documents.agreement import render_agreement
from integrations.documents.uploads import MAX_BYTES, UploadKind, UploadRefused, check_signed_pdf, classify
from tests.documents.samples import full_agreement, jpeg, picture, png


def pdf_with(
    change: Callable[[Pdf], object] | None = None, *, pages: int = 1, encryption: Encryption | None = None
) -> bytes:
    saved = io.BytesIO()
    with Pdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page()
        if change is not None:
            change(pdf)
        pdf.save(saved, encryption=encryption)
    return saved.getvalue()


def heic() -> bytes:
    encoded = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(encoded)
    return encoded.getvalue()


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("word/document.xml", "<w:document/>")
    return archive.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(jpeg(), UploadKind.PHOTO), (png(), UploadKind.PHOTO), (heic(), UploadKind.PHOTO), (pdf_with(), UploadKind.PDF)],
)
def test_files_are_told_by_their_content(content: bytes, kind: UploadKind) -> None:
    assert classify(content) is kind


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"", "Filen er tom"),
        (jpeg() + b"\0" * MAX_BYTES, "større enn 25 MB"),
        (b"GIF89a" + b"\0" * 20, "GIF-bilde"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "tegning"),
        (b'\xef\xbb\xbf\n <?xml version="1.0"?><svg/>', "tegning"),
        (b"<!DOCTYPE html><html></html>", "nettside"),
        (zipped(), "zip-fil"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "eldre Office-dokument"),
        (b"MZ\x90\x00", "program"),
        (b"\x7fELF", "kan ikke brukes"),
        (b"\x00\x00\x00\x1cftypavif", "kan ikke brukes"),
        (b"\x00\x00\x00\x1cftypmp42", "kan ikke brukes"),
        (b"Hei!", "kan ikke brukes"),
        (b"\xff", "kan ikke brukes"),
        (b"GIF89a %PDF-1.7", "GIF-bilde"),
    ],
)
def test_anything_else_is_refused_with_advice(content: bytes, advice: str) -> None:
    with pytest.raises(UploadRefused, match=advice):
        classify(content)


@pytest.mark.parametrize(
    ("content", "pages"),
    [
        (pdf_with(), 1),
        (pdf_with(pages=3), 3),
        (render_agreement(full_agreement(), jpeg()), 4),
    ],
)
def test_ordinary_pdfs_are_accepted(content: bytes, pages: int) -> None:
    assert check_signed_pdf(content).pages == pages


def _script_when_opened(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def _script_among_names(pdf: Pdf) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([])))


def _script_deep_in_a_page(pdf: Pdf) -> None:
    pdf.pages[0].obj.AA = Dictionary(O=Dictionary(S=Name.Named, Next=Array([Dictionary(JS=Stream(pdf, b"x"))])))


def _script_nobody_points_to(pdf: Pdf) -> None:
    stray = pdf.make_indirect(Dictionary(S=Name.JavaScript))
    pdf.Root.PieceInfo = Dictionary(Hidden=stray)


def _program_to_start(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.Launch, F=String("cmd.exe"))


def _attachment(pdf: Pdf) -> None:
    hidden = Dictionary(Type=Name.Filespec, F=String("skjult.txt"), EF=Dictionary(F=Stream(pdf, b"hemmelig")))
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String("skjult.txt"), hidden])))


def _attachment_on_a_page(pdf: Pdf) -> None:
    spec = pdf.make_indirect(Dictionary(Type=Name.Filespec, EF=Dictionary(F=Stream(pdf, b"hemmelig"))))
    pdf.pages[0].obj.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=spec)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_script_when_opened, "skript"),
        (_script_among_names, "skript"),
        (_script_deep_in_a_page, "skript"),
        (_script_nobody_points_to, "skript"),
        (_program_to_start, "starte et program"),
        (_attachment, "andre filer i seg"),
        (_attachment_on_a_page, "andre filer i seg"),
    ],
)
def test_hidden_content_is_refused(change: Callable[[Pdf], object], reason: str) -> None:
    with pytest.raises(UploadRefused, match=reason):
        check_signed_pdf(pdf_with(change))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf_with(encryption=Encryption(owner="a", user="b")), "passord"),
        (pdf_with(encryption=Encryption(owner="a", user="")), "kryptert"),
        (pdf_with(pages=0), "ingen sider"),
        (pdf_with(pages=5)[:-200], "ufullstendig"),
        (b"%PDF-1.7\n%%EOF", "ufullstendig"),
        (b"%PDF-1.7\n" + b"[" * 200_000 + b"\n%%EOF", "ufullstendig"),
        (jpeg(), "ikke en PDF"),
    ],
    ids=["password", "encrypted", "no-pages", "cut-off", "empty-shell", "deep-nesting", "jpeg"],
)
def test_unusable_pdfs_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UploadRefused, match=reason):
        check_signed_pdf(content)


def test_a_pdf_that_unpacks_to_gigabytes_is_refused() -> None:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(300)) + packer.flush()
    table = (
        b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 100/W[1 2 2]/Root 2 0 R/Filter/FlateDecode/Length "
        + str(len(packed)).encode()
        + b">>\nstream\n"
        + packed
        + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    )
    with pytest.raises(UploadRefused, match="ufullstendig"):
        check_signed_pdf(table)
