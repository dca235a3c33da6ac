"""Clause texts as plain text files, for HR to edit: a file a clause, its heading on the first line."""

import re
from collections.abc import Sequence
from pathlib import Path

from agreements.policy import ClauseText

FIRST_LINE = re.compile(r"(?:(?P<letter>[a-z])\)\s*)?(?P<heading>\S.*)")
NOT_IN_A_NAME = re.compile(r"[^\w]+")


def read_clauses(folder: Path) -> tuple[ClauseText, ...]:
    """The clauses in a folder, in the order of the files' names.

    The first line is the heading, with the regulation's letter before it where there is one: `a) Omfang`. The rest is
    the text; an empty line parts two paragraphs, and other line breaks are as wide as the editor was.

    Raises:
        ValueError: there is no such folder or no file in it, or a file cannot be used. The message names it.
    """
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise ValueError(f"{folder.name}: there is no folder of this name beside the policy with .txt files in it")
    return tuple(_read(file) for file in files)


def write_clauses(folder: Path, clauses: Sequence[ClauseText]) -> list[Path]:
    """The clauses as files that `read_clauses` gives back word for word.

    Raises:
        FileExistsError: there is something in the folder already; nothing is overwritten.
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder}: not empty; choose a new folder")
    written = []
    for place, clause in enumerate(clauses, start=1):
        slug = NOT_IN_A_NAME.sub("-", clause.heading.lower()).strip("-")
        file = folder / f"{place:02d}-{slug}.txt"
        head = f"{clause.letter}) {clause.heading}" if clause.letter else clause.heading
        paragraphs = "\n\n".join(line for line in clause.text.splitlines() if line.strip())
        file.write_text(f"{head}\n\n{paragraphs}\n", encoding="utf-8")
        written.append(file)
    return written


def _read(file: Path) -> ClauseText:
    try:
        # An editor on Windows may put a mark of the encoding first.
        lines = file.read_text(encoding="utf-8-sig").strip().splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{file.name}: the file is not UTF-8 text. Save it as UTF-8.") from None
    head = FIRST_LINE.fullmatch(lines[0].strip()) if lines else None
    text = _paragraphs(lines[1:])
    if head is None or not text:
        raise ValueError(
            f"{file.name}: the first line must be the heading, such as «a) Omfang», and the text follow it"
        )
    try:
        return ClauseText(letter=head["letter"] or "", heading=head["heading"], text=text)
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from None


def _paragraphs(lines: Sequence[str]) -> str:
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    return "\n".join(" ".join(paragraph) for paragraph in paragraphs if paragraph)
