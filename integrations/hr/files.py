"""A file that the HR system leaves for us: on this machine, or behind an address to download from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import requests
from requests.auth import AuthBase

from integrations.hr.http import BrokenContentError, HrHttp, NoAuth, Question, sentence
from integrations.hr.source import HrRefused, HrUnreadable

ASK_FOR_A_NEW_FILE = "have the HR system write the file anew"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HrFile:
    """Where the file is: an address with http(s), or a path. `auth` opens an address."""

    location: str
    auth: AuthBase = field(default_factory=NoAuth, repr=False)
    accept: str = "*/*"

    @property
    def is_remote(self) -> bool:
        return self.location.startswith(("http://", "https://"))


def read_file(http: HrHttp, file: HrFile, read: Callable[[BinaryIO], T]) -> tuple[T, datetime | None]:
    """What `read` makes of the file's bytes, and when the file was last written, where that is known.

    `read` may take the stream whole or piece by piece, and raises BrokenContentError when it is not what it should be.
    Nothing is kept on disk.

    Raises:
        HrRefused: no such file, no access.
        HrUnreadable: the file could not be read to its end, or is not what it should be.
    """
    if file.is_remote:
        return http.get(Question(file.location, file.auth, file.accept), lambda response: _download(response, read))
    return _open(Path(file.location), read)


def _download(response: requests.Response, read: Callable[[BinaryIO], T]) -> tuple[T, datetime | None]:
    response.raw.decode_content = True  # otherwise a compressed answer arrives as it was sent
    found = read(cast("BinaryIO", response.raw))
    response.raw.read()  # whatever `read` left; it complains when less came than was announced
    return found, _http_date(response.headers.get("Last-Modified"))


def _open(path: Path, read: Callable[[BinaryIO], T]) -> tuple[T, datetime | None]:
    try:
        before = path.stat()
        with path.open("rb") as stream:
            found = read(stream)
        after = path.stat()
    except BrokenContentError as error:
        raise HrUnreadable(sentence(str(path), str(error), ASK_FOR_A_NEW_FILE)) from None
    except OSError as error:
        raise HrRefused(sentence(str(path), f"cannot be read ({error.strerror})", "check HK_HR_URL")) from None
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise HrUnreadable(sentence(str(path), "was written to while it was read", "try again in a moment"))
    return found, datetime.fromtimestamp(after.st_mtime, UTC)


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
