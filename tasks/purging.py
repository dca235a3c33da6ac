"""Cases kept as long as the policy says: what they say of people goes, here and in SharePoint."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus

from prefect import task
from prefect.artifacts import create_markdown_artifact

from config.installation import keyed
from config.sharepoint import CASE_LIBRARY
from integrations.database.retention import (
    UnsentMail,
    items_of,
    number_of_closed,
    overdue,
    purge,
    purge_loose_ends,
    unsent_mails_of,
)
from integrations.database.rows import AnyRow
from integrations.graph import mail
from integrations.graph.client import Graph
from integrations.graph.drive import delete_item
from integrations.graph.errors import GraphError, GraphUnreachableError
from integrations.graph.lists import delete_list_item
from integrations.graph.outage import is_ill
from tasks.batches import NETWORK, batches
from tasks.night import Night, counting, this_night

PURGED = "saker slettet"
WAITS_FOR_THE_ARCHIVE = "saker som venter på arkivet"
WAITS_FOR_THE_MAILBOX = "saker som venter på et e-postutkast som ikke lot seg slette"
WAITS_FOR_SHAREPOINT = "saker som venter på noe som ikke lot seg slette i SharePoint"
CHANGED_IN_THE_LIST = "saker som er endret i en liste siden de ble lest"
KEPT = "avsluttede saker som beholdes: retningslinjene har ingen lagringstid"
EMPTIED = "løse innsendinger tømt"
SHOWN = 200


@task(name="purge-when-due", **NETWORK)
def purge_when_due() -> Counter[str]:
    """What the night does: nothing where the policy sets no time."""
    return Counter() if this_night().policy.retention.months is None else purge_now()


@task(name="purge-now", **NETWORK)
def purge_now() -> Counter[str]:
    """Every case whose time is up and whose documents are proven to be in the archive; the others are counted.

    Where the policy sets no time all are others, and none of theirs is looked at.
    """
    night = this_night()
    rules = night.policy.retention
    if rules.months is None:
        with night.database.transaction() as connection:
            return Counter({KEPT: number_of_closed(connection)})
    with night.database.transaction() as connection:
        found = overdue(connection, rules, night.on)
    with counting(PURGED) as counts:
        counts.update({PURGED: 0, WAITS_FOR_THE_ARCHIVE: len(found.unfiled)})
        for batch in batches(found.ready):
            counts.update(_purge_batch(batch))
        with night.database.transaction() as connection:
            counts[EMPTIED] = purge_loose_ends(connection, rules, night.on)
    if night.dry_run:
        _show(night, found.ready, found.unfiled)
    return counts


def _purge_batch(numbers: Sequence[str]) -> Counter[str]:
    """What is in Microsoft 365 first: a run that is killed in between does the same once more.

    Before everything the drafts: one that is gone is written anew if its mail is sent after all. What was filled in
    goes last, since a case that stays without it looks as if somebody had deleted it.
    """
    night = this_night()
    stays: dict[str, str] = {}
    with night.database.transaction() as connection:
        unsent = [] if night.dry_run else unsent_mails_of(connection, numbers)
    if unsent:
        stays |= asyncio.run(_remove_drafts(unsent))
    with night.database.transaction() as connection:
        items = [] if night.dry_run else items_of(connection, [number for number in numbers if number not in stays])
    if items:
        stays |= asyncio.run(_delete(items))
    going = [number for number in numbers if number not in stays]
    with night.database.transaction() as connection:
        purge(connection, going, night.on)
    return Counter([*(PURGED for _ in going), *stays.values()])


async def _remove_drafts(mails: Sequence[UnsentMail]) -> dict[str, str]:
    """Without its row nobody would know any more whose draft it is, and it says what the case said.

    Numbers of the cases that stay since one of theirs may be there still, and the heading they are counted under.
    """
    night = this_night()
    sender = night.settings.mail_sender or ""
    async with night.graph() as graph:
        left = [each for each in mails if not await _is_removed(graph, sender, each)]
    return {number: WAITS_FOR_THE_MAILBOX for each in left for number in each.case_numbers}


async def _is_removed(graph: Graph, sender: str, each: UnsentMail) -> bool:
    """Whether no draft of it is left. Only a mailbox that is ill for a look as well stops the others.

    Raises:
        GraphError, GraphUnreachableError: it is.
    """
    try:
        found = await mail.recover(graph, sender, each.key, each.message_id)
        if found is not None and not found.is_sent:
            await mail.remove(graph, sender, found.identity)
    except (GraphError, GraphUnreachableError):
        return await _is_missing(graph, sender)
    return True


async def _is_missing(graph: Graph, sender: str) -> bool:
    """Whether there is no such mailbox, and so nothing in it."""
    try:
        await mail.is_there(graph, sender)
    except GraphError as error:
        if is_ill(error):
            raise
        return error.status == HTTPStatus.NOT_FOUND
    return False


async def _delete(items: Sequence[AnyRow]) -> dict[str, str]:
    """Numbers of the cases that stay, and why: an item is not given up, or changed since we read it, and read first."""
    stays: dict[str, str] = {}
    async with this_night().graph() as graph:
        for item in items:
            if item.case_number in stays:
                continue
            delete = delete_item if item.source == CASE_LIBRARY else delete_list_item
            try:
                if not await delete(graph, item.source, item.external_id, item.external_version):
                    stays[item.case_number] = CHANGED_IN_THE_LIST
            except GraphError as error:
                if is_ill(error):
                    raise
                stays[item.case_number] = WAITS_FOR_SHAREPOINT
    return stays


def _show(night: Night, ready: Sequence[str], unfiled: Sequence[str]) -> None:
    """What would go, by number; the rest of a long list is only counted."""
    lines = ["| Sak | |", "|---|---|"]
    lines += [f"| {number} | slettes |" for number in ready[:SHOWN]]
    lines += [f"| {number} | venter på arkivet |" for number in unfiled[:SHOWN]]
    create_markdown_artifact(
        "\n".join(lines), key=keyed("sletting", night.settings), description="Hva som ville blitt slettet"
    )
