"""Links in reports to the deployments that a person may want to run next."""

import json
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.runtime import deployment

from config.installation import named
from config.settings import load_settings


def form_links(names: Iterable[str], filled_in: Mapping[str, str] | None = None) -> list[str]:
    """Links to these deployments' pages for running them, with what is known filled in.

    There are none where no deployments are, as on the command line. Addresses are without a host: they hold wherever
    the reader reaches the page from.
    """
    names = list(names)
    if not names or deployment.id is None:
        return []
    form = f"?parameters={quote(json.dumps({'form': filled_in}))}" if filled_in else ""
    settings = load_settings()
    ours = {name: named(name, settings) for name in names}
    found = _ids(list(ours.values()))
    return [
        f"[{name}](/deployments/deployment/{found[full]}/run{form})" for name, full in ours.items() if full in found
    ]


def _ids(names: Sequence[str]) -> dict[str, UUID]:
    wanted = DeploymentFilter(name=DeploymentFilterName(any_=list(names)))
    with get_client(sync_client=True) as client:
        return {each.name: each.id for each in client.read_deployments(deployment_filter=wanted)}
