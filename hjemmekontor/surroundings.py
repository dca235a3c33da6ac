"""What must stand before a flow can run: Prefect's own settings, the systems to talk to, an up-to-date database."""

import json
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
from sandbox.store import StoreInUseError
from sandbox.town import Sandbox

PREFECT_API_URL = "PREFECT_API_URL"
ANNOUNCED = "running.json"
"""In the sandbox's folder: how to reach it."""
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
def surroundings(
    first_night: date, hr_port: int = 0, graph_port: int = 0, *, must_own: bool = False
) -> Iterator[Sandbox | None]:
    """The systems the settings name, or else the sandbox with its settings put into the environment.

    Where `serve` or `sandbox` runs the sandbox already, theirs is used, and None given as with real systems: its people
    live by those. With `must_own` that is refused.

    What a person can have got wrong is looked at first, before anything is started or written.

    Raises:
        SettingsError, PolicyError, ArchivePlanError, DatabaseUnreachableError, StoreInUseError: one line each.
    """
    settings = load_settings()
    load_policy(settings.policy)
    load_archive_plan(settings.archive_plan)
    Database.open(settings.database_url).close()
    prepare_prefect(settings.state_dir)
    if not settings.uses_sandbox:
        yield None
        return
    try:
        sandbox = Sandbox.open(settings.sandbox_dir, first_night)
    except StoreInUseError:
        if must_own or not (settings.sandbox_dir / ANNOUNCED).exists():
            raise
        sandbox = None
    with _announced(settings.sandbox_dir) if sandbox is None else sandbox.running(hr_port, graph_port) as environment:
        os.environ.update(environment)
        bring_up_to_date(load_settings())
        yield sandbox


@contextmanager
def announcing(sandbox: Sandbox) -> Iterator[None]:
    """For the block, other commands find the sandbox that we run, and Prefect's server beside it if there is one.

    What a process that was killed leaves is read only when yet another has the sandbox open.
    """
    reached = dict(sandbox.environment)
    if PREFECT_API_URL in os.environ:
        reached[PREFECT_API_URL] = os.environ[PREFECT_API_URL]
    file = sandbox.directory / ANNOUNCED
    file.write_text(json.dumps(reached), encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def _announced(directory: Path) -> Iterator[dict[str, str]]:
    yield json.loads((directory / ANNOUNCED).read_text(encoding="utf-8"))


def bring_up_to_date(settings: Settings) -> None:
    database = Database.open(settings.database_url)
    try:
        migrate(database)
    finally:
        database.close()
