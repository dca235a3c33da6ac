"""A receipt for HR: what a form has done, and links to what HR may want to do next."""

from collections.abc import Mapping, Sequence

from prefect.artifacts import create_markdown_artifact

from config.installation import keyed
from tasks.night import Night
from tasks.repairs import form_links

NOTHING = "Ingenting var nytt, og ingenting er sendt."


def give_receipt(
    flow: str, title: str, night: Night, done: Sequence[tuple[str, dict[str, int]]], next_steps: Sequence[str]
) -> None:
    """A page in words under the flow's own key: counts and case numbers, never a name."""
    lines = [f"| {name} | {what} | {number} |" for name, counts in done for what, number in counts.items() if number]
    table = ["| Del | Hva | Antall |", "|---|---|---|", *lines] if lines else [NOTHING]
    kind = "Prøvekjøring: ingenting er lagret eller sendt. " if night.dry_run else ""
    cases = f"Sak: {', '.join(night.about)}. " if night.about else ""
    parts = [
        f"# {title}",
        f"{kind}{cases}Dato: {night.on:%d.%m.%Y}.",
        "\n".join(table),
        links(next_steps, _case_of(night)),
    ]
    create_markdown_artifact(
        "\n\n".join(filter(None, parts)), key=keyed(f"{flow}-kvittering", night.settings), description=title
    )


def links(names: Sequence[str], filled_in: Mapping[str, str]) -> str:
    """The forms to go on to, under a heading; nothing where no deployments are."""
    lines = [f"- {link}" for link in form_links(names, filled_in)]
    return "\n".join(["## Neste steg", *lines]) if lines else ""


def _case_of(night: Night) -> dict[str, str]:
    return {"case_number": night.about[0]} if len(night.about) == 1 else {}
