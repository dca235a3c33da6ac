"""A receipt for HR: what a form has done, and links to what HR may want to do next."""

from collections.abc import Mapping, Sequence

from prefect.artifacts import create_markdown_artifact

from config.installation import keyed
from tasks.night import Night
from tasks.repairs import form_links

NOTHING_NEW = "Ingenting var nytt, så skjemaet har ikke endret noe."


def give_receipt(  # noqa: PLR0913 - what was done, by which form, and where to go from there
    flow: str,
    title: str,
    night: Night,
    done: Sequence[tuple[str, dict[str, int]]],
    next_steps: Sequence[str],
    *,
    is_new: bool,
) -> None:
    """A page in words under the flow's own key: counts and case numbers, never a name.

    What is delivered besides may be other cases' and waited already: `is_new` when the form itself has done something.
    """
    lines = [f"| {name} | {what} | {number} |" for name, counts in done for what, number in counts.items() if number]
    table = ["| Del | Hva | Antall |", "|---|---|---|", *lines] if lines else []
    kind = "Prøvekjøring: ingenting er lagret eller sendt. " if night.dry_run else ""
    cases = f"Sak: {', '.join(night.about)}. " if night.about else ""
    parts = [
        f"# {title}",
        f"{kind}{cases}Dato: {night.on:%d.%m.%Y}.",
        "" if is_new else NOTHING_NEW,
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
