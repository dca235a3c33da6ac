"""Outside the sandbox nothing is decided ahead of its day, however the page's own check is got round."""

from datetime import timedelta
from typing import Any

import pytest

from config.settings import load_settings
from flows.expire_agreements import expire_agreements
from flows.forms import NOT_THAT_DAY
from flows.nightly import nightly
from flows.register_application import register_application
from tasks.night import CATCH_UP, must_be_possible, today_in_oslo
from tests.flows.conftest import FIRST_NIGHT, Town, fill_in

FORM: dict[str, Any] = {"days_per_week": 2, "start_on": "2026-12-14", "employee_number": "1"}
DAY = timedelta(days=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here."""
    return sqlite_url


@pytest.fixture
def real_town(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town after its first night, by settings that name no sandbox any more; nobody listens there."""
    assert town.night(FIRST_NIGHT).is_completed()
    monkeypatch.setenv("HK_GRAPH_BASE_URL", "https://127.0.0.1:9/v1.0")
    return town


def test_a_form_is_for_today_alone(real_town: Town) -> None:
    before = real_town.contents()
    for away, dry_run in ((-1, False), (1, False), (400, True)):
        on = today_in_oslo() + away * DAY
        refused = fill_in(register_application, real_town, on, **FORM, dry_run=dry_run)
        assert (refused.name, refused.message) == ("Avvist", NOT_THAT_DAY)
    unlikely = fill_in(register_application, real_town, FIRST_NIGHT.replace(year=8900), **FORM)
    assert (unlikely.name, unlikely.message) == ("Avvist", "«on»: Årstallet kan ikke stemme.")
    assert real_town.contents() == before


def test_a_job_is_not_for_a_day_to_come_nor_for_one_long_ago(real_town: Town) -> None:
    before = real_town.contents()
    for job in (nightly, expire_agreements):
        for away in (1, 400, -CATCH_UP.days - 1):
            on = today_in_oslo() + away * DAY
            refused = job(on=on, return_state=True)
            assert refused.is_failed()
            assert (refused.message or "").startswith(f"{on:%d.%m.%Y} kan ikke brukes som dato: den må være i dag")
    assert real_town.contents() == before
    assert real_town.count("nights") == 1
    for away in (0, -1, -CATCH_UP.days):
        must_be_possible(today_in_oslo() + away * DAY, load_settings())
