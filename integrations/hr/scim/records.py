"""Users as SCIM sends them: an allow-list of attributes, read strictly.

Servers may ignore which attributes were asked for. Addresses, telephone numbers, birth dates, entitlements and foreign
extensions are not in these types, so they never become values here; of the mail addresses only the chosen one does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from integrations.hr.values import Key, fault_of, mail_address

RESOURCE = "Users"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ATTRIBUTES = (
    *("id", "userName", "name", "displayName", "emails", "active"),
    *(f"{ENTERPRISE}:employeeNumber", f"{ENTERPRISE}:department", f"{ENTERPRISE}:manager"),
)
"""What is asked for, and all that is read."""

_NOTHING = msgspec.Raw(b"null")

T = TypeVar("T")


class _Name(msgspec.Struct):
    given: str | None = msgspec.field(name="givenName", default=None)
    middle: str | None = msgspec.field(name="middleName", default=None)
    family: str | None = msgspec.field(name="familyName", default=None)
    formatted: str | None = None


class _Email(msgspec.Struct):
    value: msgspec.Raw = _NOTHING
    kind: str | None = msgspec.field(name="type", default=None)
    primary: bool | None = None


class _Manager(msgspec.Struct):
    value: str | None = None
    address: str | None = msgspec.field(name="$ref", default=None)


class _Enterprise(msgspec.Struct):
    number: str | None = msgspec.field(name="employeeNumber", default=None)
    department: str | None = None
    manager: _Manager | str | None = None


class _Row(msgspec.Struct):
    scim_id: Key = msgspec.field(name="id")
    active: bool | None = None
    user_name: str | None = msgspec.field(name="userName", default=None)
    name: _Name | None = None
    display_name: str | None = msgspec.field(name="displayName", default=None)
    emails: list[_Email] | None = None
    enterprise: _Enterprise | None = msgspec.field(name=ENTERPRISE, default=None)


class _Identity(msgspec.Struct):
    scim_id: Key = msgspec.field(name="id")


class _Activity(msgspec.Struct):
    active: bool | None = None


class _Number(msgspec.Struct):
    text: str | None = msgspec.field(name="employeeNumber", default=None)


class _NumberHolder(msgspec.Struct):
    enterprise: _Number | None = msgspec.field(name=ENTERPRISE, default=None)


_ROW = msgspec.json.Decoder(_Row)
_IDENTITY = msgspec.json.Decoder(_Identity)
_ACTIVITY = msgspec.json.Decoder(_Activity)
_NUMBER_HOLDER = msgspec.json.Decoder(_NumberHolder)
_TEXT = msgspec.json.Decoder(str | None)

_SPELLINGS = {
    name.lower().encode(): name.encode()
    for name in (
        *("schemas", "totalResults", "startIndex", "Resources"),
        *("id", "userName", "name", "displayName", "emails", "active", ENTERPRISE),
        *("givenName", "middleName", "familyName", "formatted", "value", "type", "primary", "$ref"),
        *("employeeNumber", "department", "manager"),
    )
}
_NAME = re.compile(rb'"([^"\\]+)"(?=\s*:)')


@dataclass(frozen=True, slots=True)
class User:
    """An account of an employee; `manager_id` is a SCIM id. Of one that is not active, only whose it is."""

    scim_id: str
    number: str | None
    active: bool = False
    given_name: str = ""
    family_name: str = ""
    email: str | None = None
    user_principal_name: str | None = None
    department: str | None = None
    manager_id: str | None = None


@dataclass(frozen=True, slots=True)
class UnreadUser:
    """A row that could not be read: its place, whose it seems to be, and what is wrong where."""

    place: str
    scim_id: str | None
    number: str | None
    path: str
    reason: str
    department: str | None = None


def in_our_spelling(content: bytes) -> bytes:
    """The JSON with the names that are read spelt as in the RFC: SCIM does not tell upper from lower case in them."""
    oddly_spelt = {name for name in _NAME.findall(content) if _SPELLINGS.get(name.lower(), name) != name}
    if not oddly_spelt:
        return content
    return _NAME.sub(lambda match: b'"%b"' % _SPELLINGS.get(match[1].lower(), match[1]), content)


def scim_id_of(raw: msgspec.Raw) -> str | None:
    """As much as tells one row from another, where it can be read."""
    identity = _if_readable(_IDENTITY, raw)
    return identity.scim_id if identity else None


def read_user(raw: msgspec.Raw, place: str) -> User | UnreadUser:
    try:
        row = _ROW.decode(raw)
    except msgspec.DecodeError as error:
        return _unread(raw, place, *fault_of(error, RESOURCE))
    enterprise = row.enterprise or _Enterprise()
    number = (enterprise.number or "").strip() or None
    if row.active is False:
        return User(row.scim_id, number)
    try:
        email = _TEXT.decode(_work_address(row.emails or ()))
    except msgspec.DecodeError as error:
        return _unread(raw, place, *fault_of(error, f"{RESOURCE}.emails"))
    department = " ".join((enterprise.department or "").split()) or None
    given_name, family_name = _names(row.name or _Name(), row.display_name)
    if fault := _fault(enterprise.number, f"{given_name}{family_name}"):
        return UnreadUser(place, row.scim_id, number, *fault, department)
    return User(
        scim_id=row.scim_id,
        number=number,
        active=True,
        given_name=given_name,
        family_name=family_name,
        email=mail_address(email),
        user_principal_name=mail_address(row.user_name),
        department=department,
        manager_id=_manager_id(enterprise.manager),
    )


def _unread(raw: msgspec.Raw, place: str, path: str, reason: str) -> User | UnreadUser:
    holder = _if_readable(_NUMBER_HOLDER, raw)
    text = holder.enterprise.text if holder and holder.enterprise else None
    number, scim_id = (text or "").strip() or None, scim_id_of(raw)
    activity = _if_readable(_ACTIVITY, raw)
    if scim_id is not None and activity is not None and activity.active is False:
        return User(scim_id, number)
    return UnreadUser(place, scim_id, number, path, reason)


def _if_readable(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError:
        return None


def _fault(number: str | None, name: str) -> tuple[str, str] | None:
    """Where and what, of what an employee cannot do without."""
    path = f"{RESOURCE}.{ENTERPRISE}.employeeNumber"
    if number is None or not number.strip():
        return path, "brukeren har ikke ansattnummer (employeeNumber)"
    if number != number.strip():
        return path, "ansattnummeret har blanke tegn rundt seg"
    return None if name else (f"{RESOURCE}.name", "brukeren har ikke navn (name eller displayName)")


def _names(name: _Name, display_name: str | None) -> tuple[str, str]:
    """Given and family name; from the whole name where that is all there is, "Family, Given" or "Given Family"."""
    given = " ".join(f"{name.given or ''} {name.middle or ''}".split())
    family = " ".join((name.family or "").split())
    if given or family:
        return given, family
    whole = " ".join((name.formatted or "").split()) or " ".join((display_name or "").split())
    if "," in whole:
        family, _, given = whole.partition(",")
    else:
        given, _, family = whole.rpartition(" ")
    return given.strip(), family.strip()


def _work_address(emails: Iterable[_Email]) -> msgspec.Raw:
    """The one for work, else the primary one if it is not private. One that nothing is said of may be private, too."""
    ranked = ((_rank(email), email) for email in emails)
    usable = [(rank, email) for rank, email in ranked if rank is not None]
    return min(usable, key=lambda each: each[0])[1].value if usable else _NOTHING


def _rank(email: _Email) -> int | None:
    kind = (email.kind or "").strip().lower()
    if kind == "work":
        return 0 if email.primary else 1
    return 2 if email.primary and kind != "home" else None


def _manager_id(manager: _Manager | str | None) -> str | None:
    """Servers name the manager by id, by address, or as bare text."""
    if isinstance(manager, str):
        return manager
    if manager is None:
        return None
    return manager.value or (manager.address or "").rstrip("/").rpartition("/")[2]
