"""The night's result for those who look: artifacts in Prefect with counts and case numbers, never a name."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from sqlalchemy import func, select

from agreements.actions import Role
from agreements.case import OPEN_STATES, State
from agreements.freshness import Freshness, freshness, hours
from agreements.words import STATES
from config.deployments import OF_STEPS, REPLAY, REPORTS, REVIEW_HOLD, SEND_AGAIN, STAFF
from config.installation import keyed
from integrations.database.failed import FailedDelivery, what_failed
from integrations.database.health import Held, held, is_set_aside
from integrations.database.ledger import last_good_run
from integrations.database.tables import cases, rejected_rows
from tasks.delivering import FILES_THAT_FAILED
from tasks.events import announce_result, announce_worries
from tasks.mailing import MAILS_SENT, MAILS_THAT_FAILED, MAILS_THAT_WAIT
from tasks.night import Night
from tasks.repairs import form_links
from tasks.returning import MAILS_RETURNED
from tasks.unsent import DRAFTS_REMOVED, STILL_DRAFTS

Result = tuple[str, dict[str, int], str | None]
WARNINGS = {
    Freshness.FRESH: "",
    Freshness.AGEING: f" **Det er over ett døgn. Se på de siste kjøringene av «{STAFF}».**",
    Freshness.STALE: " **Det er over to døgn. Dataene er for gamle, og det må rettes nå.**",
}
REPEATED = "forespørsler gjentatt"
WAITED = "sekunder ventet (struping)"
"""On Microsoft 365, because of its limits or our own below them."""
DELIVERED = (
    *(MAILS_SENT, MAILS_THAT_FAILED, MAILS_RETURNED, MAILS_THAT_WAIT, STILL_DRAFTS, DRAFTS_REMOVED),
    *(FILES_THAT_FAILED, REPEATED, WAITED),
)
UNDELIVERED = (FILES_THAT_FAILED, MAILS_THAT_FAILED, MAILS_RETURNED)
RECIPIENTS = {
    Role.EMPLOYEE: "den ansatte",
    Role.MANAGER: "lederen",
    Role.HR: "HR",
    Role.SPECIALIST: "den som vurderer opphold i utlandet",
}
GIVEN_UP = "oppgitt; rett feilen, og kjør «Send på nytt»"
SHOWN = 50
"""Rows of a list in an artifact; the rest is a number."""


def tell(flow: str, night: Night, results: Sequence[Result]) -> None:
    """A table of counts and a page in words, under keys that are the same every night; and an event for machines."""
    rows = [
        {"Steg": name, "Hva": what, "Antall": number} for name, counts, _ in results for what, number in counts.items()
    ]
    create_table_artifact(rows, key=keyed(f"{flow}-tall", night.settings), description=f"{flow} {night.on:%d.%m.%Y}")
    create_markdown_artifact(
        _page(flow, night, results), key=keyed(f"{flow}-rapport", night.settings), description="Resultatet i ord"
    )
    announce_result(flow, night, [(name, counts, problem is None) for name, counts, problem in results])
    announce_worries(night)


def undelivered(counted: Iterable[Mapping[str, int]]) -> int:
    """How many mails and files could not be delivered, and mails of earlier nights that came back."""
    return sum(counts.get(what, 0) for counts in counted for what in UNDELIVERED)


def _page(flow: str, night: Night, results: Sequence[Result]) -> str:
    title = f"# {flow} {night.on:%d.%m.%Y}" + (" (prøvekjøring, ingenting er sendt)" if night.dry_run else "")
    with night.database.transaction() as connection:
        waiting = held(connection)
    problems = [
        f"- **{name}**: {problem}{_repairs(name, problem, waiting)}"
        for name, _, problem in results
        if problem is not None
    ]
    verdict = (
        ["**Noe feilet:**", *problems] if problems else [_how_it_went(undelivered(counts for _, counts, _ in results))]
    )
    parts = (_staff_data, _states, _without_manager, _failed_deliveries, _deviations)
    further = filter(None, (_held(waiting), *(part(night) for part in parts)))
    return "\n\n".join([title, "\n".join(verdict), _delivered(results), *further])


def _how_it_went(number_undelivered: int) -> str:
    if number_undelivered:
        return (
            f"Ingen steg feilet, men {number_undelivered} leveranser gjorde det: se «Leveranser som feilet» nedenfor."
        )
    return "Alt gikk bra."


def _delivered(results: Sequence[Result]) -> str:
    """How the deliveries of the night went, all steps together."""
    numbers = {what: sum(counts.get(what, 0) for _, counts, _ in results) for what in DELIVERED}
    shown = [what for what in DELIVERED if numbers[what] or what == MAILS_SENT]
    return "\n".join(["## Leveranser", *(f"- {what}: {numbers[what]}" for what in shown)])


def _repairs(step: str, problem: str, waiting: Sequence[Held]) -> str:
    """Reading HR once more does not help a sync that waits for a decision: the part about it has the form."""
    is_held = any(each.digest in problem for each in waiting)
    links = form_links((REPORTS,) if is_held else OF_STEPS.get(step, ()))
    return f" Slik går du videre: {', '.join(links)}." if links else ""


def _held(waiting: Sequence[Held]) -> str:
    """The sync that waits for somebody's decision: why, whom it concerns, and the form for it."""
    lines = [
        f"- {'; '.join(each.reasons)}. Merke: {each.digest} "
        + ", ".join(form_links([REVIEW_HOLD], {"digest": each.digest}))
        for each in waiting
    ]
    seen_in = f"Hvem det gjelder, står i filen som «{REPORTS}» lager («Stanset kjøring og avvik»)."
    return "\n".join(["## Stanset kjøring", *lines, "", seen_in]) if lines else ""


def _staff_data(night: Night) -> str:
    """How old the picture of the staff is; a word of warning when it is older than a night should make it."""
    with night.database.transaction() as connection:
        last = last_good_run(connection)
    if last is None:
        return "## Ansattdata\nAnsatte er ikke hentet fra HR-systemet ennå."
    read, published = last.ages(night.on, datetime.now(UTC))
    said = [(f"Sist hentet fra HR-systemet for {hours(read)} timer siden.", read)]
    if published is not None:
        said.append((f"HR-systemets egne data er {hours(published)} timer gamle.", published))
    lines = [f"{words}{WARNINGS[freshness(age)]}" for words, age in said]
    return "\n".join(["## Ansattdata", *(f"- {line}" for line in lines)])


def _without_manager(night: Night) -> str:
    """Cases that nobody leads: HR gets the mails, and somebody has to find a manager."""
    is_open = cases.c.state.in_([str(state) for state in OPEN_STATES])
    with night.database.transaction() as connection:
        numbers = connection.scalars(
            select(cases.c.number).where(is_open, cases.c.manager_number.is_(None)).order_by(cases.c.id)
        ).all()
    return _listed("Saker uten leder", "| Sak |\n|---|", [f"| {number} |" for number in numbers])


def _states(night: Night) -> str:
    with night.database.transaction() as connection:
        rows = connection.execute(select(cases.c.state, func.count()).group_by(cases.c.state).order_by(cases.c.state))
        lines = [f"| {STATES[State(state)]} | {number} |" for state, number in rows]
    return "\n".join(["## Saker", "| Tilstand | Antall |", "|---|---|", *lines])


def _deviations(night: Night) -> str:
    """What was set aside lately and has not healed, by reason: the reasons are ours and quote nobody."""
    table = rejected_rows
    with night.database.transaction() as connection:
        rows = connection.execute(
            select(table.c.source, table.c.path, table.c.reason, func.count().label("number"))
            .where(is_set_aside(night.on))
            .group_by(table.c.source, table.c.path, table.c.reason)
            .order_by(table.c.source, table.c.path, table.c.reason)
        ).all()
    lines = [f"| {row.source} | {row.path} | {row.reason} | {row.number} |" for row in rows]
    head = "| Kilde | Sak eller felt | Grunn | Antall |\n|---|---|---|---|"
    return _listed("Avvik", head, lines, form_links([REPLAY]) if lines else ())


def _failed_deliveries(night: Night) -> str:
    """What could not be sent or filed, with the service's own code; by case, never by name."""
    with night.database.transaction() as connection:
        number, shown = what_failed(connection, SHOWN)
    lines = [
        f"| {_what(each)} | {GIVEN_UP if each.is_given_up else 'prøves igjen'} | {each.reason} |" for each in shown
    ]
    head = "| Leveranse | Hva nå | Grunn |\n|---|---|---|"
    return _listed("Leveranser som feilet", head, lines, form_links([SEND_AGAIN]) if lines else (), number)


def _what(each: FailedDelivery) -> str:
    """A mail's own key tells nobody whose address is wrong; its case and role do."""
    if each.role is None:
        return each.key
    first, *others = each.case_numbers or ("ordningen",)
    more = f" og {len(others)} til" if others else ""
    return f"e-post til {RECIPIENTS[each.role]} i {first}{more}"


def _listed(title: str, head: str, lines: Sequence[str], repairs: Sequence[str] = (), number: int | None = None) -> str:
    """`number` is how many there are when the lines are only the first of them."""
    if not lines:
        return f"## {title}\nIngen."
    total = len(lines) if number is None else number
    more = [f"\n… og {total - SHOWN} til."] if total > SHOWN else []
    further = [f"\nSlik går du videre: {', '.join(repairs)}."] if repairs else []
    return "\n".join([f"## {title} ({total})", head, *lines[:SHOWN], *more, *further])
