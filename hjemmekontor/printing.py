"""What the command shows a person: counts by step, what failed, where to look."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agreements.words import DIFFERENCES
from config.settings import Settings
from integrations.database.health import DEVIATIONS_SHOWN_FOR
from tasks.judging import Line


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a flow went: counts by step, and the one line that says what failed, if anything did."""

    flow: str
    on: date
    dry_run: bool
    steps: Mapping[str, Mapping[str, int]]
    problem: str | None
    message: str

    def as_json(self) -> str:
        content = {
            "flow": self.flow,
            "on": self.on.isoformat(),
            "dry_run": self.dry_run,
            "ok": self.problem is None,
            "problem": self.problem,
            "steps": self.steps,
        }
        return json.dumps(content, ensure_ascii=False)


def print_night(console: Console, settings: Settings, outcome: Outcome) -> None:
    remark = " (prøvekjøring, ingenting er skrevet eller sendt)" if outcome.dry_run else ""
    title = f"{outcome.flow} {outcome.on:%d.%m.%Y}{remark}"
    table = Table(title=title, title_justify="left")
    table.add_column("Steg")
    table.add_column("Hva")
    table.add_column("Antall", justify="right")
    for step, counts in outcome.steps.items():
        for position, (what, number) in enumerate(counts.items()):
            table.add_row("" if position else step, what, str(number))
        table.add_section()
    if outcome.steps:
        console.print(table)
    if outcome.problem is None:
        console.print(outcome.message, style="green")
    else:
        console.print(f"Noe feilet: {outcome.problem}", style="red", markup=False, highlight=False, soft_wrap=True)
    if settings.graph_is_a_stand_in and outcome.steps and not outcome.dry_run:
        _where_to_look(console, settings)


def print_year(console: Console, settings: Settings, nights: int, failed_nights: Sequence[str], seconds: float) -> None:
    console.print(f"{nights} netter på {seconds:.0f} sekunder.")
    for line in failed_nights[:20]:
        console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    _where_to_look(console, settings)


def print_holds(console: Console, found: Sequence[Mapping[str, Any]]) -> None:
    if not found:
        console.print("Ingen stanset synkronisering venter.")
    for held in found:
        status = "forkastet" if held["status"] == "discarded" else "venter"
        console.print(f"{held['digest']}  ({status}, stanset {held['held_at']})", highlight=False)
        for reason in held["reasons"]:
            console.print(f"  {reason}", markup=False, highlight=False)
        for kind, words in DIFFERENCES.items():
            numbers = held["diff"].get(kind, [])
            if numbers:
                console.print(f"  {words} ({len(numbers)}): {' '.join(numbers)}", highlight=False, soft_wrap=True)
        console.print(f"  hjemmekontor review-hold {held['digest']} --by ANSATTNUMMER --approve", highlight=False)


def print_provisioned(
    console: Console, changes: Sequence[str], left_alone: Sequence[str], wrong: Sequence[str], *, dry_run: bool
) -> None:
    """A line for each change, then what is not touched, then what somebody must put right by hand."""
    for mark, lines in (("+", changes), (" ", left_alone), ("!", wrong)):
        for line in lines:
            console.print(f"{mark} {line}", markup=False, highlight=False, soft_wrap=True)
    done = "ville blitt gjort (prøvekjøring, ingenting er endret)" if dry_run else "gjort"
    console.print(f"{len(changes)} endringer {done}.", style="red" if wrong else "green")


def print_rejected(console: Console, found: Sequence[Mapping[str, Any]], today: date) -> None:
    """All of them; the heading has the number that the night and the status count, and the older ones apart."""
    if not found:
        console.print("Ingenting er satt til side.")
        return
    since = (today - DEVIATIONS_SHOWN_FOR).isoformat()
    older = sum(row["last_seen_on"] < since for row in found)
    more = f", og {older} eldre enn {DEVIATIONS_SHOWN_FOR.days} dager" if older else ""
    table = Table(title=f"Avvik ({len(found) - older}{more})", title_justify="left")
    for heading in ("Kilde", "Hvem eller hva", "Element", "Felt eller sak", "Grunn", "Først sett", "Sist sett"):
        table.add_column(heading, overflow="fold")
    names = ("source", "who", "item", "path", "reason", "first_seen_on", "last_seen_on")
    for row in found:
        table.add_row(*(escape(str(row[name])) for name in names))
    console.print(table)


def print_status(console: Console, lines: Sequence[Line]) -> None:
    for line in lines:
        style = None if line.is_well else "red"
        repairs = f" → {', '.join(line.repairs)}" if line.repairs else ""
        said = f"{line.mark:<10}  {line.what}: {line.said}{repairs}"
        console.print(said, style=style, markup=False, highlight=False, soft_wrap=True)


def print_history(console: Console, found: Mapping[str, Any]) -> None:
    """Two lines for each: what happened, then by whom and why. Six columns would be too many for a terminal."""
    console.print(f"{found['case']}: {found['state']}", highlight=False)
    for row in found["history"]:
        moved = "" if row["from"] == row["to"] else f" ({row['from']} → {row['to']})"
        console.print(f"{row['date']}  {row['what']}{moved}", markup=False, highlight=False, soft_wrap=True)
        why = [part for part in (row["by"], row["rule"], row["policy_version"]) if part is not None]
        if why:
            line = f"            {' · '.join(why)}"
            console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


def _where_to_look(console: Console, settings: Settings) -> None:
    mail, drive = settings.sandbox_dir / "mail", settings.sandbox_dir / "drive"
    console.print(f"E-postene ligger i {mail}, filene i {drive}.", soft_wrap=True)
