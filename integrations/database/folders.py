"""Case folders in the outbox: under which id each was made, and by what our own draft in it is known."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from agreements.actions import ErrandKind
from agreements.rules.staffing import STATES_WITH_A_FOLDER_IN_USE
from integrations.database.rows import IDS_IN_A_QUERY, AnyRow
from integrations.database.tables import cases, outbox

DRAFTS = "drafts"
"""Where an opening's payload has size and quickXorHash of the drafts that went into the folder."""

DRAFT_IN = "draft_in"
"""Where it has the id of the folder that one was put into: from then on it is its people's."""


def opened_folder(connection: Connection, case_number: str) -> str | None:
    """The id of the folder that was made for this case."""
    of_case = (outbox.c.case_number == case_number, outbox.c.remote_id.is_not(None))
    made = select(outbox.c.remote_id).where(*_opening(), *of_case)
    return connection.scalar(made.order_by(outbox.c.id.desc()))


def remember_folder(connection: Connection, case_number: str, folder_id: str) -> None:
    """The folder that is the case's from now on: people may call it what they like."""
    connection.execute(
        update(outbox).where(*_opening(), outbox.c.case_number == case_number).values(remote_id=folder_id)
    )


def remember_draft(connection: Connection, case_number: str, size: int, quick_xor: str) -> None:
    """What we are about to put into the case's folder, by which it is known to be ours."""
    latest = _latest_opening(connection, case_number)
    if latest is not None and [size, quick_xor] not in (known := latest.payload.get(DRAFTS, [])):
        _add_to_payload(connection, latest, {DRAFTS: [*known, [size, quick_xor]]})


def draft_is_in(connection: Connection, case_number: str, folder_id: str) -> None:
    """It has been put there, since the folder was last to be opened."""
    latest = _latest_opening(connection, case_number)
    if latest is not None:
        _add_to_payload(connection, latest, {DRAFT_IN: folder_id})


def has_had_its_draft(connection: Connection, case_number: str, folder_id: str) -> bool:
    """Whether the draft has been put into this folder: whoever renames, moves or deletes it there gets no other."""
    latest = _latest_opening(connection, case_number)
    return latest is not None and bool(latest.payload.get(DRAFT_IN) == folder_id)


def drafts_put(connection: Connection, numbers: Collection[str]) -> dict[str, set[tuple[int, str]]]:
    """Size and hash of every draft that was put into these cases' folders, by case number."""
    wanted = sorted(numbers)
    found: dict[str, set[tuple[int, str]]] = {}
    for start in range(0, len(wanted), IDS_IN_A_QUERY):
        part = outbox.c.case_number.in_(wanted[start : start + IDS_IN_A_QUERY])
        for row in connection.execute(select(outbox.c.case_number, outbox.c.payload).where(*_opening(), part)):
            for size, quick_xor in row.payload.get(DRAFTS, ()):
                found.setdefault(row.case_number, set()).add((size, quick_xor))
    return found


def cases_of_folders(connection: Connection, folder_ids: Collection[str]) -> dict[str, str]:
    """Case number by the id of the folder that was made for the case."""
    wanted = sorted(folder_ids)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), IDS_IN_A_QUERY):
        part = outbox.c.remote_id.in_(wanted[start : start + IDS_IN_A_QUERY])
        rows = connection.execute(select(outbox.c.remote_id, outbox.c.case_number).where(*_opening(), part))
        found.update((row.remote_id, row.case_number) for row in rows)
    return found


def folders_in_use(connection: Connection) -> dict[str, str]:
    """Case number by folder id, of the cases whose people are expected to find their folder."""
    in_use = cases.c.state.in_([str(state) for state in STATES_WITH_A_FOLDER_IN_USE])
    rows = select(outbox.c.remote_id, outbox.c.case_number).join(cases, cases.c.number == outbox.c.case_number)
    found = connection.execute(rows.where(*_opening(), in_use, outbox.c.remote_id.is_not(None)))
    return {row.remote_id: row.case_number for row in found}


def open_again(connection: Connection, numbers: Collection[str], *, is_gone: bool) -> None:
    """The folders of these cases are opened once more. Nobody is sent to one that is gone before it is there again."""
    values: dict[str, Any] = {"status": "pending", "done_at": None, **({"remote_id": None} if is_gone else {})}
    again = update(outbox).where(*_opening(), outbox.c.case_number == bindparam("number")).values(values)
    if numbers:
        connection.execute(again, [{"number": number} for number in sorted(numbers)])


def _latest_opening(connection: Connection, case_number: str) -> AnyRow | None:
    rows = select(outbox.c.key, outbox.c.payload).where(*_opening(), outbox.c.case_number == case_number)
    return connection.execute(rows.order_by(outbox.c.id.desc())).first()


def _add_to_payload(connection: Connection, opening: AnyRow, more: dict[str, Any]) -> None:
    connection.execute(update(outbox).where(outbox.c.key == opening.key).values(payload={**opening.payload, **more}))


def _opening() -> tuple[ColumnElement[bool], ...]:
    return (outbox.c.kind == str(ErrandKind.OPEN_FOLDER),)
