"""What must stand before a flow can run: Prefect's own settings, the systems to talk to, an up-to-date database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from config.archive_plan_files import load_archive_plan
from config.policy_files import load_policy
from config.settings import Settings, load_settings
from integrations.database.engine import Database
from integrations.database.migrate import migrate
from sandbox.town import Sandbox

PREFECT_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the second UI calls an analytics host even with analytics off
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # a server that ends with its command complains on the way out
}


def prepare_prefect(state_dir: Path) -> None:
    """Set what Prefect reads when it is imported; what the environment says already is left alone."""
    os.environ.setdefault("PREFECT_HOME", str((state_dir / "prefect").absolute()))
    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)


@contextmanager
def surroundings(first_night: date, hr_port: int = 0, graph_port: int = 0) -> Iterator[Sandbox | None]:
    """The systems the settings name, or else the sandbox with its settings put into the environment.

    What a person can have got wrong is looked at first, before anything is started or written.

    Raises:
        SettingsError, PolicyError, ArchivePlanError, DatabaseUnreachableError: one line each.
    """
    settings = load_settings()
    load_policy(settings.policy)
    load_archive_plan(settings.archive_plan)
    Database.open(settings.database_url).close()
    prepare_prefect(settings.state_dir)
    if not settings.uses_sandbox:
        yield None
        return
    sandbox = Sandbox.open(settings.sandbox_dir, first_night)
    with sandbox.running(hr_port, graph_port) as environment:
        os.environ.update(environment)
        bring_up_to_date(load_settings())
        yield sandbox


def bring_up_to_date(settings: Settings) -> None:
    database = Database.open(settings.database_url)
    try:
        migrate(database)
    finally:
        database.close()
