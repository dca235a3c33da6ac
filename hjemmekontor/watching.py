"""The alert that needs no Prefect: no good night or backup lately, by our own database, told once a day.

For a timer of the machine (deploy/hjemmekontor-watch@.timer). What else can be wrong, Prefect's automations tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx

from agreements.calendar import OSLO
from config.errors import ExpectedError
from config.installation import named
from config.settings import Settings
from integrations.database.health import last_backup_at
from integrations.database.nights import last_good_night_at
from integrations.database.reading import reading
from tasks.alerting import send_alert
from tasks.judging import NIGHT_LATE_AFTER, SILENT, is_backup_late
from tasks.status import read_nights

TOLD_ON = "varslet"
"""A file in the state folder: the last day on which somebody was told."""
SECONDS_FOR_THE_WEBHOOK = 20


@dataclass(frozen=True, slots=True)
class Worry:
    """What is wrong, and the part of docs/runbook.md that says what to do."""

    said: str
    section: str

    def __str__(self) -> str:
        return f"{self.said} Se docs/runbook.md, «{self.section}»."


UNREADABLE = Worry("Databasen kan ikke leses.", "The database cannot be reached, or is locked")
NONE_YET = Worry("Ingen natt har gått bra ennå.", "The night did not run")
NONE_LATELY = Worry("Det er over 26 timer siden en natt gikk bra.", "The night did not run")
BACKUP_LATE = Worry("Det er over et døgn siden en sikkerhetskopi ble tatt.", "The backup failed")
PREFECT_SILENT = Worry(f"{SILENT}.", "Prefect's server is down")


def worries(settings: Settings, now: datetime) -> Iterator[Worry]:
    try:
        with reading(settings.database_url) as connection:
            good_at, backed_up_at = last_good_night_at(connection), last_backup_at(connection)
    except ExpectedError:
        yield UNREADABLE
    else:
        if good_at is None:
            yield NONE_YET
        elif now - good_at > NIGHT_LATE_AFTER:
            yield NONE_LATELY
        if settings.backup_dir is not None and is_backup_late(backed_up_at, now):
            yield BACKUP_LATE
    if not read_nights(settings).is_answered:
        yield PREFECT_SILENT


def alert_once_a_day(settings: Settings, now: datetime) -> Iterator[str]:
    """Tell ops what is wrong by each channel there is; a line of what was done, nothing when all is well.

    The day counts as told as soon as one channel has taken it; the other is not tried again before the next day.
    """
    found = list(worries(settings, now))
    if not found:
        return
    today, mark = now.astimezone(OSLO).date().isoformat(), settings.state_dir / TOLD_ON
    if mark.exists() and mark.read_text(encoding="utf-8") == today:
        yield "Drift er varslet tidligere i dag."
        return
    tried = [*_by_webhook(settings, found), *_by_mail(settings, found, today)]
    if any(is_told for _, is_told in tried):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(today, encoding="utf-8")
    yield from (line for line, _ in tried)
    if not tried:
        yield "Ingen er varslet: sett HK_OPS_MAILBOX eller HK_ALERT_WEBHOOK."


def _by_webhook(settings: Settings, found: list[Worry]) -> Iterator[tuple[str, bool]]:
    """The address is a secret, and stays out of what is said."""
    if settings.alert_webhook is None:
        return
    text = f"{named('Hjemmekontor', settings)}: {' '.join(map(str, found))}"
    try:
        address = settings.alert_webhook.get_secret_value()
        httpx.post(address, json={"text": text}, timeout=SECONDS_FOR_THE_WEBHOOK).raise_for_status()
    except httpx.HTTPStatusError as error:
        yield f"HK_ALERT_WEBHOOK tok ikke imot varselet ({error.response.status_code}).", False
    except httpx.RequestError as error:
        yield f"HK_ALERT_WEBHOOK kan ikke nås ({type(error).__name__}).", False
    else:
        yield "Drift er varslet (HK_ALERT_WEBHOOK).", True


def _by_mail(settings: Settings, found: list[Worry], today: str) -> Iterator[tuple[str, bool]]:
    if settings.ops_mailbox is None:
        return
    try:
        send_alert(f"varsel/uten-prefect/{today}", found[0].said, [*map(str, found)])
    except ExpectedError as error:
        yield f"E-posten til HK_OPS_MAILBOX ble ikke sendt: {error}", False
    else:
        yield "Drift er varslet (HK_OPS_MAILBOX).", True
