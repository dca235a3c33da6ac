"""Which format a file is, by its id in PRONOM, the registry of formats that archives go by."""

import io
import re
from collections.abc import Mapping
from typing import Final

import pikepdf

JPEG: Final = "fmt/43"
FORMATS: Final[Mapping[str, str]] = {
    "fmt/95": "PDF/A-1a",
    "fmt/354": "PDF/A-1b",
    "fmt/476": "PDF/A-2a",
    "fmt/477": "PDF/A-2b",
    "fmt/478": "PDF/A-2u",
    "fmt/17": "PDF 1.3",
    "fmt/18": "PDF 1.4",
    "fmt/19": "PDF 1.5",
    "fmt/20": "PDF 1.6",
    "fmt/276": "PDF 1.7",
    "fmt/1129": "PDF 2.0",
    JPEG: "JPEG (JFIF 1.01)",
}
"""By their PRONOM id, the formats we file. Plain PDF is what was uploaded before only PDF/A was taken in."""
BY_NAME: Final = {name: pronom for pronom, name in FORMATS.items()}
OTHER_PDF: Final = BY_NAME["PDF 1.7"]
CLAIM: Final = re.compile(r"^(?P<part>[12])(?P<level>[ABU])$")


def pronom_of(content: bytes) -> str:
    """The format of a file that is to be filed: a photo of ours, or a PDF."""
    if not content.startswith(b"%PDF-"):
        return JPEG
    return BY_NAME.get(claimed_pdf_a(content) or f"PDF {content[5:8].decode('ascii', 'replace')}", OTHER_PDF)


def claimed_pdf_a(content: bytes) -> str | None:
    """The PDF/A that the file says it is, if archives take it: 1a, 1b, 2a, 2b or 2u. None for everything else.

    That it says so is no proof; `uploads` looks further, and veraPDF is the judge.
    """
    try:
        with pikepdf.open(io.BytesIO(content), suppress_warnings=True) as pdf, pdf.open_metadata() as metadata:
            claim = CLAIM.match(f"{metadata.get('pdfaid:part', '')}{metadata.get('pdfaid:conformance', '')}".upper())
    except (pikepdf.PdfError, ValueError, TypeError, KeyError):
        return None
    return None if claim is None else f"PDF/A-{claim['part']}{claim['level'].lower()}"
