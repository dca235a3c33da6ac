"""Our own figures for Prometheus, as text for node-exporter's textfile collector: no server of ours, no port.

Counts and times, nobody's name. What is counted has the Norwegian words of the night's report.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from sqlalchemy import Connection, func, select

from config.settings import Settings
from integrations.database.health import read_figures
from integrations.database.nights import last_good_night_at
from integrations.database.reading import reading
from integrations.database.tables import nights, outbox
from integrations.graph.expiry import credential_of
from tasks.telling import DELIVERED

Labels = dict[str, str]
Samples = Iterable[tuple[Labels, float]]


def metrics(settings: Settings, on: date) -> str:
    """Everything as of now, from one look at the database.

    Raises:
        DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    with reading(settings.database_url) as connection:
        families = [*_of_nights(connection), *_of_today(connection, on)]
    ends_at = credential_of(settings).ends_at
    if ends_at is not None:
        said = "When the certificate or secret for Microsoft 365 runs out."
        families.append(("credential_ends_timestamp_seconds", "gauge", said, [({}, ends_at.timestamp())]))
    own = {} if settings.installation is None else {"installation": settings.installation}
    return "".join(_family(*family, own) for family in families)


def _of_nights(connection: Connection) -> Iterator[tuple[str, str, str, Samples]]:
    """Counters: no night is ever taken out of the table."""
    outcomes: Counter[bool] = Counter()
    delivered: Counter[str] = Counter(dict.fromkeys(DELIVERED, 0))
    for is_well, counts in connection.execute(select(nights.c.is_well, nights.c.counts)):
        outcomes[is_well] += 1
        delivered.update({what: counts.get(what, 0) for what in DELIVERED})
    ended = [({"well": str(is_well).lower()}, outcomes[is_well]) for is_well in (True, False)]
    yield "nights_total", "counter", "Nights that came to their end.", ended
    by_what = [({"what": what}, number) for what, number in delivered.items()]
    yield "night_deliveries_total", "counter", "Sent, failed, repeated and waited for, in all nights together.", by_what
    good_at = last_good_night_at(connection)
    if good_at is not None:
        said = "When a night last went well."
        yield "night_good_timestamp_seconds", "gauge", said, [({}, good_at.timestamp())]


def _of_today(connection: Connection, on: date) -> Iterator[tuple[str, str, str, Samples]]:
    figures = read_figures(connection, on)
    rows = connection.execute(
        select(outbox.c.kind, outbox.c.status, func.count())
        .group_by(outbox.c.kind, outbox.c.status)
        .order_by(outbox.c.kind, outbox.c.status)
    )
    kinds = [({"kind": kind, "status": status}, number) for kind, status, number in rows]
    yield "outbox", "gauge", "Mails, folders and files by what has become of them.", kinds
    yield "held_syncs", "gauge", "Syncs that wait for somebody's decision.", [({}, len(figures.held))]
    yield "rejected_rows", "gauge", "What was set aside lately and has not healed.", [({}, figures.set_aside)]
    yield "stuck_cases", "gauge", "Open cases in which something was due before today.", [({}, len(figures.stuck))]
    if figures.last_sync is not None:
        synced_at = figures.last_sync.finished_at.timestamp()
        yield "staff_synced_timestamp_seconds", "gauge", "When the staff was last read to the end.", [({}, synced_at)]
    if figures.backed_up_at is not None:
        made_at = figures.backed_up_at.timestamp()
        yield "backup_timestamp_seconds", "gauge", "When the last whole backup was made.", [({}, made_at)]


def _family(name: str, kind: str, said: str, samples: Samples, own: Labels) -> str:
    full = f"hjemmekontor_{name}"
    lines = [f"# HELP {full} {said}", f"# TYPE {full} {kind}"]
    for labels, value in samples:
        shown = ",".join(f'{label}="{text}"' for label, text in {**own, **labels}.items())
        lines.append(f"{full}{{{shown}}} {value:.15g}" if shown else f"{full} {value:.15g}")
    return "\n".join([*lines, ""])
