"""The `hjemmekontor` command. What fails for a reason a person can mend is one line and exit code 1."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from agreements.calendar import OSLO
from config.clause_files import write_clauses
from config.errors import ExpectedError
from config.policy_files import load_policy
from config.settings import load_settings
from config.sharepoint import site_of
from hjemmekontor.operating import automations, backup, deploy, metrics, restore, status
from hjemmekontor.options import On, console, typed_date
from hjemmekontor.printing import (
    Outcome,
    print_history,
    print_holds,
    print_night,
    print_provisioned,
    print_rejected,
    print_year,
)
from hjemmekontor.surroundings import announcing, bring_up_to_date, surroundings
from hjemmekontor.verdicts import Verdict
from hjemmekontor.waiting import case_history, held_runs, rejected_rows
from sandbox.town import Sandbox

# Prefect reads its settings when it is imported, so whatever imports it is imported after they are made.
# ruff: noqa: PLC0415

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide and show everything; write and send nothing.")]
Unit = Annotated[str, typer.Option(help="Unit id, as the HR system has it; everybody when left out.")]
CaseNumber = Annotated[str, typer.Argument(help="As in mails and reports: HK-2026-00042.")]
By = Annotated[str, typer.Option("--by", help="Employee number of whoever registers it.")]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object of counts on standard output.")]


class NotWrittenError(ExpectedError):
    """A folder that was named cannot be written to."""


def main() -> None:
    """Entry point of the command."""
    try:
        app()
    except ExpectedError as error:
        console.print(f"hjemmekontor: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


@app.command()
def nightly(on: On = None, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Run a whole night: all eight jobs in order."""
    _run("nightly", on, dry_run=dry_run, as_json=as_json)


def _job(name: str, summary: str) -> None:
    def command(on: On = None, *, dry_run: DryRun = False, as_json: Json = False) -> None:
        _run(name, on, dry_run=dry_run, as_json=as_json)

    app.command(name=name, help=summary)(command)


for _name, _summary in (
    ("sync-employees", "Employees, units and managers from the HR system."),
    ("open-cases", "New applications become cases."),
    ("chase-documentation", "Receive documentation and assessments, and chase what is missing."),
    ("file-agreements", "File approved agreements and bring them into force."),
    ("trigger-evaluations", "Ask for evaluations, remind, record."),
    ("scheme-report", "Make the report over the scheme as a whole, and file it."),
    ("expire-agreements", "Announce and end agreements whose time is over."),
):
    _job(_name, _summary)


@app.command()
def impose_home_office(  # noqa: PLR0913 - each is an option
    start: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First day.")],
    end: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day.")],
    discussed: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="When it was discussed with the unions.")],
    by: By,
    unit: Unit = "",
    *,
    dry_run: DryRun = False,
) -> None:
    """Impose home office on a unit, or on everybody, for a period; it reverts by itself."""
    period = {
        "start_on": typed_date(start),
        "end_on": typed_date(end),
        "discussed_with_unions_on": typed_date(discussed),
    }
    _run("impose-home-office", None, dry_run=dry_run, as_json=False, registered_by=by, **_whom(unit), **period)


@app.command()
def revert_home_office(
    last_day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The last day at home.")],
    by: By,
    unit: Unit = "",
    *,
    dry_run: DryRun = False,
) -> None:
    """End imposed home office ahead of its time, in a unit or everywhere."""
    form = {"last_day": typed_date(last_day), "registered_by": by, **_whom(unit)}
    _run("revert-home-office", None, dry_run=dry_run, as_json=False, **form)


@app.command()
def hold_case(
    case_number: CaseNumber,
    by: By,
    until: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day of the pause.")] = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Take the case up again.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Set a case on hold through a day, or take it up again; nobody is reminded in the meantime."""
    choice = "Gjenoppta" if resume else "Sett på pause"
    day = None if until is None else typed_date(until)
    form = {"case_number": case_number, "choice": choice, "until": day, "registered_by": by}
    _run("hold-case", None, dry_run=dry_run, as_json=False, **form)


@app.command()
def review_hold(
    digest: Annotated[str, typer.Argument(help="The digest in the night's report.")],
    by: By,
    *,
    approve: Annotated[bool, typer.Option("--approve/--discard", help="Carry the difference out, or drop it.")],
) -> None:
    """Approve or discard a sync that was held; an approved one is carried out at once."""
    decision = "Godkjenn" if approve else "Forkast"
    _run("review-hold", None, dry_run=False, as_json=False, digest=digest, decision=decision, registered_by=by)


@app.command()
def year(
    start: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="The first night.")],
    nights: Annotated[int, typer.Option(min=1, help="How many nights.")] = 366,
) -> None:
    """Run a year of nights in one process against the sandbox, its people answering in between."""
    first = typed_date(start)
    settings = load_settings()
    if not settings.uses_sandbox:
        raise ExpectedError("`hjemmekontor year` is for the sandbox only: unset HK_HR_URL and the HK_GRAPH_ settings.")
    with surroundings(first, must_own=True) as sandbox:
        from hjemmekontor.year import run_year

        started = time.monotonic()
        failed_nights = run_year(_must(sandbox), first, nights)
        print_year(console, load_settings(), nights, failed_nights, time.monotonic() - started)
    if failed_nights:
        sys.exit(1)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    bring_up_to_date(load_settings())
    console.print("The database is up to date.")


@app.command()
def check() -> None:
    """Look at every connection, one line each."""
    today = datetime.now(OSLO).date()
    with surroundings(today):
        from hjemmekontor.check import run_checks

        results = run_checks(load_settings())
    for line in results:
        console.print(f"{line.verdict:<4}  {line.what}: {line.said}", markup=False, highlight=False, soft_wrap=True)
    if any(line.verdict is Verdict.FAILURE for line in results):
        sys.exit(1)


@app.command()
def provision_sharepoint(*, dry_run: DryRun = False) -> None:
    """Make the lists, columns and libraries that the policy needs; nothing is deleted. A line for each change."""
    with surroundings(datetime.now(OSLO).date()):
        from integrations.graph.provisioning import provision_site

        settings = load_settings()
        result = provision_site(settings, site_of(load_policy(settings.policy)), dry_run=dry_run)
    print_provisioned(console, result.changes, result.left_alone, result.wrong, dry_run=dry_run)
    if result.wrong:
        sys.exit(1)


@app.command()
def holds(*, as_json: Json = False) -> None:
    """Show the syncs that wait for a decision: why, and the exact difference by employee number."""
    found = held_runs(load_settings())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    print_holds(console, found)


@app.command()
def rejected(*, as_json: Json = False) -> None:
    """Show what was set aside (avvik): whose it is, where the fault is, and why."""
    found = rejected_rows(load_settings())
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    print_rejected(console, found, datetime.now(OSLO).date())


@app.command()
def explain(
    case_number: CaseNumber,
    *,
    as_json: Json = False,
) -> None:
    """Show a case's history: what happened and when, by whom, by which rule of which policy."""
    found = case_history(load_settings(), case_number)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    print_history(console, found)


@app.command()
def replay_rejected(
    by: By,
    source: Annotated[str, typer.Option(help="What to replay, as the form has it.")] = "Alt",
    on: On = None,
    *,
    dry_run: DryRun = False,
) -> None:
    """Read HR again, and take in once more what people answered and was set aside."""
    _run("replay-rejected", on, dry_run=dry_run, as_json=False, source=source, registered_by=by)


@app.command()
def retry_failed(
    by: By,
    case_number: Annotated[str | None, typer.Argument(help="HK-2026-00042; all of them when left out.")] = None,
    on: On = None,
    *,
    dry_run: DryRun = False,
) -> None:
    """Deliver once more the mails, folders and documents that were given up."""
    form = {"which": "Alle saker" if case_number is None else "Én sak", "case_number": case_number or ""}
    _run("retry-failed", on, dry_run=dry_run, as_json=False, registered_by=by, **form)


@app.command()
@app.command(name="slett-gamle-saker", hidden=True)
def purge(on: On = None, *, dry_run: DryRun = False) -> None:
    """Remove personal data of cases that the policy says have been kept long enough, and that the archive has."""
    _run("purge", on, dry_run=dry_run, as_json=False)


@app.command()
def preview(
    into: Annotated[Path | None, typer.Option(help="Where to; a folder in HK_STATE_DIR when left out.")] = None,
) -> None:
    """Render the policy's documents about made-up people, to look at before anybody gets them."""
    from hjemmekontor.preview import write_preview

    settings, today = load_settings(), datetime.now(OSLO).date()
    with _writing():
        for file in write_preview(load_policy(settings.policy), into or settings.state_dir / "preview", today):
            console.print(str(file), markup=False, highlight=False, soft_wrap=True)


@app.command()
def export_clauses(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Write the policy's clauses as text files for HR to edit (docs/policies.md)."""
    with _writing():
        for file in write_clauses(folder, load_policy(load_settings().policy).clauses):
            console.print(str(file), markup=False, highlight=False, soft_wrap=True)


for _command in (status, metrics, automations, deploy, backup, restore):
    app.command()(_command)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWrittenError(f"could not write the files: {error}") from None


@app.command()
def sandbox(
    hr_port: Annotated[int, typer.Option(help="Port of the HR system.")] = 4301,
    graph_port: Annotated[int, typer.Option(help="Port of Microsoft Graph.")] = 4302,
) -> None:
    """Run the sandbox by itself, and print the settings that connect to it."""
    settings = load_settings()
    town = Sandbox.open(settings.sandbox_dir, datetime.now(OSLO).date())
    with town.running(hr_port, graph_port) as environment:
        for name, value in environment.items():
            typer.echo(f"{name}={value}")
        console.print("The sandbox is running; Ctrl-C stops it.")
        with announcing(town):
            _until_interrupted()


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port of the Prefect server and its UI.")] = 4200,
    hr_port: Annotated[int, typer.Option(help="Port of the sandbox's HR system.")] = 4301,
    graph_port: Annotated[int, typer.Option(help="Port of the sandbox's Microsoft Graph.")] = 4302,
) -> None:
    """Prefect's server with its UI, a worker, the deployments, and the sandbox when no real systems are configured."""
    today = datetime.now(OSLO).date()
    with surroundings(today, hr_port, graph_port, must_own=True) as town:
        from hjemmekontor.serve import serving

        if town is not None:
            town.live_until(today)
        bring_up_to_date(load_settings())
        with serving(port, load_settings(), console), nullcontext() if town is None else announcing(town):
            _until_interrupted(None if town is None else lambda: town.live_until(datetime.now(OSLO).date()))


def _run(name: str, on: str | None, *, dry_run: bool, as_json: bool, **parameters: object) -> None:
    day = datetime.now(OSLO).date() if on is None else typed_date(on)
    with surroundings(day) as town:
        from hjemmekontor.flow_names import run_by_name

        if town is not None and (town.is_new or not dry_run):
            town.live_until(day)
        waiting = nullcontext() if as_json else console.status(f"{name} {day} …")
        with waiting:
            state = run_by_name(name, day, dry_run=dry_run, **parameters)
        found = state.result(raise_on_failure=False)
        steps = found if isinstance(found, dict) else {}
        message = state.message or ""
        outcome = Outcome(name, day, dry_run, steps, None if state.is_completed() else message, message)
        if not as_json:
            print_night(console, load_settings(), outcome)
    if as_json:
        if outcome.problem is not None:
            console.print(
                f"hjemmekontor: {outcome.problem}", style="red", markup=False, highlight=False, soft_wrap=True
            )
        typer.echo(outcome.as_json())
    if outcome.problem is not None:
        sys.exit(1)


def _whom(unit: str) -> dict[str, str]:
    return {"whom": "Én enhet" if unit else "Alle ansatte", "unit_id": unit}


def _must(town: Sandbox | None) -> Sandbox:
    if town is None:
        raise AssertionError("the sandbox was asked for and is not there")
    return town


def _until_interrupted(every_minute: Callable[[], None] | None = None) -> None:
    """Wait for Ctrl-C, or for the polite word of a service manager."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            time.sleep(60)
            if every_minute is not None:
                every_minute()
    except KeyboardInterrupt:
        console.print("Stopped.")
