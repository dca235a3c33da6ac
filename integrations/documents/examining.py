"""An upload, whatever it is: what is to be kept of it, or why it cannot be used. Nothing it holds is fatal."""

import traceback
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from agreements.documents import Language
from integrations.documents.photos import clean_photo
from integrations.documents.signed import for_the_archive
from integrations.documents.uploads import UploadKind, UploadRefused, classify

TOO_MUCH: Final = (
    "Filen er for stor til å bli lest. Ta et bilde med vanlig oppløsning, eller skriv dokumentet ut til PDF på nytt, "
    "og last det opp."
)
UNREADABLE: Final = (
    "Filen kunne ikke leses. Ta et nytt bilde, eller skriv dokumentet ut til PDF på nytt, og last det opp."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What an upload is and the bytes to keep of it, or the sentence that refuses it.

    `fault` is set when nobody had expected such a file: the kind of error and where it came up, and nothing of what
    the file or the error says.
    """

    kind: UploadKind | None = None
    content: bytes = b""
    refusal: str | None = None
    fault: str | None = None


def examined(content: bytes, received_on: date, language: Language) -> Finding:
    """Whatever the libraries make of it: what they raise is this file's own affair."""
    try:
        kind = classify(content)
        kept = clean_photo(content).content if kind is UploadKind.PHOTO else None
        return Finding(kind, kept or for_the_archive(content, received_on, language))
    except UploadRefused as refusal:
        return Finding(refusal=str(refusal))
    except MemoryError:
        return Finding(refusal=TOO_MUCH)
    except Exception as error:  # noqa: BLE001 - a stranger's file can make a library raise anything
        return Finding(refusal=UNREADABLE, fault=_where(error))


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent == Path(__file__).parent]
    last = ours[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} ({last.name})"
