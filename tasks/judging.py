"""Is the system well? Judged from figures alone: a line for each thing that can be wrong, and what repairs it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agreements.calendar import OSLO
from agreements.freshness import Freshness, GoodRun, freshness, hours
from config.deployments import NIGHT, REPLAY, REVIEW_HOLD, SEND_AGAIN, STAFF
from config.settings import GraphCredential
from integrations.database.health import Figures
from integrations.database.nights import EndedNight
from integrations.graph.expiry import Credential, Validity

NIGHT_LATE_AFTER = timedelta(hours=26)
"""A day, an hour when the clock changes, and an hour for the night itself."""
BACKUP_LATE_AFTER = timedelta(hours=25)
"""A day, and an hour when the clock changes."""
CASES_SHOWN = 5
WENT_WELL, FAILED = "gikk bra", "feilet"
CREDENTIALS: Mapping[GraphCredential, tuple[str, str]] = {
    "certificate": ("Sertifikatet for Microsoft 365", "HK_GRAPH_CERTIFICATE_PATH"),
    "secret": ("Hemmeligheten for Microsoft 365", "HK_GRAPH_CLIENT_SECRET og HK_GRAPH_SECRET_EXPIRES"),
    "managed-identity": ("Maskinens identitet for Microsoft 365", "HK_GRAPH_CREDENTIAL"),
}
"""What it is called, and the settings it is in."""
UNTOLD: Mapping[GraphCredential, str] = {
    "certificate": "ikke satt opp",
    "secret": "utløpet er ikke kjent; sett HK_GRAPH_SECRET_EXPIRES",
    "managed-identity": "løper ikke ut",
}
SILENT = "Prefect svarer ikke"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that can be wrong; `repairs` are deployments, `filled_in` what is known of their form."""

    what: str
    said: str
    is_well: bool = True
    repairs: Sequence[str] = ()
    filled_in: tuple[tuple[str, str], ...] = ()

    @property
    def mark(self) -> str:
        return "ok" if self.is_well else "må ses på"


@dataclass(frozen=True, slots=True)
class LastNight:
    ended_at: datetime
    how: str
    is_well: bool


@dataclass(frozen=True, slots=True)
class Nights:
    """What Prefect knows of the nights: how the last one went that is over, and when the next one is due.

    One that was killed, or did not get as far as our database, it alone knows of.
    """

    last: LastNight | None
    next_at: datetime | None
    is_answered: bool = True
    """False when Prefect could not be asked."""


def judge(figures: Figures, nights: Nights, credential: Credential, rejected_limit: int, now: datetime) -> list[Line]:
    return [
        _last_night(_newest(figures.last_night, nights.last), now),
        _next_night(nights),
        _staff_data(figures.last_sync, figures.on, now),
        *_held(figures),
        _set_aside(figures.set_aside, rejected_limit),
        _deliveries(figures),
        _throttled(figures.throttled_until, now),
        credential_line(credential, now),
        _stuck(figures.stuck),
    ]


def is_all_well(lines: Iterable[Line]) -> bool:
    return all(line.is_well for line in lines)


def _newest(ours: EndedNight | None, prefects: LastNight | None) -> LastNight | None:
    """By our own word and by Prefect's."""
    if ours is None or (prefects is not None and prefects.ended_at > ours.ended_at):
        return prefects
    return LastNight(ours.ended_at, WENT_WELL if ours.is_well else FAILED, ours.is_well)


def _last_night(last: LastNight | None, now: datetime) -> Line:
    what = "Siste natt"
    if last is None:
        return Line(what, "ingen natt er kjørt ennå", is_well=False, repairs=(NIGHT,))
    is_late = now - last.ended_at > NIGHT_LATE_AFTER
    said = f"{last.how}, ferdig {clock(last.ended_at)}" + (" (for lenge siden)" if is_late else "")
    is_well = last.is_well and not is_late
    return Line(what, said, is_well=is_well, repairs=() if is_well else (NIGHT,))


def _next_night(nights: Nights) -> Line:
    what = "Neste natt"
    if not nights.is_answered:
        return Line(what, SILENT, is_well=False)
    if nights.next_at is None:
        return Line(what, "ingen er satt opp; se tidsplanen", is_well=False, repairs=(NIGHT,))
    return Line(what, clock(nights.next_at))


def _staff_data(last: GoodRun | None, on: date, now: datetime) -> Line:
    what = "Ansattdata"
    if last is None:
        return Line(what, "aldri hentet fra HR-systemet", is_well=False, repairs=(STAFF,))
    read, published = last.ages(on, now)
    said = f"hentet for {hours(read)} timer siden"
    if published is not None:
        said += f"; HR-systemets egne data er {hours(published)} timer gamle"
    is_well = freshness(last.age(on, now)) is Freshness.FRESH
    return Line(what, said, is_well=is_well, repairs=() if is_well else (STAFF,))


def _held(figures: Figures) -> Iterator[Line]:
    what = "Stansede kjøringer"
    if not figures.held:
        yield Line(what, "ingen")
    for each in figures.held:
        said = f"venter på avgjørelse ({each.digest}): {'; '.join(each.reasons)}"
        yield Line(what, said, is_well=False, repairs=(REVIEW_HOLD,), filled_in=(("digest", each.digest),))


def _set_aside(number: int, limit: int) -> Line:
    is_well = number <= limit
    said = str(number) if is_well else f"{number}, over grensen på {limit}"
    return Line("Avvik satt til side", said, is_well=is_well, repairs=(REPLAY,) if number else ())


def _deliveries(figures: Figures) -> Line:
    again = f", {figures.tried_again} prøves igjen" if figures.tried_again else ""
    is_well = not figures.given_up
    return Line(
        "Leveranser oppgitt", f"{figures.given_up}{again}", is_well=is_well, repairs=(SEND_AGAIN,) * (not is_well)
    )


def _throttled(until: datetime | None, now: datetime) -> Line:
    is_well = until is None or until <= now
    said = "nei" if until is None or is_well else f"ja, Microsoft 365 ber oss vente til {clock(until)}"
    return Line("Struping", said, is_well=is_well)


def credential_line(credential: Credential, now: datetime) -> Line:
    """No deployment repairs it: the runbook's «A certificate or secret runs out» does."""
    what, name = CREDENTIALS[credential.kind]
    day = "" if credential.ends_at is None else f"{credential.ends_at.astimezone(OSLO):%d.%m.%Y}"
    said = {
        Validity.LASTING: f"gjelder til {day}",
        Validity.ENDING: f"løper ut om {credential.days_left(now)} dager ({day}); lag en ny nå, og sett inn {name}",
        Validity.ENDED: f"løp ut {day}; lag en ny, og sett inn {name}",
        Validity.UNKNOWN: UNTOLD[credential.kind],
        Validity.UNREADABLE: f"kan ikke leses; se {name}",
    }
    validity = credential.validity(now)
    return Line(what, said[validity], is_well=validity in {Validity.LASTING, Validity.UNKNOWN})


def _stuck(numbers: Sequence[str]) -> Line:
    what = "Saker som står fast"
    if not numbers:
        return Line(what, "ingen")
    shown = ", ".join(numbers[:CASES_SHOWN]) + (" …" if len(numbers) > CASES_SHOWN else "")
    return Line(what, f"{len(numbers)}: {shown}", is_well=False, repairs=(NIGHT, "Vis sak"))


def backup_line(at: datetime | None, now: datetime) -> Line:
    """For whoever is to have backups. No deployment repairs it: the runbook's «The backup failed» does."""
    what = "Sikkerhetskopi"
    if at is None:
        return Line(what, "ingen er tatt ennå", is_well=False)
    is_late = is_backup_late(at, now)
    return Line(what, f"tatt {clock(at)}" + (" (for lenge siden)" if is_late else ""), is_well=not is_late)


def is_backup_late(at: datetime | None, now: datetime) -> bool:
    return at is None or now - at > BACKUP_LATE_AFTER


def clock(at: datetime) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y kl. %H:%M}"
