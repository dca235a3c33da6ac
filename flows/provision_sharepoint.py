"""On demand: the lists, columns and libraries that the policy needs are made on the SharePoint site."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State as RunState
from prefect.states import Completed, Failed

from config.errors import ExpectedError
from integrations.graph.provisioning import Provisioned
from tasks.provisioning import provision
from tasks.quiet import quiet_logs

NAME = "provision-sharepoint"


@flow(name=NAME, description="Lag lister, kolonner og biblioteker på SharePoint-området.")
def provision_sharepoint(*, dry_run: bool = False) -> RunState[Any]:
    """Lag det som mangler på SharePoint-området, og rett titler, valg og indekser. Ingenting blir slettet.

    Appen trenger rollen fullcontrol på området mens dette kjøres; se docs/tenant.md.
    """
    quiet_logs()
    outcome = provision(dry_run=dry_run, return_state=True).result(raise_on_failure=False)
    if isinstance(outcome, ExpectedError):
        return Failed(message=str(outcome), data={})
    if not isinstance(outcome, Provisioned):
        # As in flows.running: the message of an unexpected error may quote anything.
        return Failed(message=f"Uventet feil ({type(outcome).__name__}); se loggen.", data={})
    if outcome.wrong:
        return Failed(message=" ".join(outcome.wrong), data={})
    done = "ville blitt gjort" if dry_run else "gjort"
    return Completed(message=f"{len(outcome.changes)} endringer {done}; de ligger under Artifacts.")
