"""What waits for a person's decision, one by one: files in the library of reports, which only HR opens, and links."""

from collections import Counter
from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact

from agreements.words import DIFFERENCES
from config.deployments import REPLAY, REVIEW_HOLD
from config.installation import keyed
from integrations.database.ledger import waiting_holds
from integrations.database.rejected import Deviation, open_rejections
from integrations.database.rows import AnyRow
from integrations.documents.table import render_rows
from tasks.night import Night, this_night
from tasks.overviews import file_for_hr, moment
from tasks.repairs import form_links

FOLDER = "Til avgjørelse"
LISTED = "lister laget"
DEVIATIONS = ("Kilde", "Hvem eller hva", "Element", "Felt eller sak", "Grunn", "Først sett", "Sist sett")


def list_what_waits() -> Counter[str]:
    """Whose data a held sync would change, and what is set aside and why.

    The page in Prefect has numbers and addresses of files; whom it is about is in the files alone.
    """
    night = this_night()
    with night.database.transaction() as connection:
        held, aside = waiting_holds(connection), open_rejections(connection)
    parts = [*(_held(night, each) for each in held), *([_set_aside(night, aside)] if aside else [])]
    page = "\n\n".join(["# Til avgjørelse", *(parts or ["Ingenting venter."])])
    create_markdown_artifact(
        page, key=keyed("til-avgjorelse", night.settings), description=f"Til avgjørelse {night.on:%d.%m.%Y}"
    )
    return Counter({LISTED: len(parts)})


def _held(night: Night, each: AnyRow) -> str:
    rows = [(said, number) for kind, said in DIFFERENCES.items() for number in each.diff.get(kind, ())]
    path = f"{FOLDER}/Stanset kjøring {each.digest} {moment(night)}.csv"
    address = file_for_hr(path, render_rows(("Hva", "Ansattnummer"), rows))
    counts = [f"{len(each.diff[kind])} {said}" for kind, said in DIFFERENCES.items() if each.diff.get(kind)]
    return "\n\n".join(
        [
            f"## Stanset kjøring {each.digest}\n{'; '.join(each.reasons)}. {', '.join(counts)}.",
            _file("Hvem det gjelder", address),
            *form_links([REVIEW_HOLD], {"digest": each.digest}),
        ]
    )


def _set_aside(night: Night, aside: Sequence[Deviation]) -> str:
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
        for each in aside
    ]
    address = file_for_hr(f"{FOLDER}/Avvik {moment(night)}.csv", render_rows(DEVIATIONS, rows))
    return "\n\n".join(
        [f"## Avvik\n{len(aside)} er satt til side.", _file("Hvem, hva og hvorfor", address), *form_links([REPLAY])]
    )


def _file(said: str, address: str) -> str:
    return f"[{said}]({address})" if address else f"{said}: ingen fil i en prøvekjøring."
