"""One complete walk of the users, with proof that it was complete.

SCIM pages by position, and knows neither a time of last change nor a size to compare with. A user deleted from what
has been read moves another one over the border of the page, unseen; a user added meanwhile even keeps the total. So
every page begins with the last row of the one before: as long as that row stands where it stood, nobody has slipped
by. A walk counts only if every border held, the total never moved, not even afterwards, and as many different users
came as were announced. Otherwise it is walked again.

What that proves is that everyone who was there all the time was read, as long as users keep their order. Servers that
can sort are therefore asked to, by id.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
import requests

from integrations.hr.http import TRY_LATER, BrokenContentError
from integrations.hr.scim.client import Parameters, ScimClient
from integrations.hr.scim.records import ATTRIBUTES, UnreadUser, User, in_our_spelling, read_user, scim_id_of
from integrations.hr.source import HrUnreadable

WALKS = 3
USERS = "/Users"
PROVIDER = "/ServiceProviderConfig"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:listresponse"


class _Page(msgspec.Struct):
    schemas: list[str]
    total: int = msgspec.field(name="totalResults")
    rows: list[msgspec.Raw] | None = msgspec.field(name="Resources", default=None)
    start: int | None = msgspec.field(name="startIndex", default=None)


class _Feature(msgspec.Struct):
    supported: bool = False


class _Provider(msgspec.Struct):
    sort: _Feature = msgspec.field(default_factory=_Feature)


_PAGE = msgspec.json.Decoder(_Page)
_PROVIDER = msgspec.json.Decoder(_Provider)


@dataclass(slots=True)
class Walked:
    users: list[User] = field(default_factory=list)
    unread: list[UnreadUser] = field(default_factory=list)


class _DriftError(Exception):
    """The source changed, or seems to have, while it was read."""


def walk(client: ScimClient, only: str | None, page_size: int) -> Walked:
    """Every user that the filter `only` lets through.

    Raises:
        HrUnreadable: no answer, or no walk of three could be proven complete, or there is nobody there at all.
    """
    query: dict[str, str | int] = {"attributes": ",".join(ATTRIBUTES)}
    if only is not None:
        query["filter"] = only
    if _can_sort(client, query):
        query["sortBy"] = "id"
    problem = ""
    for _ in range(WALKS):
        try:
            return _walk_once(client, query, page_size)
        except _DriftError as error:
            problem = str(error)
    raise HrUnreadable(f"{client.address(USERS)} {problem}, {WALKS} times in a row: {TRY_LATER}")


def _can_sort(client: ScimClient, query: Parameters) -> bool:
    """It must say so and do so: some that sort by name refuse to by id."""
    if not client.get_if_offered(PROVIDER, _says_it_sorts):
        return False
    first_row = {**query, "sortBy": "id", "startIndex": 1, "count": 1}
    return client.get_if_offered(USERS, _read_page, first_row) is not None


def _walk_once(client: ScimClient, query: Parameters, page_size: int) -> Walked:
    walked = Walked()
    seen: set[Hashable] = set()
    count, total, border = 0, None, None
    while total is None or count < total:
        start = max(count, 1)
        page = client.get(USERS, _read_page, {**query, "startIndex": start, "count": page_size})
        rows = _new_rows(page, start, total, border)
        total = page.total
        for place, raw in enumerate(rows, count + 1):
            seen.add(_take(walked, raw, place))
        count += len(rows)
        border = _mark(rows[-1]) if rows else None
    if count == total == 0:
        raise HrUnreadable(f"{client.address(USERS)} lists nobody: check HK_HR_FILTER and what the token may read")
    if client.get(USERS, _read_page, {**query, "startIndex": 1, "count": 1}).total != total:
        raise _DriftError("changed its total while it was read")
    if len(seen) != total or count != total:
        raise _DriftError(f"announced {total} users and gave {len(seen)} different ones")
    return walked


def _new_rows(page: _Page, start: int, total: int | None, border: str | None) -> list[msgspec.Raw]:
    """The page's rows without the one that was read before, which must be where it was."""
    if total is not None and page.total != total:
        raise _DriftError("changed its total while it was read")
    if page.start is not None and page.start != start:
        raise _DriftError("gave another page than the one asked for")
    rows = page.rows or []
    if border is not None:
        if rows and _mark(rows[0]) != border:
            raise _DriftError("moved users about while it was read")
        rows = rows[1:]
    if not rows and page.total > 0:
        raise _DriftError("left out a page")
    return rows


def _take(walked: Walked, raw: msgspec.Raw, place: int) -> Hashable:
    """Keep a row, or what is wrong with it; returns what tells it apart from the other rows."""
    user = read_user(raw, f"Users[{place}]")
    if isinstance(user, User):
        walked.users.append(user)
    else:
        walked.unread.append(user)
    return user.scim_id or place


def _mark(raw: msgspec.Raw) -> str:
    return scim_id_of(raw) or blake2b(raw, digest_size=16).hexdigest()


def _read_page(response: requests.Response) -> _Page:
    content = response.content
    try:
        content.decode()  # the decoder does not look at the encoding of what it skips
        page = _PAGE.decode(in_our_spelling(content))
    except (UnicodeDecodeError, msgspec.DecodeError):
        raise BrokenContentError("answered with something other than SCIM's JSON") from None
    if LIST_RESPONSE not in map(str.lower, page.schemas):
        raise BrokenContentError("answered with something other than a SCIM 2.0 list")
    return page


def _says_it_sorts(response: requests.Response) -> bool:
    """A page for people, as some servers show at addresses they do not know, says nothing of the kind."""
    try:
        return _PROVIDER.decode(response.content).sort.supported
    except msgspec.DecodeError:
        return False
