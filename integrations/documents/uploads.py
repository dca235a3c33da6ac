"""What employees upload: told apart by what is in the file, never by its name, and refused in words they understand."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import pikepdf

MAX_BYTES: Final = 25 * 1024 * 1024
MAX_PDF_OBJECTS: Final = 100_000
MAX_PDF_VALUES: Final = 1_000_000
"""An agreement has a few hundred objects; a file with more than this is refused rather than searched all night."""

MAX_DECODED_BYTES: Final = 64 * 1024 * 1024
TAIL_BYTES: Final = 2048
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# What people do send by mistake, each with the words that help them on.
KNOWN_MISTAKES: Final = (
    (b"GIF8", "Filen er et GIF-bilde. Ta et vanlig bilde med telefonen og last opp det (JPEG, PNG eller HEIC)."),
    (b"PK", "Filen er en zip-fil eller et Office-dokument. Last opp selve bildet, eller lagre dokumentet som PDF."),
    (b"\xd0\xcf\x11\xe0", "Filen er et eldre Office-dokument. Lagre det som PDF og last opp den filen."),
    (b"MZ", "Filen er et program og ikke et bilde. Last opp et bilde (JPEG, PNG eller HEIC) eller en PDF."),
    (b"<", "Filen er en nettside eller en tegning. Last opp et bilde (JPEG, PNG eller HEIC) eller en PDF."),
)
MAX_UNPACKED: Final = 256 * 1024 * 1024
PICTURES: Final = frozenset({b"/DCTDecode", b"/JPXDecode", b"/JBIG2Decode", b"/CCITTFaxDecode"})
SHAPES_ELSEWHERE: Final = (pikepdf.Name.Type0, pikepdf.Name.Type3)
FONT_FILES: Final = ("/FontFile", "/FontFile2", "/FontFile3")
NOT_A_PHOTO_OR_PDF: Final = "Filtypen kan ikke brukes. Last opp et bilde (JPEG, PNG eller HEIC) eller en PDF."


class UploadKind(StrEnum):
    PHOTO = "photo"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class CheckedPdf:
    """How many pages it has, and whether somebody has signed it electronically, so that any change would show."""

    pages: int
    is_signed: bool


class UploadRefused(Exception):  # noqa: N818 - an ordinary outcome with its answer to the employee, not a fault
    """The file cannot be used. The message is Norwegian: what is wrong with it, and what to send instead."""


def classify(content: bytes) -> UploadKind:
    """Tell what a file is by its first bytes.

    That it can also be read to its end is for `clean_photo` and `check_signed_pdf` to find out.

    Raises:
        UploadRefused: empty, larger than `MAX_BYTES`, or neither photo nor PDF.
    """
    if not content:
        raise UploadRefused("Filen er tom. Last den opp på nytt.")
    if len(content) > MAX_BYTES:
        raise UploadRefused("Filen er større enn 25 MB. Last opp et mindre bilde eller en mindre PDF.")
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or is_heic(content):
        return UploadKind.PHOTO
    if content.startswith(b"%PDF-"):
        return UploadKind.PDF
    beginning = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    raise UploadRefused(
        next((advice for magic, advice in KNOWN_MISTAKES if beginning.startswith(magic)), NOT_A_PHOTO_OR_PDF)
    )


def is_heic(content: bytes) -> bool:
    """Whether the file says it is a HEIC photo, which is what an iPhone takes."""
    return content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS


def check_signed_pdf(content: bytes) -> CheckedPdf:
    """Check that a signed agreement can be read for as long as the archive keeps it, and hides nothing.

    The file itself is never changed: that would break an electronic signature.

    Raises:
        UploadRefused: not a PDF, damaged, without pages, protected by a password, or with scripts, programs to start
            or other files inside.
    """
    if classify(content) is not UploadKind.PDF:
        raise UploadRefused("Filen er ikke en PDF. Lagre den signerte avtalen som PDF og last opp den filen.")
    damaged = UploadRefused("PDF-filen er skadet eller ufullstendig. Lagre den på nytt og last den opp igjen.")
    if b"%%EOF" not in content[-TAIL_BYTES:]:
        raise damaged
    _limit_decoding()
    try:
        with pikepdf.open(io.BytesIO(content), suppress_warnings=True) as pdf:
            return _checked(pdf)
    except pikepdf.PasswordError as error:
        raise UploadRefused(
            "PDF-filen er beskyttet med passord. Lagre den uten passord og last den opp igjen."
        ) from error
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, RecursionError) as error:
        raise damaged from error


@cache
def _limit_decoding() -> None:
    """A few kilobytes can unpack to gigabytes; qpdf knows limits for that, but only for the whole process."""
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=MAX_DECODED_BYTES,
        png_max_memory=MAX_DECODED_BYTES,
        tiff_max_memory=MAX_DECODED_BYTES,
        run_length_max_memory=MAX_DECODED_BYTES,
        dct_max_memory=MAX_DECODED_BYTES,
        parser_max_container_size=MAX_PDF_VALUES,
    )


def keeps_its_look(content: bytes) -> bool:
    """Whether a file that calls itself PDF/A has what every such file must have, as far as can be seen at once.

    It is whole: nothing had to be mended, and every stream unpacks. All fonts are inside, and nothing is packed in the
    one way that PDF/A forbids (ISO 19005-2, 6.2.11.4 and 6.1.7.2).
    """
    with pikepdf.open(io.BytesIO(content), suppress_warnings=True) as pdf:
        is_proper = all(not _is_foreign_font(each) and not _is_lzw(each) for each in _dictionaries(pdf))
        return is_proper and _unpacks(pdf)


def _unpacks(pdf: pikepdf.Pdf) -> bool:
    """Whether all of it can be read; pictures are left to whoever looks at them."""
    unpacked = 0
    for stream in pdf.objects:
        if isinstance(stream, pikepdf.Stream) and PICTURES.isdisjoint(_filters(stream)):
            try:
                unpacked += len(stream.read_bytes())
            except pikepdf.PdfError:
                return False
            if unpacked > MAX_UNPACKED:
                return False
    return not pdf.get_warnings()


def _is_foreign_font(dictionary: pikepdf.Object) -> bool:
    """A font without its shapes. Type 3 draws its own, and type 0 has them in the font below it."""
    if dictionary.get("/Type") != pikepdf.Name.Font or dictionary.get("/Subtype") in SHAPES_ELSEWHERE:
        return False
    descriptor = dictionary.get("/FontDescriptor")
    return not (isinstance(descriptor, pikepdf.Dictionary) and any(name in descriptor for name in FONT_FILES))


def _is_lzw(dictionary: pikepdf.Object) -> bool:
    return b"/LZWDecode" in _filters(dictionary)


def _filters(dictionary: pikepdf.Object) -> set[bytes]:
    """As bytes: a name need not be UTF-8."""
    packed = dictionary.get("/Filter")
    names = packed if isinstance(packed, pikepdf.Array) else [packed]
    return {each.unparse() for each in names if isinstance(each, pikepdf.Name)}


def _checked(pdf: pikepdf.Pdf) -> CheckedPdf:
    # A file may be encrypted with an empty password: it opens here, and perhaps not in the archive's tools.
    if pdf.is_encrypted:
        raise UploadRefused("PDF-filen er kryptert. Lagre den uten beskyttelse og last den opp igjen.")
    pages = len(pdf.pages)
    if pages == 0:
        raise UploadRefused("PDF-filen har ingen sider. Lagre den signerte avtalen på nytt og last den opp igjen.")
    is_signed = False
    for dictionary in _dictionaries(pdf):
        _refuse_active_content(dictionary)
        is_signed = is_signed or "/ByteRange" in dictionary
    return CheckedPdf(pages, is_signed)


def _refuse_active_content(dictionary: pikepdf.Object) -> None:
    action = dictionary.get("/S")
    if "/JS" in dictionary or "/JavaScript" in dictionary or action == pikepdf.Name("/JavaScript"):
        raise UploadRefused("PDF-filen inneholder skript. Skriv den ut til PDF på nytt og last opp den filen.")
    if action == pikepdf.Name("/Launch"):
        raise UploadRefused("PDF-filen prøver å starte et program. Skriv den ut til PDF på nytt og last opp den filen.")
    if "/EF" in dictionary or "/EmbeddedFiles" in dictionary:
        raise UploadRefused("PDF-filen har andre filer i seg. Fjern vedleggene i den og last den opp igjen.")


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary of the file, also those that nothing seems to refer to."""
    too_much = UploadRefused("PDF-filen er for innviklet. Skriv den ut til PDF på nytt og last opp den filen.")
    if len(pdf.objects) > MAX_PDF_OBJECTS:
        raise too_much
    waiting: list[pikepdf.Object] = [pdf.trailer, *pdf.objects]
    seen = 0
    while waiting:
        seen += 1
        if seen > MAX_PDF_VALUES:
            raise too_much
        value = waiting.pop()
        if isinstance(value, pikepdf.Array):
            children: Iterator[object] = iter(value)
        elif isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
            yield value
            children = (child for _, child in value.items())
        else:
            continue
        # Indirect objects are in `pdf.objects` already; following them here would go in circles.
        waiting.extend(child for child in children if isinstance(child, pikepdf.Object) and not child.is_indirect)
