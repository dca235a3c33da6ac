"""A mail's HTML as text to read: paragraphs, lists with dashes, and the address of each link after its words."""

import re
from html.parser import HTMLParser

PARAGRAPHS = frozenset({"p", "ul", "ol", "h2"})
LINES = frozenset({"li", "br"})
LIST_ITEM = "- "
UNSEEN = frozenset({"head"})
RULE = "-" * 40


def plain_text(html: str) -> str:
    """What a person reads of one of our own mails. Names come out as they are, without any escaping.

    It knows the elements of the templates; the text of any other is kept, on the line it stands in.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._paragraphs: list[list[str]] = [[""]]
        self._address = ""
        self._unseen = 0

    @property
    def text(self) -> str:
        paragraphs = ("\n".join(line for line in map(_tidy, lines) if line) for lines in self._paragraphs)
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in PARAGRAPHS:
            self._paragraphs.append([RULE, ""] if tag == "h2" else [""])
        elif tag in LINES:
            self._paragraphs[-1].append(LIST_ITEM if tag == "li" else "")
        elif tag == "a":
            self._address = dict(attrs).get("href") or ""
        elif tag in UNSEEN:
            self._unseen += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self._paragraphs.append([""])
        elif tag == "a":
            self._paragraphs[-1][-1] += f" <{self._address}>"
        elif tag in UNSEEN:
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._paragraphs[-1][-1] += data


def _tidy(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip()
