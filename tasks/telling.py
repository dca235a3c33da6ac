"""The night's result for those who look: artifacts in Prefect with counts and case numbers, never a name."""

from collections.abc import Sequence
from datetime import timedelta

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from sqlalchemy import func, select

from agreements.case import State
from agreements.words import STATES
from integrations.database.tables import cases, outbox, rejected_rows
from tasks.night import Night

Result = tuple[str, dict[str, int], str | None]
DEVIATIONS_SHOWN_FOR = timedelta(days=14)
SHOWN = 50
"""Rows of a list in an artifact; the rest is a number."""


def tell(flow: str, night: Night, results: Sequence[Result]) -> None:
    """A table of counts and a page in words, under keys that are the same every night."""
    rows = [
        {"Steg": name, "Hva": what, "Antall": number} for name, counts, _ in results for what, number in counts.items()
    ]
    create_table_artifact(rows, key=f"{flow}-tall", description=f"{flow} {night.on:%d.%m.%Y}")
    create_markdown_artifact(_page(flow, night, results), key=f"{flow}-rapport", description="Resultatet i ord")


def _page(flow: str, night: Night, results: Sequence[Result]) -> str:
    title = f"# {flow} {night.on:%d.%m.%Y}" + (" (prøvekjøring, ingenting er sendt)" if night.dry_run else "")
    problems = [f"- **{name}**: {problem}" for name, _, problem in results if problem is not None]
    verdict = ["Alt gikk bra."] if not problems else ["**Noe feilet:**", *problems]
    return "\n\n".join([title, "\n".join(verdict), _states(night), _failed_deliveries(night), _deviations(night)])


def _states(night: Night) -> str:
    with night.database.transaction() as connection:
        rows = connection.execute(select(cases.c.state, func.count()).group_by(cases.c.state).order_by(cases.c.state))
        lines = [f"| {STATES[State(state)]} | {number} |" for state, number in rows]
    return "\n".join(["## Saker", "| Tilstand | Antall |", "|---|---|", *lines])


def _deviations(night: Night) -> str:
    """What was set aside lately and has not healed, by reason: the reasons are ours and quote nobody."""
    table = rejected_rows
    recently = night.on - DEVIATIONS_SHOWN_FOR
    with night.database.transaction() as connection:
        rows = connection.execute(
            select(table.c.source, table.c.path, table.c.reason, func.count().label("number"))
            .where(table.c.resolved_on.is_(None), table.c.last_seen_on >= recently)
            .group_by(table.c.source, table.c.path, table.c.reason)
            .order_by(table.c.source, table.c.path, table.c.reason)
        ).all()
    lines = [f"| {row.source} | {row.path} | {row.reason} | {row.number} |" for row in rows]
    return _listed("Avvik", "| Kilde | Sak eller felt | Grunn | Antall |\n|---|---|---|---|", lines)


def _failed_deliveries(night: Night) -> str:
    """What could not be sent or filed, with the service's own code; keys name cases, never people."""
    with night.database.transaction() as connection:
        rows = connection.execute(
            select(outbox.c.key, outbox.c.status, outbox.c.reason)
            .where(outbox.c.reason.is_not(None), outbox.c.status != "done")
            .order_by(outbox.c.id)
        ).all()
    words = {"pending": "prøves igjen", "failed": "oppgitt"}
    lines = [f"| {row.key} | {words[row.status]} | {row.reason} |" for row in rows]
    return _listed("Leveranser som feilet", "| Leveranse | Hva nå | Grunn |\n|---|---|---|", lines)


def _listed(title: str, head: str, lines: Sequence[str]) -> str:
    if not lines:
        return f"## {title}\nIngen."
    more = [f"\n… og {len(lines) - SHOWN} til."] if len(lines) > SHOWN else []
    return "\n".join([f"## {title} ({len(lines)})", head, *lines[:SHOWN], *more])
