"""What waits for a person's decision, one by one: files in the library of reports, which only HR opens, and links.

The files name people, so they go after a while; no other of HR's reports does.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from agreements.words import DIFFERENCES
from config.deployments import REPLAY, REVIEW_HOLD
from config.installation import keyed
from config.sharepoint import REPORT_LIBRARY
from integrations.database.health import DEVIATIONS_SHOWN_FOR
from integrations.database.inbox import move_watermark, watermark
from integrations.database.ledger import waiting_holds
from integrations.database.rejected import Deviation, open_rejections
from integrations.database.rows import AnyRow
from integrations.documents.table import render_rows
from integrations.graph.client import Graph
from integrations.graph.drive import children_of, delete_item, find_folder, version_of
from integrations.graph.errors import GraphError
from integrations.graph.outage import is_ill
from tasks.batches import NETWORK
from tasks.night import Night, this_night
from tasks.overviews import file_for_hr, moment
from tasks.repairs import form_links

FOLDER = "Til avgjørelse"
LISTED = "lister laget"
LISTS_DELETED = "lister til avgjørelse slettet"
KEPT_FOR = timedelta(days=30)
"""A list with employee numbers: longer than a held sync or a deviation is looked at."""
OLDEST = "oldest-list"
"""Where the day of the oldest file stands among the watermarks, empty when there is none."""
OURS = re.compile(r"(?:Stanset kjøring|Forkastet kjøring|Avvik) (?:\w+ )?(\d{4}-\d\d-\d\d) \d\d\.\d\d\.\d\d\.csv")
"""Names that this file gives. What somebody else puts into the folder is theirs."""
PAGE_MADE = "siden «Til avgjørelse» laget under Artifacts"
STANDS = {
    "waiting": ("Stanset kjøring", ""),
    "discarded": ("Forkastet kjøring", "Forkastet, og blir ikke brukt; den kan fortsatt godkjennes. "),
}
"""Title and first words for a hold by its status."""
DEVIATIONS = ("Kilde", "Hvem eller hva", "Element", "Felt eller sak", "Grunn", "Først sett", "Sist sett")


@task(name="clear-lists", **NETWORK)
def clear_lists() -> Counter[str]:
    """Files of an earlier month go into the site's recycle bin. Asks nobody as long as none is so old."""
    night = this_night()
    limit = night.on - KEPT_FOR
    with night.database.transaction() as connection:
        oldest = watermark(connection, OLDEST)
    if night.dry_run or not oldest or date.fromisoformat(oldest) > limit:
        return Counter()
    deleted, left = asyncio.run(_cleared(night, limit))
    with night.database.transaction() as connection:
        move_watermark(connection, OLDEST, min(left).isoformat() if left else "")
    return +Counter({LISTS_DELETED: deleted})


async def _cleared(night: Night, limit: date) -> tuple[int, list[date]]:
    """How many have gone, and the days of those that stay; the next night tries the old ones again."""
    async with night.graph() as graph:
        folder = await find_folder(graph, REPORT_LIBRARY, FOLDER)
        items = [] if folder is None else await children_of(graph, REPORT_LIBRARY, folder)
        ours = [(item, made_on) for item in items if (made_on := _made_on(item)) is not None]
        old = [item for item, made_on in ours if made_on <= limit]
        gone = {item["id"] for item in old if await _is_deleted(graph, item)}
    return len(gone), [made_on for item, made_on in ours if item["id"] not in gone]


async def _is_deleted(graph: Graph, item: dict[str, Any]) -> bool:
    """One that somebody has open, has just changed or has labelled stays, and stops none of the others."""
    try:
        return await delete_item(graph, REPORT_LIBRARY, item["id"], version_of(item))
    except GraphError as error:
        if is_ill(error):
            raise
        return False


def _made_on(item: dict[str, Any]) -> date | None:
    found = OURS.fullmatch(item.get("name", "")) if "file" in item else None
    return None if found is None else date.fromisoformat(found[1])


def _remember_files(night: Night) -> None:
    """A version that deleted none may have left older ones: the first time, the next night looks."""
    with night.database.transaction() as connection:
        if (oldest := watermark(connection, OLDEST)) is None or not oldest:
            first = date.min if oldest is None else night.on
            move_watermark(connection, OLDEST, first.isoformat())


def list_what_waits() -> Counter[str]:
    """Whose data a held sync would change, and what is set aside and why.

    The page in Prefect has numbers and addresses of files; whom it is about is in the files alone. A sync that somebody
    has discarded waits for nothing, but may still be approved: it is shown as what it is.
    """
    night = this_night()
    with night.database.transaction() as connection:
        held, aside = waiting_holds(connection), open_rejections(connection)
    if held or aside:
        _remember_files(night)
    waiting = [_held(night, each) for each in held if each.status == "waiting"]
    waiting += [_set_aside(night, aside)] if aside else []
    discarded = [_held(night, each) for each in held if each.status == "discarded"]
    page = "\n\n".join(["# Til avgjørelse", *(waiting or ["Ingenting venter."]), *discarded])
    create_markdown_artifact(
        page, key=keyed("til-avgjorelse", night.settings), description=f"Til avgjørelse {night.on:%d.%m.%Y}"
    )
    return Counter({PAGE_MADE: 1, LISTED: len(waiting) + len(discarded)})


def _held(night: Night, each: AnyRow) -> str:
    rows = [(said, number) for kind, said in DIFFERENCES.items() for number in each.diff.get(kind, ())]
    title, remark = STANDS[each.status]
    path = f"{FOLDER}/{title} {each.digest} {moment(night)}.csv"
    address = file_for_hr(path, render_rows(("Hva", "Ansattnummer"), rows))
    counts = [f"{len(each.diff[kind])} {said}" for kind, said in DIFFERENCES.items() if each.diff.get(kind)]
    return "\n\n".join(
        [
            f"## {title} {each.digest}\n{remark}{'; '.join(each.reasons)}. {', '.join(counts)}.",
            _file("Hvem det gjelder", address),
            *form_links([REVIEW_HOLD], {"digest": each.digest}),
        ]
    )


def _set_aside(night: Night, aside: Sequence[Deviation]) -> str:
    """What the night counts first; what has not been seen for a fortnight is told apart, and stands last."""
    since = night.on - DEVIATIONS_SHOWN_FOR
    older = sum(each.last_seen_on < since for each in aside)
    more = (
        f" I tillegg er {older} eldre enn {DEVIATIONS_SHOWN_FOR.days} dager; natten teller dem ikke." if older else ""
    )
    rows = [
        (
            each.source,
            each.who,
            each.item,
            each.path,
            each.reason,
            f"{each.first_seen_on:%d.%m.%Y}",
            f"{each.last_seen_on:%d.%m.%Y}",
        )
        for each in sorted(aside, key=lambda row: row.last_seen_on < since)
    ]
    address = file_for_hr(f"{FOLDER}/Avvik {moment(night)}.csv", render_rows(DEVIATIONS, rows))
    return "\n\n".join(
        [
            f"## Avvik\n{len(aside) - older} er satt til side.{more}",
            _file("Hvem, hva og hvorfor", address),
            *form_links([REPLAY]),
        ]
    )


def _file(said: str, address: str) -> str:
    return f"[{said}]({address})" if address else f"{said}: ingen fil i en prøvekjøring."
