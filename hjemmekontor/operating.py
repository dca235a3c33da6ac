"""Commands of those who operate it: is it well, who is told, and what Prefect and the databases are made of."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agreements.calendar import OSLO
from config.settings import load_settings
from hjemmekontor.options import On, console, typed_date
from hjemmekontor.printing import print_status
from hjemmekontor.surroundings import prepare_prefect, surroundings
from tasks.judging import is_all_well

# Prefect reads its settings when it is imported, so whatever imports it is imported after they are made.
# ruff: noqa: PLC0415


def status(
    on: On = None,
    *,
    alert: Annotated[
        bool, typer.Option("--alert", help="Tell ops, once a day, when no night goes well or Prefect is silent.")
    ] = False,
) -> None:
    """Say whether the system is well, a line for each thing that can be wrong; exits with 1 when it is not."""
    settings = load_settings()
    prepare_prefect(settings.state_dir)
    from hjemmekontor.watching import alert_once_a_day
    from tasks.status import look

    for said in alert_once_a_day(settings, datetime.now(UTC)) if alert else ():
        console.print(said, markup=False, highlight=False, soft_wrap=True)
    lines = look(datetime.now(OSLO).date() if on is None else typed_date(on))
    print_status(console, lines)
    if not is_all_well(lines):
        sys.exit(1)


def metrics() -> None:
    """Print our own figures as Prometheus reads them, for node-exporter's textfile collector (docs/runbook.md)."""
    settings = load_settings()
    prepare_prefect(settings.state_dir)
    from hjemmekontor.metrics import metrics

    typer.echo(metrics(settings, datetime.now(OSLO).date()), nl=False)


def automations(
    *, remove: Annotated[bool, typer.Option("--remove", help="Take away all of this installation's instead.")] = False
) -> None:
    """Put the alerts to ops into force in Prefect: create, change and remove our automations. Twice gives the same."""
    with surroundings(datetime.now(OSLO).date()):
        from hjemmekontor.automations import keep_automations, remove_automations

        settings = load_settings()
        if remove:
            remove_automations(settings)
            console.print("The alerts are removed.")
            return
        names = keep_automations(settings)
    for name in names:
        console.print(name, markup=False, highlight=False)
    if settings.ops_mailbox is None and settings.alert_webhook is None:
        console.print("Nobody is alerted: set HK_OPS_MAILBOX or HK_ALERT_WEBHOOK.")


def deploy() -> None:
    """Make or update the work pool and the deployments on the Prefect server that PREFECT_API_URL names."""
    settings = load_settings()
    prepare_prefect(settings.state_dir)
    from hjemmekontor.serve import deploy, pool_of

    deploy(settings)
    console.print(f"Deployed to the work pool {pool_of(settings)}.", markup=False, highlight=False)


def backup(
    into: Annotated[
        Path | None,
        typer.Argument(help="A folder for backups, each in one of its own; HK_BACKUP_DIR when left out."),
    ] = None,
    *,
    with_prefect: Annotated[
        bool, typer.Option("--with-prefect/--without-prefect", help="Prefect's database as well, or ours alone.")
    ] = True,
) -> None:
    """Back up our database and Prefect's, while everything runs."""
    from hjemmekontor.backup import BackupError, backup

    settings = load_settings()
    folder = into or settings.backup_dir
    if folder is None:
        raise BackupError("Where to? `hjemmekontor backup FOLDER`, or set HK_BACKUP_DIR.")
    made = backup(settings, folder, datetime.now(UTC), with_prefect=with_prefect)
    console.print(str(made), markup=False, highlight=False, soft_wrap=True)


def restore(
    folder: Annotated[Path, typer.Argument(help="One backup, as `backup` printed it.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Lose what is in the database now.")] = False,
    with_prefect: Annotated[
        bool,
        typer.Option(
            "--with-prefect/--without-prefect", help="Prefect's database as well: the runs of everybody on its server."
        ),
    ] = False,
) -> None:
    """Put our database back as it was, and Prefect's when asked to; stop the workers first, and then the server."""
    from hjemmekontor.backup import restore

    settings, today = load_settings(), datetime.now(OSLO).date()
    if with_prefect and settings.installation is not None:
        console.print("Prefect's database goes back for every municipality on its server.", style="yellow")
    done = restore(settings, folder, today, replace=replace, with_prefect=with_prefect)
    for file in done.moved_aside:
        console.print(f"Damaged, and moved aside: {file}", style="yellow", markup=False, soft_wrap=True)
    console.print(f"Restored as of {done.made_at:%Y-%m-%d %H:%M} UTC.", markup=False, highlight=False)
