"""The pages of a PDF as pictures, drawn in a process of its own: what a hostile file does there, it does to nobody.

Run as a module it reads a PDF from its input and writes each page as a JPEG, each after its length; `pages_of` is what
others call. The process has no environment, and limits on time and memory.
"""

import io
import resource
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pypdfium2
from PIL import Image

SECONDS: Final = 60
MEMORY: Final = 3 * 1024**3
LONGEST_SIDE: Final = 2400
"""Pixels: 200 an inch on an A4 page."""
FINEST: Final = 300 / 72
"""Pixels for each of the page's points, on pages that are small."""
SIDES: Final = (3, 14_400)
"""Points: the smallest and the largest side of a page in PDF/A-2 (ISO 19005-2, 6.1.13)."""
JPEG_QUALITY: Final = 85
HEADER: Final = struct.Struct(">III")
ROOT: Final = Path(__file__).parents[2]


class NotDrawnError(Exception):
    """The file's pages could not be drawn, or took too long."""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page as it would be printed. `width` and `height` are the page's own, in points (1/72 inch), within SIDES."""

    jpeg: bytes
    width: int
    height: int


def pages_of(content: bytes) -> list[PagePicture]:
    """Every page of the PDF, with what is filled in and drawn on it.

    Raises:
        NotDrawnError: the file cannot be read, or asks for more time or memory than an agreement needs.
    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=content, capture_output=True, timeout=SECONDS, env={}, cwd=ROOT, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotDrawnError("the pages took too long to draw") from None
    pages = list(_read(done.stdout))
    if done.returncode != 0 or not pages:
        raise NotDrawnError(f"the pages could not be drawn ({done.returncode})")
    return pages


def _read(written: bytes) -> Iterator[PagePicture]:
    at = 0
    while at < len(written):
        length, width, height = HEADER.unpack_from(written, at)
        at += HEADER.size
        yield PagePicture(written[at : at + length], width, height)
        at += length


def _draw(content: bytes) -> Iterator[PagePicture]:
    pdf = pypdfium2.PdfDocument(content)
    pdf.init_forms()
    for page in pdf:
        width, height = page.get_size()
        scale = min(FINEST, LONGEST_SIDE / max(width, height))
        drawn = page.render(scale=scale, may_draw_forms=True, draw_annots=True)
        picture: Image.Image = drawn.to_pil().convert("RGB")
        encoded = io.BytesIO()
        picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
        yield PagePicture(encoded.getvalue(), _side(width), _side(height))


def _side(points: float) -> int:
    return min(max(round(points), SIDES[0]), SIDES[1])


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for page in _draw(sys.stdin.buffer.read()):
        sys.stdout.buffer.write(HEADER.pack(len(page.jpeg), page.width, page.height) + page.jpeg)


if __name__ == "__main__":
    _main()
