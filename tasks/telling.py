"""The night's result for those who look: artifacts in Prefect with counts and case numbers, never a name."""

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from sqlalchemy import func, select

from integrations.database.tables import cases, rejected_rows
from tasks.night import Night

Result = tuple[str, dict[str, int], str | None]
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
    return "\n\n".join([title, "\n".join(verdict), _states(night), _deviations(night)])


def _states(night: Night) -> str:
    with night.database.transaction() as connection:
        rows = connection.execute(select(cases.c.state, func.count()).group_by(cases.c.state).order_by(cases.c.state))
        lines = [f"| {state} | {number} |" for state, number in rows]
    return "\n".join(["## Saker", "| Tilstand | Antall |", "|---|---|", *lines])


def _deviations(night: Night) -> str:
    """What was set aside and has not healed; the reasons are ours and quote nobody."""
    table = rejected_rows
    with night.database.transaction() as connection:
        rows = connection.execute(
            select(table.c.source, table.c.key, table.c.path, table.c.reason, table.c.first_seen_on)
            .where(table.c.resolved_on.is_(None))
            .order_by(table.c.last_seen_on.desc(), table.c.source, table.c.key)
        ).all()
    if not rows:
        return "## Avvik\nIngen."
    lines = [f"| {row.source} | {row.key} | {row.path} | {row.reason} |" for row in rows[:SHOWN]]
    more = [f"… og {len(rows) - SHOWN} til."] if len(rows) > SHOWN else []
    return "\n".join([f"## Avvik ({len(rows)})", "| Kilde | Rad | Sted | Grunn |", "|---|---|---|---|", *lines, *more])
