"""Which text encoding a file is really in. A wrong guess would rename half of the staff, so doubt is an error."""

import re

from integrations.hr.csv_export.columns import Encoding
from integrations.hr.http import BrokenContentError

WAY_OUT = "have the HR system export it as CSV in UTF-8"
LINE_ENDS = (b"\n", b"\r")
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
WORKBOOK = b"PK\x03\x04"
ASCII = bytes(range(128))

UTF_8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
ENCODED_TWICE = re.compile(rb"\xc3\x83(?:\xc2[\x80-\xbf]|[\xc5\xc6\xcb][\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf])")
"""UTF-8 that was taken for Windows-1252 and written as UTF-8 once more: each Norwegian letter has become two."""


class WrongFormatError(Exception):
    """The file is whole, but not in a form we read; asking again will not help. Quotes nothing from the file."""

    def __init__(self, what: str, what_to_do: str = WAY_OUT) -> None:
        super().__init__(what)
        self.what_to_do = what_to_do


def codec_of(content: bytes, wanted: Encoding | None) -> str:
    """Python's name for the encoding: `wanted`, or else UTF-8 if the content is that, or else Windows-1252.

    Raises:
        BrokenContentError: nothing there, a web page, or a last line that breaks off.
        WrongFormatError: another encoding, or one that was mixed up on the way.
    """
    if content.startswith(UTF_16_MARKS) or b"\0" in content:
        raise WrongFormatError("is UTF-16 (which Excel calls Unicode) or no text at all")
    if content.startswith(WORKBOOK):
        raise WrongFormatError("is an Excel workbook or an archive")
    text = content[:1_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise BrokenContentError("is empty")
    if text.startswith(b"<"):
        raise BrokenContentError("is a web page or XML instead of CSV")
    if not content.endswith(LINE_ENDS):
        raise BrokenContentError("breaks off: its last line has no line end")
    return _codec(content, wanted)


def _codec(content: bytes, wanted: Encoding | None) -> str:
    broken_at = _first_not_in(content, "utf-8")
    if wanted is not Encoding.WINDOWS_1252 and broken_at is None:
        if _mostly(ENCODED_TWICE, content):
            raise WrongFormatError("has its letters encoded twice (å has become Ã¥)")
        return "utf-8-sig"
    if wanted is Encoding.UTF_8:
        raise WrongFormatError(f"is not UTF-8 in line {broken_at}")
    if _mostly(UTF_8_SEQUENCE, content):
        where = f" with a broken letter in line {broken_at}" if broken_at else ""
        raise WrongFormatError(f"is UTF-8{where}, and would come out garbled in another encoding")
    if undefined_at := _first_not_in(content, "cp1252"):
        raise WrongFormatError(f"is neither UTF-8 nor Windows-1252: see line {undefined_at}")
    return "cp1252"


def _first_not_in(content: bytes, codec: str) -> int | None:
    """The first line with something that this encoding does not know."""
    try:
        content.decode(codec)
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return None


def _mostly(pattern: re.Pattern[bytes], content: bytes) -> bool:
    """Whether the pattern covers more than half of what is not plain ASCII."""
    covered = sum(match.end() - match.start() for match in pattern.finditer(content))
    return covered * 2 > len(content.translate(None, ASCII))
