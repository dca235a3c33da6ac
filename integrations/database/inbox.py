"""What came in: kept with the mark of how far we have read, in one transaction, before anything is made of it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from json import dumps
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, select, update

from agreements.people import RejectedRow
from integrations.database.rejected import FORMER, REGISTERED, open_keys, resolve, set_aside
from integrations.database.rows import IDS_IN_A_QUERY, AnyRow, insert_rows
from integrations.database.tables import inbox, watermarks

CONSIDERED = ("taken_in", "refused", "replaced")
"""Nothing more will be made of these; what was set aside for who sent it, or when, may be taken in yet."""
ASIDE = ("set_aside", "refused")
PRESENT = ("new", "taken_in", *ASIDE)
"""As far as we know it is in its list: the last we heard is neither that it was deleted nor that it was purged."""
FORMS = "Skjemaer"
"""No list: runs of forms that were carried out, and are no answers."""
LIST_OF = "list of "
"""Before a list's name: where its id stands among the watermarks."""
IN_A_TOKEN = re.compile(r"/lists(?:/|\(')([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
DELETED = "Elementet er slettet fra listen etter at det ble tatt inn. Saken er ikke endret."


@dataclass(frozen=True, slots=True)
class Arrival:
    """One item or file as it came. `external_id` and `version` together arrive once."""

    external_id: str
    version: str
    sender: str | None
    sender_mail: str | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an inbox row: taken in (with its case), or set aside with a reason.

    `is_refused` when the reason is what the file itself holds.
    """

    inbox_id: int
    case_number: str | None = None
    reason: str | None = None
    is_refused: bool = False

    @property
    def becomes(self) -> str:
        if self.reason is None:
            return "taken_in"
        return "refused" if self.is_refused else "set_aside"


def watermark(connection: Connection, source: str) -> str | None:
    return connection.scalar(select(watermarks.c.token).where(watermarks.c.source == source))


def move_watermark(connection: Connection, source: str, token: str) -> None:
    if watermark(connection, source) is None:
        insert_rows(connection, watermarks, [{"source": source, "token": token}])
    else:
        connection.execute(update(watermarks).where(watermarks.c.source == source).values(token=token))


def mark_in(connection: Connection, source: str, list_id: str) -> str | None:
    """How far the list of this id has been read. None where it has not been, or is another one than before.

    A list that was deleted and made anew counts its items from 1 again: what came from the one before is set apart
    under that one's id, and gets its own back should that list return from the recycle bin.
    """
    named, list_id = f"{LIST_OF}{source}", list_id.lower()
    token = watermark(connection, source)
    former = watermark(connection, named) or _list_in(token)
    if former is not None and former != list_id:
        _set_apart(connection, source, former, list_id)
        connection.execute(delete(watermarks).where(watermarks.c.source == source))
        token = None
    move_watermark(connection, named, list_id)
    return token


def _list_in(token: str | None) -> str | None:
    """The list that a mark from before lists were remembered leads to, as far as it says so."""
    found = None if token is None else IN_A_TOKEN.search(token)
    return None if found is None else found[1].lower()


def _set_apart(connection: Connection, source: str, former: str, present: str) -> None:
    item, back = inbox.c.external_id, f"{present}{FORMER}"
    of_source = update(inbox).where(inbox.c.source == source, ~item.startswith(REGISTERED))
    connection.execute(of_source.where(~item.contains(FORMER)).values(external_id=f"{former}{FORMER}" + item))
    connection.execute(of_source.where(item.startswith(back)).values(external_id=func.substr(item, len(back) + 1)))


def receive(connection: Connection, source: str, arrivals: Sequence[Arrival], token: str | None, today: date) -> int:
    """Store what is new and how far we have read; returns how many were new. Without a token that stays as it is.

    An item says something new when its payload or its author is another. What still waits of it is then replaced. Of
    one that was only touched its newest version is remembered, by which it can be deleted one day.
    """
    arrivals = _with_addresses(connection, arrivals)
    known = _known(connection, source, [arrival.external_id for arrival in arrivals])
    back = [row.id for arrival in arrivals for row in known.get(arrival.external_id, []) if _is_back(arrival, row)]
    _become(connection, "new", back)
    there = [row for arrival in arrivals for row in known.get(arrival.external_id, [])]
    # Of what was taken in there is no other deviation than that it was deleted, and now it is back.
    resolve(connection, source, [str(row.id) for row in there if row.status == "taken_in"], today)
    fresh = [arrival for arrival in arrivals if _says_something_new(arrival, known.get(arrival.external_id, []))]
    overtaken = {arrival.external_id for arrival in fresh}
    _become(connection, "replaced", [row.id for item in overtaken for row in known.get(item, []) if _waits(row)])
    touched = [
        each
        for each in arrivals
        if each.external_id not in overtaken and _is_unseen(each, known.get(each.external_id, []))
    ]
    _know_as(connection, {known[arrival.external_id][-1].id: arrival.version for arrival in touched})
    insert_rows(
        connection,
        inbox,
        [_row(source, arrival, today) for arrival in fresh],
    )
    if token is not None:
        move_watermark(connection, source, token)
    return len(fresh) + len(back)


def registered_as(asked_on: date, said: Mapping[str, Any]) -> str:
    """The id of what a form says: the same for the same sent on the same day, whenever it is carried out."""
    return _id_of([asked_on.isoformat(), said])


def _id_of(content: object) -> str:
    return f"{REGISTERED}{sha256(dumps(content, sort_keys=True).encode()).hexdigest()[:32]}"


def registered(connection: Connection, source: str, item: str) -> AnyRow | None:
    """What was registered in a form under this id."""
    return _known(connection, source, [item]).get(item, [None])[-1]


def register(  # noqa: PLR0913 - what is registered, by whom, and how it is known again
    connection: Connection, source: str, payload: dict[str, Any], adviser: str, today: date, *, item: str | None = None
) -> AnyRow:
    """The row of what an adviser registers in a form: a new one, or the one that there is of this id already.

    Without an id it is the same when the same has been registered today.
    """
    item = registered_as(today, payload) if item is None else item
    if (known := registered(connection, source, item)) is not None:
        return known
    arrival = Arrival(item, "1", None, None, payload)
    insert_rows(connection, inbox, [{**_row(source, arrival, today), "registered_by": adviser}])
    return _known(connection, source, [item])[item][-1]


def is_carried_out(connection: Connection, run: str | None, today: date) -> bool:
    """Whether this run of a form has done what it says before; from now on it has, if the caller's transaction stands.

    For what is no answer, and may be meant twice in a day. Nobody begins a form anew that is no run of Prefect's.
    """
    if run is None:
        return False
    item = _id_of(run)
    if registered(connection, FORMS, item) is not None:
        return True
    insert_rows(connection, inbox, [{**_row(FORMS, Arrival(item, "1", None, None, {}), today), "status": "taken_in"}])
    return False


def withdraw(connection: Connection, source: str, gone: Sequence[str], today: date) -> int:
    """What was deleted before it was taken in is not taken in; returns how many that is.

    Of what was set aside, or could not be read, nobody needs to know any more.
    """
    rows = [row for found in _known(connection, source, gone).values() for row in found]
    aside = [row.id for row in rows if row.status in ASIDE]
    waits = [row.id for row in rows if _waits(row)]
    _become(connection, "withdrawn", [*aside, *waits])
    resolve(connection, source, [str(each) for each in (*aside, *waits)], today)
    return len(waits)


def note_deleted(connection: Connection, source: str, gone: Sequence[str], today: date) -> int:
    """What was deleted after it was taken in changes nothing, and shows among the deviations, once; how many is new."""
    taken = [
        max((row for row in rows if row.status == "taken_in"), key=lambda row: row.id, default=None)
        for rows in _known(connection, source, gone).values()
    ]
    known = open_keys(connection, source)
    rows = [row for row in taken if row is not None and str(row.id) not in known]
    deleted = [RejectedRow(str(row.id), row.case_number or "", DELETED) for row in rows]
    set_aside(connection, source, deleted, today)
    return len(deleted)


def not_among(connection: Connection, source: str, present: Collection[str]) -> list[str]:
    """Ids of what should be in the list and is not any more, after all of the list has been read."""
    known = select(inbox.c.external_id).where(
        inbox.c.source == source,
        inbox.c.status.in_(PRESENT),
        ~inbox.c.external_id.startswith(REGISTERED),
    )
    return sorted(set(connection.scalars(known)) - set(present))


def taken_in_as(connection: Connection, source: str, wanted: Sequence[str]) -> dict[str, str]:
    """Case number by id, of those items of which an earlier version was taken in."""
    known = _known(connection, source, wanted)
    return {
        item: row.case_number
        for item, rows in known.items()
        for row in rows
        if row.status == "taken_in" and row.case_number
    }


def _row(source: str, arrival: Arrival, today: date) -> dict[str, Any]:
    return {
        "source": source,
        "external_id": arrival.external_id,
        "external_version": arrival.version,
        "sender": arrival.sender,
        "sender_mail": arrival.sender_mail,
        "payload": arrival.payload,
        "received_on": today,
        "status": "new",
    }


def _with_addresses(connection: Connection, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """An item's history names its author without an address; whoever has answered before has one here."""
    nameless = sorted({each.sender for each in arrivals if each.sender is not None and each.sender_mail is None})
    addresses: dict[str, str] = {}
    for start in range(0, len(nameless), IDS_IN_A_QUERY):
        of_these = inbox.c.sender.in_(nameless[start : start + IDS_IN_A_QUERY]) & inbox.c.sender_mail.is_not(None)
        rows = connection.execute(select(inbox.c.sender, inbox.c.sender_mail).where(of_these).order_by(inbox.c.id))
        addresses.update((row.sender, row.sender_mail) for row in rows)
    return [
        replace(each, sender_mail=addresses.get(each.sender or "")) if each.sender_mail is None else each
        for each in arrivals
    ]


def _known(connection: Connection, source: str, wanted: Sequence[str]) -> dict[str, list[AnyRow]]:
    """Rows that have come before, by external id, oldest first."""
    known: dict[str, list[AnyRow]] = {}
    for start in range(0, len(wanted), IDS_IN_A_QUERY):
        part = wanted[start : start + IDS_IN_A_QUERY]
        rows = select(inbox).where(inbox.c.source == source, inbox.c.external_id.in_(part)).order_by(inbox.c.id)
        for row in connection.execute(rows):
            known.setdefault(row.external_id, []).append(row)
    return known


def _says_something_new(arrival: Arrival, known: Sequence[AnyRow]) -> bool:
    """SharePoint counts a version for every touch, also where an app or a bulk edit has changed nothing of ours.

    Whoever saves once more what was set aside wants it to be looked at again.
    """
    if not _is_unseen(arrival, known):
        return False
    last = known[-1] if known else None
    if last is None or last.status in {*ASIDE, "withdrawn"}:
        return True
    return (last.payload, last.sender_mail) != (arrival.payload, arrival.sender_mail)


def _is_unseen(arrival: Arrival, known: Sequence[AnyRow]) -> bool:
    """A version that did not come before, of something that has not been purged."""
    return not any(row.external_version == arrival.version or row.status == "purged" for row in known)


def _is_back(arrival: Arrival, row: AnyRow) -> bool:
    """Deleted before it was taken in, and now out of the recycle bin as it was."""
    return bool(row.status == "withdrawn" and row.external_version == arrival.version)


def _waits(row: AnyRow) -> bool:
    return bool(row.status == "new")


def _know_as(connection: Connection, versions: Mapping[int, str]) -> None:
    if versions:
        this_row = update(inbox).where(inbox.c.id == bindparam("row")).values(external_version=bindparam("version"))
        connection.execute(this_row, [{"row": row, "version": version} for row, version in versions.items()])


def _become(connection: Connection, status: str, ids: Sequence[int]) -> None:
    if ids:
        this_row = update(inbox).where(inbox.c.id == bindparam("row")).values(status=status)
        connection.execute(this_row, [{"row": each} for each in ids])


def waiting(connection: Connection, sources: Sequence[str]) -> list[AnyRow]:
    """New rows from these sources, oldest first."""
    wanted = select(inbox).where(inbox.c.status == "new", inbox.c.source.in_(sources)).order_by(inbox.c.id)
    return list(connection.execute(wanted))


def conclude(connection: Connection, source: str, verdicts: Sequence[Verdict], today: date) -> None:
    """Mark rows as taken in or set aside; what is set aside also shows among the deviations."""
    if not verdicts:
        return
    connection.execute(
        update(inbox)
        .where(inbox.c.id == bindparam("row"))
        .values(status=bindparam("becomes"), case_number=bindparam("case")),
        [
            {
                "row": verdict.inbox_id,
                "becomes": verdict.becomes,
                "case": verdict.case_number,
            }
            for verdict in verdicts
        ],
    )
    aside = [RejectedRow(str(each.inbox_id), each.case_number or "", each.reason) for each in verdicts if each.reason]
    set_aside(connection, source, aside, today)
    resolve(connection, source, [str(each.inbox_id) for each in verdicts if each.reason is None], today)


def concluded(connection: Connection, source: str, ids: Sequence[str]) -> dict[tuple[str, str], bool]:
    """Id and version of those of these items that do not wait: whether nothing more will be made of it."""
    columns = select(inbox.c.external_id, inbox.c.external_version, inbox.c.status)
    rows = connection.execute(
        columns.where(inbox.c.source == source, inbox.c.external_id.in_(ids), inbox.c.status != "new")
    )
    return {(row.external_id, row.external_version): row.status in CONSIDERED for row in rows}


def wait_again(connection: Connection, sources: Sequence[str]) -> int:
    """Put what was set aside back among what waits, its newest version only; how many that is."""
    aside = inbox.c.status.in_(ASIDE) & inbox.c.source.in_(sources) & ~_is_overtaken()
    return connection.execute(update(inbox).where(aside).values(status="new")).rowcount


def set_aside_in(connection: Connection, source: str, case_number: str) -> list[AnyRow]:
    """What was set aside in a case, of each item its newest version only."""
    aside = (inbox.c.status == "set_aside") & (inbox.c.source == source) & (inbox.c.case_number == case_number)
    return list(connection.execute(select(inbox).where(aside, ~_is_overtaken()).order_by(inbox.c.id)))


def vouch(connection: Connection, rows: Sequence[AnyRow], adviser: str, said: dict[str, Any]) -> None:
    """These wait (again) as what the adviser registers, with what the adviser says of them besides."""
    if rows:
        waits = {"status": "new", "registered_by": adviser, "payload": bindparam("vouched")}
        this_row = update(inbox).where(inbox.c.id == bindparam("row")).values(waits)
        connection.execute(this_row, [{"row": row.id, "vouched": {**row.payload, **said}} for row in rows])


def _is_overtaken() -> ColumnElement[bool]:
    newer = inbox.alias("newer")
    return exists(
        select(newer.c.id).where(
            newer.c.source == inbox.c.source, newer.c.external_id == inbox.c.external_id, newer.c.id > inbox.c.id
        )
    )
