"""Which names SharePoint takes for files and folders."""

import re

from sandbox.graph.errors import invalid_request

FORBIDDEN = re.compile(r'["*:<>?/\\|\x00-\x1f]')
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|desktop\.ini|\.lock)", re.IGNORECASE)
MAX_LENGTH = 255
"""Characters for SharePoint, and bytes for the file systems the sandbox writes to."""


def check_name(name: str) -> None:
    """Refuse what SharePoint refuses, which includes everything that would lead out of a folder.

    Raises:
        GraphError: 400.
    """
    fits = 0 < len(name.encode()) <= MAX_LENGTH
    if not fits or FORBIDDEN.search(name) or name != name.strip() or name.endswith("."):
        raise invalid_request('The provided name cannot contain any of these characters: " * : < > ? / \\ |')
    if RESERVED.fullmatch(name) or name.startswith("~$") or "_vti_" in name:
        raise invalid_request("The provided name is reserved")


def numbered(name: str, number: int, *, is_folder: bool) -> str:
    """`name` with a number before its extension, as the service renames on conflict."""
    stem, dot, extension = ("", "", "") if is_folder else name.rpartition(".")
    return f"{stem} {number}.{extension}" if dot and stem else f"{name} {number}"
