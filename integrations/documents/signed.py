"""A signed agreement as the archive keeps it: as it is when it is PDF/A, else its pages as pictures in a PDF/A-2b."""

from datetime import date
from hashlib import sha256
from typing import Final, Literal

from agreements.documents import Language
from agreements.words import date_in_words
from integrations.documents.agreement import Json, embedded, typeset
from integrations.documents.formats import claimed_pdf_a
from integrations.documents.page_pictures import NotDrawnError, pages_of
from integrations.documents.uploads import UploadRefused, check_signed_pdf, keeps_its_look

MAX_PAGES: Final = 30
"""An agreement has a handful; each page is drawn and kept as a picture."""
STANDARD: Final[list[Literal["a-2b"]]] = ["a-2b"]
"""Pictures of pages have no structure that a screen reader could follow, so the file claims none."""


def for_the_archive(content: bytes, received_on: date, language: Language) -> bytes:
    """The file itself, or a reproduction that says so and has the file's SHA-256; the same input gives the same bytes.

    Raises:
        UploadRefused: as of `check_signed_pdf`; or not PDF/A and signed electronically, too long, or not to be drawn.
    """
    checked = check_signed_pdf(content)
    if claimed_pdf_a(content) is not None and keeps_its_look(content):
        return content
    if checked.is_signed:
        raise UploadRefused(
            "PDF-filen er signert elektronisk, men er ikke lagret som PDF/A, og signaturen ville gått tapt om vi "
            "gjorde den om. Lagre avtalen som PDF/A før du signerer den, eller godta avtalen i skjemaet."
        )
    if checked.pages > MAX_PAGES:
        raise UploadRefused("PDF-filen har for mange sider. Last opp bare den signerte avtalen (høyst 30 sider).")
    try:
        return reproduction(content, received_on, language)
    except NotDrawnError as error:
        raise UploadRefused(
            "PDF-filen kan ikke gjøres om til arkivformat. Skriv den ut til PDF på nytt og last opp den filen."
        ) from error


def reproduction(content: bytes, received_on: date, language: Language) -> bytes:
    """Pictures of all pages, each as large as the page was, and at last what this file is and of what.

    Raises:
        NotDrawnError: the pages cannot be drawn.
    """
    pages: list[Json] = [
        {**embedded(page.jpeg), "page_width": page.width, "page_height": page.height} for page in pages_of(content)
    ]
    data: dict[str, Json] = {
        "language": language,
        "received_on": date_in_words(received_on),
        "sha256": sha256(content).hexdigest(),
    }
    return typeset("reproduction.typ", data, received_on, {"pages": pages}, STANDARD)
