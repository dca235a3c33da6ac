"""Reading a PDF back as a person or a screen reader would: its words, its tags, its pictures."""

import io
import re
from collections.abc import Iterator

import pikepdf

HEX = rb"<([0-9A-Fa-f]+)>"


def text_of(content: bytes) -> str:
    """The words of all pages in drawing order, with every run of white space as one space.

    Line ends carry no space in the file, so compare with `without_space` where a text may be broken.
    """
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return " ".join(" ".join("".join(_page_text(page)) for page in pdf.pages).split())


def without_space(text: str) -> str:
    return re.sub(r"[\s\u200b\u00ad]", "", text)


def says(content: bytes, text: str) -> bool:
    return without_space(text) in without_space(text_of(content))


def tags_of(content: bytes) -> list[pikepdf.Object]:
    """The structure elements: what a screen reader walks through."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        elements = [value for value in pdf.objects if isinstance(value, pikepdf.Dictionary)]
        return [_kept(element) for element in elements if element.get("/Type") == pikepdf.Name("/StructElem")]


def pictures_of(content: bytes) -> list[bytes]:
    """The JPEG files inside, as they were put in."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        streams = [value for value in pdf.objects if isinstance(value, pikepdf.Stream)]
        return [stream.read_raw_bytes() for stream in streams if stream.get("/Filter") == pikepdf.Name("/DCTDecode")]


def _kept(element: pikepdf.Object) -> pikepdf.Object:
    kept = {name: element[name] for name in ("/S", "/Alt") if name in element}
    return pikepdf.Dictionary({name: pikepdf.Object.parse(value.unparse()) for name, value in kept.items()})


def _page_text(page: pikepdf.Page) -> Iterator[str]:
    fonts = {name: _unicode_map(font) for name, font in page.resources.get("/Font", {}).items()}
    unicode_map: dict[int, str] = {}
    for instruction in pikepdf.parse_content_stream(page):
        operands = instruction.operands
        match str(instruction.operator):
            case "Tf":
                unicode_map = fonts[str(operands[0])]
            case "Tj":
                yield _decoded(operands[0], unicode_map)
            case "TJ":
                yield from (_decoded(part, unicode_map) for part in operands[0] if isinstance(part, pikepdf.String))
            case "ET":
                yield " "


def _decoded(codes: pikepdf.Object, unicode_map: dict[int, str]) -> str:
    raw = bytes(codes)
    return "".join(unicode_map.get(int.from_bytes(raw[at : at + 2]), "") for at in range(0, len(raw), 2))


def _unicode_map(font: pikepdf.Object) -> dict[int, str]:
    found: dict[int, str] = {}
    table = font.ToUnicode.read_bytes()
    for section in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        found |= {int(code, 16): _utf_16(text) for code, text in re.findall(HEX + rb"\s*" + HEX, section)}
    for section in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(rb"\s*".join([HEX] * 3), section):
            start = int(first, 16)
            found |= {code: chr(ord(_utf_16(text)) + code - start) for code in range(start, int(last, 16) + 1)}
    return found


def _utf_16(text: bytes) -> str:
    return bytes.fromhex(text.decode()).decode("utf-16-be")
