"""`status --alert`: what a timer of the machine runs. It tells by itself, with Prefect dead, once a day."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr
from sqlalchemy import text

from config.settings import load_settings
from hjemmekontor.watching import alert_once_a_day
from tests.flows.alerting import listening
from tests.flows.conftest import FIRST_NIGHT, PrefectServer, Town
from tests.waiting import AT_MOST

BIN = Path(sys.executable).parent / "hjemmekontor"
NOBODY_LISTENS = "http://127.0.0.1:9"
TOMORROW = datetime.now(UTC) + timedelta(hours=28)
OVER_26_HOURS = "Det er over 26 timer siden en natt gikk bra. Se docs/runbook.md, «The night did not run»."
PREFECT_IS_DOWN = "Prefect svarer ikke. Se docs/runbook.md, «Prefect's server is down»."


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


def subjects(town: Town) -> list[str]:
    return [str(mail["Subject"]) for mail in town.mails() if str(mail["Subject"]).startswith("Hjemmekontor")]


def tell(now: datetime, address: str | None = None) -> list[str]:
    webhook = None if address is None else SecretStr(address)
    return list(alert_once_a_day(load_settings().model_copy(update={"alert_webhook": webhook}), now))


def test_the_command_with_prefect_dead_tells_once_and_says_all_it_knows(
    prefect_server: PrefectServer, town: Town
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    long_ago = (datetime.now(UTC) - timedelta(hours=27)).replace(tzinfo=None)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE nights SET ended_at = :at"), {"at": long_ago})
    with listening() as (address, received):
        environment = {**os.environ, **prefect_server.environment, **town.environment}
        environment |= {"PREFECT_API_URL": f"{NOBODY_LISTENS}/api", "HK_ALERT_WEBHOOK": address}
        command = [str(BIN), "status", "--alert", "--on", FIRST_NIGHT.isoformat()]
        done = [
            subprocess.run(command, env=environment, capture_output=True, text=True, timeout=AT_MOST, check=False)  # noqa: S603 - our own words
            for _ in range(2)
        ]

    assert [each["text"] for each in received] == [f"Hjemmekontor: {OVER_26_HOURS} {PREFECT_IS_DOWN}"]
    assert subjects(town) == ["Hjemmekontor: Det er over 26 timer siden en natt gikk bra."]
    assert [each.returncode for each in done] == [1, 1]
    for each in done:
        lines = each.stderr.splitlines()
        assert "må ses på   Neste natt: Prefect svarer ikke" in lines
        assert "ok          Stansede kjøringer: ingen" in lines
        assert any(line.startswith("må ses på   Siste natt: gikk bra, ferdig ") for line in lines)
    assert "Drift er varslet tidligere i dag." in done[1].stderr


def test_nobody_is_told_of_a_night_that_went_well(town: Town) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    with listening() as (address, received):
        assert tell(datetime.now(UTC), address) == []
    assert (received, subjects(town)) == ([], [])


def test_nights_that_come_and_fail_are_none(town: Town) -> None:
    """Also told by Prefect, run by run; this is for when nobody listens to that any more."""
    assert tell(datetime.now(UTC)) == ["Drift er varslet (HK_OPS_MAILBOX)."]
    assert town.night(FIRST_NIGHT).is_completed()
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE nights SET is_well = :no"), {"no": False})
    tell(TOMORROW)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE nights SET is_well = :yes"), {"yes": True})
    tell(TOMORROW + timedelta(days=1))
    assert subjects(town) == [
        *["Hjemmekontor: Ingen natt har gått bra ennå."] * 2,
        "Hjemmekontor: Det er over 26 timer siden en natt gikk bra.",
    ]


def test_a_channel_that_fails_is_said_and_the_other_tells(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is gone as well. When no channel has told, the next try of the day does."""
    monkeypatch.setenv("HK_DATABASE_URL", "sqlite:////nowhere/hjemmekontor.db")
    with temporary_settings({PREFECT_API_URL: f"{NOBODY_LISTENS}/api"}):
        with monkeypatch.context() as patch:
            patch.setenv("HK_GRAPH_CLIENT_SECRET", "wrong")
            said = tell(TOMORROW, NOBODY_LISTENS)
            assert said[0] == "HK_ALERT_WEBHOOK kan ikke nås (ConnectError)."
            assert said[1].startswith(
                "E-posten til HK_OPS_MAILBOX ble ikke sendt: Microsoft Graph: the credentials were"
            )
        assert subjects(town) == []
        assert tell(TOMORROW, NOBODY_LISTENS)[1] == "Drift er varslet (HK_OPS_MAILBOX)."
    assert subjects(town) == ["Hjemmekontor: Databasen kan ikke leses."]


def test_a_webhook_that_answers_nonsense_keeps_no_mail_back(town: Town) -> None:
    with listening(b"<html>", "gzip") as (address, _):
        assert tell(TOMORROW, address) == [
            "HK_ALERT_WEBHOOK kan ikke nås (DecodingError).",
            "Drift er varslet (HK_OPS_MAILBOX).",
        ]
    assert len(subjects(town)) == 1


def test_a_backup_that_does_not_come_is_told_where_there_is_to_be_one(
    town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert town.night(FIRST_NIGHT).is_completed()
    now = datetime.now(UTC)
    assert tell(now) == []
    monkeypatch.setenv("HK_BACKUP_DIR", str(tmp_path / "backups"))
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}")
    (tmp_path / "prefect.db").touch()
    assert tell(now) == ["Drift er varslet (HK_OPS_MAILBOX)."]
    assert subjects(town) == ["Hjemmekontor: Det er over et døgn siden en sikkerhetskopi ble tatt."]
    done = subprocess.run([str(BIN), "backup"], capture_output=True, text=True, timeout=AT_MOST, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stderr
    assert tell(datetime.now(UTC)) == []


def test_without_a_channel_it_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HK_OPS_MAILBOX")
    assert tell(TOMORROW) == ["Ingen er varslet: sett HK_OPS_MAILBOX eller HK_ALERT_WEBHOOK."]
    assert subjects(town) == []
