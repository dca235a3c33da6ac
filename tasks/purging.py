"""Cases kept as long as the policy says: what they say of people goes, here and in SharePoint."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact

from config.errors import ExpectedError
from config.installation import keyed
from config.sharepoint import CASE_LIBRARY
from integrations.database.retention import items_of, overdue, purge, purge_loose_ends, unsent_mails_of
from integrations.database.rows import AnyRow
from integrations.graph import mail
from integrations.graph.drive import delete_item
from integrations.graph.lists import delete_list_item
from tasks.batches import NETWORK, batches
from tasks.night import Night, counting, this_night

PURGED = "saker slettet"
WAITS_FOR_THE_ARCHIVE = "saker som venter på arkivet"
CHANGED_IN_THE_LIST = "saker som er endret i en liste siden de ble lest"
EMPTIED = "løse innsendinger tømt"
SHOWN = 200


class NoRetentionError(ExpectedError):
    """The policy does not say how long a case is kept."""


@task(name="purge-when-due", **NETWORK)
def purge_when_due() -> Counter[str]:
    """What the night does: nothing where the policy sets no time."""
    return Counter() if this_night().policy.retention.months is None else purge_now()


@task(name="purge-now", **NETWORK)
def purge_now() -> Counter[str]:
    """Every case whose time is up and whose documents are proven to be in the archive; the others are counted.

    Raises:
        NoRetentionError: the policy sets no time.
    """
    night = this_night()
    rules = night.policy.retention
    if rules.months is None:
        raise NoRetentionError(f"{night.policy.name}: the policy has no retention.months, so nothing is ever purged.")
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
    """What is in Microsoft 365 first: a run that is killed in between does the same once more."""
    night = this_night()
    with night.database.transaction() as connection:
        items = items_of(connection, numbers)
    changed = set() if night.dry_run or not items else asyncio.run(_delete(items))
    going = [number for number in numbers if number not in changed]
    with night.database.transaction() as connection:
        unsent = unsent_mails_of(connection, going)
    if unsent and not night.dry_run:
        asyncio.run(_remove_drafts(unsent))
    with night.database.transaction() as connection:
        purge(connection, going, night.on)
    return Counter({PURGED: len(going), CHANGED_IN_THE_LIST: len(changed)})


async def _delete(items: Sequence[AnyRow]) -> set[str]:
    """Numbers of the cases of which somebody has changed an item since we read it: it is read first."""
    changed = set()
    async with this_night().graph() as graph:
        for item in items:
            delete = delete_item if item.source == CASE_LIBRARY else delete_list_item
            if not await delete(graph, item.source, item.external_id, item.external_version):
                changed.add(item.case_number)
    return changed


async def _remove_drafts(mails: Sequence[AnyRow]) -> None:
    """Without its row nobody would know any more whose draft it is, and it says what the case said."""
    night = this_night()
    sender = night.settings.mail_sender or ""
    async with night.graph() as graph:
        for row in mails:
            found = await mail.recover(graph, sender, row.key, row.message_id)
            if found is not None and not found.is_sent:
                await mail.remove(graph, sender, found.identity)


def _show(night: Night, ready: Sequence[str], unfiled: Sequence[str]) -> None:
    """What would go, by number; the rest of a long list is only counted."""
    lines = ["| Sak | |", "|---|---|"]
    lines += [f"| {number} | slettes |" for number in ready[:SHOWN]]
    lines += [f"| {number} | venter på arkivet |" for number in unfiled[:SHOWN]]
    create_markdown_artifact(
        "\n".join(lines), key=keyed("sletting", night.settings), description="Hva som ville blitt slettet"
    )
