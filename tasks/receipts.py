"""A receipt for HR: what a form has done, and links to what HR may want to do next."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.runtime import deployment

from config.settings import named
from tasks.night import Night, this_night

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
    create_markdown_artifact("\n\n".join(filter(None, parts)), key=f"{flow}-kvittering", description=title)


def links(names: Sequence[str], filled_in: Mapping[str, str]) -> str:
    """The forms to go on to, with what is known filled in; nothing where no deployments are, as on the command line.

    Addresses are without a host: they hold wherever the reader reaches the page from.
    """
    if not names or deployment.id is None:
        return ""
    form = f"?parameters={quote(json.dumps({'form': filled_in}))}" if filled_in else ""
    settings = this_night().settings
    ours = {name: named(name, settings) for name in names}
    wanted = DeploymentFilter(name=DeploymentFilterName(any_=list(ours.values())))
    with get_client(sync_client=True) as client:
        found = {each.name: each.id for each in client.read_deployments(deployment_filter=wanted)}
    lines = [
        f"- [{name}](/deployments/deployment/{found[full]}/run{form})" for name, full in ours.items() if full in found
    ]
    return "\n".join(["## Neste steg", *lines]) if lines else ""


def _case_of(night: Night) -> dict[str, str]:
    return {"case_number": night.about[0]} if len(night.about) == 1 else {}
