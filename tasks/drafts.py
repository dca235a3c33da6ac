"""The draft agreement that lies ready in a case folder, told apart from what people and apps leave there."""

import re
from collections.abc import Collection, Mapping

from integrations.graph.drive import Upload
from integrations.graph.quickxor import quick_xor_hash

DRAFT = "Avtaleutkast {number}.pdf"
NAMED_SO = re.compile(DRAFT.format(number="(.+)").replace(".pdf", r"\.pdf"))


def draft_name(case_number: str) -> str:
    return DRAFT.format(number=case_number)


def case_of_draft(name: str) -> str | None:
    """The number of the case whose draft has this name; None where it is no draft's."""
    found = NAMED_SO.fullmatch(name)
    return None if found is None else found[1]


def is_our_draft(file: Upload, put: Mapping[str, Collection[tuple[int, str]]], application: str | None) -> bool:
    """Whether a file is, byte for byte, what we put there: not who touched it last says so.

    `put` are size and hash of what we put there, by case number. Of drafts older than that it must be ours, the app
    with this `application` id, that made the file, and nobody may have had a hand in it since.
    """
    number = case_of_draft(file.name)
    if number is None:
        return False
    is_untouched = file.sender_id is None and (file.made_by or "").lower() == (application or "").lower() != ""
    if number not in put:
        return is_untouched
    sizes = {size for size, _ in put[number]}
    not_hashed_yet = file.stored.quick_xor_hash is None and file.stored.size in sizes and is_untouched
    return not_hashed_yet or (file.stored.size, file.stored.quick_xor_hash) in put[number]


def holds_our_draft(name: str, content: bytes, put: Mapping[str, Collection[tuple[int, str]]]) -> bool:
    """The same of the bytes themselves: what the library says of them may be wrong for a while."""
    return holds_one_of(content, put.get(case_of_draft(name) or "", ()))


def holds_one_of(content: bytes, drafts: Collection[tuple[int, str]]) -> bool:
    """Whether these bytes are one of our drafts, by size and hash, whatever the file is called."""
    return any(size == len(content) for size, _ in drafts) and (len(content), quick_xor_hash(content)) in drafts
