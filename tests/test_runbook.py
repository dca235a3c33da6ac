"""What alerts and reports send people to is there: sections of the runbook, and deployments by name."""

import re

import pytest
import yaml

from config.deployments import OF_STEPS
from config.settings import Settings
from flows.nightly import STEPS
from flows.running import MAIL
from hjemmekontor.automations import ALERTING, Alert, alerts, prefix, zombies
from hjemmekontor.cli import app
from hjemmekontor.serve import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
DECLARED = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
DEPLOYMENTS = {each["name"] for each in DECLARED}
ALONE = Settings()
ALERTS = {zombies(ALONE).name.removeprefix(prefix(ALONE)), *(each.name for each in alerts(ALONE))}
SECTIONS = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)


@pytest.mark.parametrize("alert", alerts(ALONE), ids=lambda each: str(each.name))
def test_an_alert_names_a_section(alert: Alert) -> None:
    assert alert.section in SECTIONS


def test_every_alert_is_explained() -> None:
    explained = set(
        re.findall(
            r"^\| (kjøring .+?|natten .+?|gamle .+?|sertifikat .+?|stanset .+?|mange .+?) \|", RUNBOOK, re.MULTILINE
        )
    )
    assert explained == ALERTS


def test_what_is_named_exists() -> None:
    named = set(re.findall(r"«([^»]+)»", RUNBOOK)) - {""}
    assert named - ALERTS - DEPLOYMENTS == set()
    commands = {
        str(each.name or each.callback.__name__.replace("_", "-")) for each in app.registered_commands if each.callback
    }
    used = set(re.findall(r"`hjemmekontor ([a-z-]+)", RUNBOOK))
    assert used - commands == set()
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in SECTIONS}
    assert set(re.findall(r"\(#([^)]+)\)", RUNBOOK)) - anchors == set()


def test_each_step_of_the_night_has_a_way_on() -> None:
    assert OF_STEPS.keys() == {name for name, _ in (*STEPS, MAIL)}
    assert {name for names in OF_STEPS.values() for name in names} - DEPLOYMENTS == set()


def test_no_alert_can_be_about_an_alert() -> None:
    (alerting,) = (each for each in DECLARED if each["name"] == ALERTING.partition("/")[2])
    assert alerting["tags"] == ["hjemmekontor-varsel"]
    assert all("hjemmekontor" in each["tags"] for each in DECLARED if each is not alerting)
