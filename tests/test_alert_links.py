"""`check` warns when an alert by e-mail would link to where nobody can open it."""

from pathlib import Path

import pytest
from prefect.settings import Settings as PrefectSettings

from config.settings import Settings
from hjemmekontor.check import alert_links_line
from hjemmekontor.verdicts import Verdict

ALERTED = Settings(ops_mailbox="drift@sandvik.example")


@pytest.mark.parametrize("page", [None, "http://127.0.0.1:4200", "http://localhost:4200", "http://[::1]:4200"])
def test_a_page_that_nobody_else_reaches_is_warned_of(page: str | None) -> None:
    line = alert_links_line(ALERTED, page)
    assert line.verdict is Verdict.WARNING
    assert "PREFECT_UI_URL" in line.said


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        pytest.param(ALERTED, "https://hjemmekontor.example.no", id="reached"),
        pytest.param(Settings(), "http://127.0.0.1:4200", id="no mail"),
        pytest.param(
            ALERTED.model_copy(update={"graph_base_url": "http://127.0.0.1:4302/v1.0"}),
            "http://127.0.0.1:4200",
            id="sandbox",
        ),
    ],
)
def test_no_warning(settings: Settings, page: str) -> None:
    assert alert_links_line(settings, page).verdict is Verdict.WELL


def test_the_address_may_stand_in_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As .env.example has it: Prefect reads the same file."""
    (tmp_path / ".env").write_text("PREFECT_UI_URL=https://hjemmekontor.example.no\n")
    monkeypatch.delenv("PREFECT_UI_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert PrefectSettings().ui_url == "https://hjemmekontor.example.no"
