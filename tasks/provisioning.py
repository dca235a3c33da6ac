"""The SharePoint site made ready, for those who look in Prefect: names of lists and columns, nobody's answers."""

from prefect import task
from prefect.artifacts import create_markdown_artifact

from config.installation import keyed
from config.policy_files import load_policy
from config.settings import load_settings
from config.sharepoint import site_of
from integrations.graph.provisioning import Provisioned, provision_site
from tasks.batches import LOCAL


@task(name="provision-site", **LOCAL)
def provision(*, dry_run: bool) -> Provisioned:
    """Make the site as the policy has it, and publish what that took. Opens no night: it decides nothing of any case.

    Raises:
        SettingsError, PolicyError, MayNotProvisionError, NameTakenError, GraphError, GraphUnreachableError: one line.
    """
    settings = load_settings()
    site = site_of(load_policy(settings.policy), has_imports=settings.has_imports)
    result = provision_site(settings, site, dry_run=dry_run)
    create_markdown_artifact(
        _page(result, dry_run=dry_run), key=keyed("sharepoint", settings), description="Lister og biblioteker"
    )
    return result


def _page(result: Provisioned, *, dry_run: bool) -> str:
    changes = "Ville blitt endret" if dry_run else "Endret"
    parts = ((changes, result.changes), ("Røres ikke", result.left_alone), ("Må rettes for hånd", result.wrong))
    return "\n\n".join(
        f"## {title}\n" + ("\n".join(f"- {line}" for line in lines) or "Ingenting.") for title, lines in parts
    )
