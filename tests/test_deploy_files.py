"""The files in `deploy/`: what they name exists, and Prefect understands its settings."""

import configparser
import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from prefect.settings import Settings as PrefectSettings

from config.installation import POOL
from hjemmekontor.cli import app

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
HOME = "/opt/hjemmekontor/.venv/bin/"


def said(unit: Path, key: str) -> list[str]:
    pattern = re.compile(rf"^{key}=(.*)$", re.MULTILINE)
    return pattern.findall(unit.read_text(encoding="utf-8"))


def settings_in(file: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their capitals
    parser.read_string(f"[all]\n{file.read_text(encoding='utf-8')}")
    return dict(parser["all"])


def test_there_are_units() -> None:
    assert [unit.name for unit in UNITS] == [
        "hjemmekontor-backup@.service",
        "hjemmekontor-watch@.service",
        "hjemmekontor-worker@.service",
        "prefect-server.service",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_exists(unit: Path) -> None:
    [command] = said(unit, "ExecStart")
    program, *arguments = shlex.split(command)
    assert program.startswith(HOME)
    if program == f"{HOME}hjemmekontor":
        assert arguments[0] in typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group
    else:
        assert arguments[:3] in (["-m", "prefect", "server"], ["-m", "prefect", "worker"])


def test_the_second_page_finds_no_room() -> None:
    """As `serve` does it: hjemmekontor.serve.room_for_one_page."""
    directory = settings_in(DEPLOY / "server.env")["PREFECT_UI_STATIC_DIRECTORY"]
    assert said(DEPLOY / "prefect-server.service", "ExecStartPre") == [
        f"/usr/bin/mkdir -p {directory}",
        f"/usr/bin/ln -sfn /nonexistent {directory}/v2",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_reads_files_that_are_shipped_or_the_municipalitys_own(unit: Path) -> None:
    files = {Path(file).name for file in said(unit, "EnvironmentFile")}
    assert files <= {"server.env", "worker.env", "%i.env"}
    assert all((DEPLOY / name).exists() for name in files - {"%i.env"})


@pytest.mark.parametrize("unit", [unit for unit in UNITS if said(unit, "Restart")], ids=lambda unit: unit.name)
def test_what_does_not_stop_is_ended(unit: Path) -> None:
    [seconds] = said(unit, "TimeoutStopSec")
    assert 0 < int(seconds) <= 60


def test_the_worker_serves_the_pool_that_deploy_makes() -> None:
    [command] = said(DEPLOY / "hjemmekontor-worker@.service", "ExecStart")
    assert f"--pool {POOL}-%i " in command
    assert "HK_INSTALLATION=%i" in said(DEPLOY / "hjemmekontor-worker@.service", "Environment")


def test_prefect_understands_the_servers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_in(DEPLOY / "server.env").items():
        monkeypatch.setenv(name, value)
    server = PrefectSettings().server
    assert server.api.auth_string is not None
    assert server.api.csrf_protection_enabled
    assert not server.analytics_enabled
    assert not server.ui.v2_enabled
    assert server.metrics_enabled
    assert server.services.db_vacuum.enabled == {"events", "flow_runs"}
    assert server.services.db_vacuum.retention_period == timedelta(days=90)
    assert server.events.retention_period == timedelta(days=7)
    assert server.database.connection_url is not None
    assert server.database.connection_url.get_secret_value().startswith("postgresql+asyncpg://")


def test_alerts_link_to_where_the_page_is() -> None:
    page = settings_in(DEPLOY / "server.env")["PREFECT_UI_API_URL"].removesuffix("/api")
    assert settings_in(DEPLOY / "worker.env")["PREFECT_UI_URL"] == page


def test_prefect_understands_the_workers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_in(DEPLOY / "worker.env").items():
        monkeypatch.setenv(name, value)
    api = PrefectSettings().api
    assert api.url == "http://127.0.0.1:4200/api"
    assert api.auth_string is not None
    assert PrefectSettings().ui_url == "https://hjemmekontor.example.no"
    assert PrefectSettings().client.csrf_support_enabled
