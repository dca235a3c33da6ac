"""Each permission refused in turn: `check` names it and what to grant. What is beyond need is warned of."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.policy_files import load_policy
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, IMPORT_LIBRARY, REPORT_LIBRARY, site_of
from hjemmekontor.check_graph import graph_lines, is_for_everybody
from hjemmekontor.verdicts import Line, Verdict
from integrations.graph.provisioning import provision
from sandbox.graph import Fault
from tests.graph.conftest import Office

LIBRARIES = (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY)
ACCESS = tuple(f"Access to {library}" for library in LIBRARIES)


@pytest.fixture
def closed() -> Sequence[str]:
    """The libraries that an administrator has closed to everybody else."""
    return (*LIBRARIES, IMPORT_LIBRARY)


@pytest.fixture
def office(office: Office, closed: Sequence[str]) -> Office:
    """The site as the policy of the settings has it, and the role that the nights need."""
    site = site_of(load_policy(office.settings.policy))
    office.run(lambda graph: provision(graph, site, dry_run=False))
    office.tenant.grants.site_role = "owner"
    for library in closed:
        office.tenant.close_library(library)
    office.gate.requests.clear()
    return office


def look(office: Office) -> dict[str, Line]:
    return {line.what: line for line in asyncio.run(graph_lines(office.settings))}


def bad(lines: dict[str, Line]) -> dict[str, Verdict]:
    return {what: line.verdict for what, line in lines.items() if line.verdict is not Verdict.WELL}


def test_all_is_well_and_nothing_is_left_behind(office: Office) -> None:
    lines = look(office)
    assert bad(lines) == {}
    assert lines.keys() >= {"Token", "Site", "List Soknader", "Library Hjemmekontor", "Directory", "Mailbox"}
    assert lines["Sending"].said.startswith("cannot be seen without sending")
    assert lines["Permissions"].said == "Sites.Selected, User.Read.All in Entra ID"
    assert office.tenant.sent_messages() == []
    assert look(office) == lines, "twice the same"
    assert _left_behind(office) == []


def test_packages_are_tried_in_their_own_library(office: Office) -> None:
    imports = office.settings.model_copy(update={"archive_target": "import", "archive_plan": Path("arkiv.toml")})
    importing = replace(office, settings=imports)
    lines = look(importing)
    assert bad(lines) == {}
    assert lines["Library Arkivimport"].verdict is Verdict.WELL
    office.fail(Fault(method="POST", path_pattern="/createUploadSession$", status=403))
    assert bad(look(importing)) == {"Archive": Verdict.FAILURE}
    assert _left_behind(importing) == []


def _left_behind(office: Office) -> list[str]:
    async def everything(graph: Any) -> list[str]:  # noqa: ANN401 - a Graph
        drives = (await graph.get(f"{graph.site}/drives", "GET"))["value"]
        found = [(await graph.get(f"/drives/{drive['id']}/root/children", "GET"))["value"] for drive in drives]
        mails = (await graph.get(f"/users/{office.tenant.sender}/messages", "GET"))["value"]
        return [entry["id"] for entries in (*found, mails) for entry in entries]

    return office.run(everything)


@pytest.mark.parametrize(
    ("role", "failing", "grant"),
    [
        (None, {"Site"}, "grant Sites.Selected in Entra ID, and the role owner on this site"),
        ("read", {"Case folders", "Archive", *ACCESS}, "the role on the site must be owner"),
        (
            "write",
            {"Case folders", *ACCESS},
            "the role on the site must be owner, so that case folders can be made and shared",
        ),
    ],
)
def test_a_role_on_the_site_that_is_not_enough(office: Office, role: str | None, failing: set[str], grant: str) -> None:
    office.tenant.grants.site_role = role
    lines = look(office)
    assert bad(lines) == dict.fromkeys(failing, Verdict.FAILURE)
    assert all(lines[what].said.startswith(grant) and "403" in lines[what].said for what in failing)


@pytest.mark.parametrize(
    ("consent", "failing", "grant"),
    [
        ("Sites.Selected", {"Site"}, "grant Sites.Selected"),
        ("User.Read.All", {"Directory", "Other mailboxes"}, "grant User.Read.All as an application permission"),
    ],
)
def test_consent_that_is_missing_in_entra_id(office: Office, consent: str, failing: set[str], grant: str) -> None:
    office.tenant.grants.consented.discard(consent)
    lines = look(office)
    assert bad(lines) == dict.fromkeys(failing, Verdict.FAILURE)
    assert all(lines[what].said.startswith(grant) for what in failing)


@pytest.mark.parametrize("closed", [()])
def test_libraries_that_let_in_everybody_are_told_of(office: Office) -> None:
    lines = look(office)
    assert bad(lines) == dict.fromkeys(ACCESS, Verdict.WARNING)
    assert all("is open to «Besøkende på Hjemmekontor»: stop inheriting" in lines[what].said for what in ACCESS)


@pytest.mark.parametrize(
    ("permission", "is_open"),
    [
        ({"roles": ["write"], "grantedToV2": {"siteGroup": {"displayName": "HR", "loginName": "HR"}}}, False),
        ({"roles": ["read"], "grantedToV2": {"group": {"displayName": "Arkivet"}}}, False),
        ({"roles": ["owner"], "grantedToV2": {"siteGroup": {"displayName": "Eiere av Hjemmekontor"}}}, False),
        ({"roles": ["write"], "grantedToV2": {"siteGroup": {"displayName": "Medlemmer av Hjemmekontor"}}}, True),
        ({"roles": ["read"], "grantedTo": {"user": {"displayName": "Everyone except external users"}}}, True),
        (
            {"roles": ["read"], "grantedToV2": {"siteUser": {"loginName": "c:0-.f|rolemanager|spo-grid-all-users/1"}}},
            True,
        ),
        ({"roles": ["read"], "link": {"scope": "organization"}}, True),
        ({"roles": ["read"], "inheritedFrom": {}, "grantedToV2": {"siteGroup": {"displayName": "HR"}}}, True),
    ],
)
def test_who_is_everybody(permission: dict[str, Any], *, is_open: bool) -> None:
    assert is_for_everybody(permission) is is_open


def test_a_mailbox_that_is_closed(office: Office) -> None:
    office.tenant.grants.mailbox.discard("Mail.ReadWrite")
    lines = look(office)
    assert bad(lines) == {"Mailbox": Verdict.FAILURE}
    assert lines["Mailbox"].said.startswith("grant «Application Mail.ReadWrite» for the sender's mailbox")


def test_that_sending_is_not_allowed_cannot_be_seen_and_is_not_claimed(office: Office) -> None:
    office.tenant.grants.mailbox.discard("Mail.Send")
    lines = look(office)
    assert bad(lines) == {}
    assert "cannot be seen without sending; Test-ServicePrincipalAuthorization" in lines["Sending"].said


def test_mail_for_every_mailbox_is_more_than_needed(office: Office) -> None:
    office.tenant.grants.consented |= {"Mail.ReadWrite", "Mail.Send"}
    lines = look(office)
    assert bad(lines) == {"Other mailboxes": Verdict.WARNING, "Permissions": Verdict.WARNING}
    assert "take Mail.* back in Entra ID" in lines["Other mailboxes"].said
    assert lines["Permissions"].said.startswith("more than needed: Mail.ReadWrite, Mail.Send;")
    assert lines["Sending"].said == "allowed in Entra ID"


@pytest.mark.parametrize("wide", ["Sites.FullControl.All", "Sites.ReadWrite.All", "Sites.Manage.All"])
def test_every_site_is_more_than_needed(office: Office, wide: str) -> None:
    office.tenant.grants.consented.add(wide)
    lines = look(office)
    assert bad(lines) == {"Permissions": Verdict.WARNING}
    assert f"more than needed: {wide};" in lines["Permissions"].said


def test_credentials_that_are_refused_are_one_line(office: Office) -> None:
    wrong = office.settings.model_copy(update={"graph_client_secret": SecretStr("wrong")})
    [line] = asyncio.run(graph_lines(wrong))
    assert (line.what, line.verdict) == ("Microsoft Graph", Verdict.FAILURE)
    assert "HK_GRAPH_CLIENT_SECRET" in line.said


def test_a_list_and_a_column_that_are_missing_or_differ(office: Office) -> None:
    office.tenant.grants.site_role = "fullcontrol"

    async def disturb(graph: Any) -> None:  # noqa: ANN401 - a Graph
        async def column(of: str, name: str) -> str:
            found = (await graph.get(f"{graph.site}/lists/{of}/columns", "GET"))["value"]
            return f"{graph.site}/lists/{of}/columns/{next(each['id'] for each in found if each['name'] == name)}"

        await graph.repeatable("DELETE", f"{graph.site}/lists/Oppsigelser", "DELETE")
        await graph.repeatable("DELETE", await column("Svar", "Lys"), "DELETE")
        await graph.repeatable("DELETE", await column("Soknader", "FraDato"), "DELETE")
        of_another_kind = {"name": "FraDato", "text": {}}
        await graph.repeatable("POST", f"{graph.site}/lists/Soknader/columns", "POST", body=of_another_kind)
        renamed = {"displayName": "Utfall"}
        await graph.repeatable("PATCH", await column("Vurderinger", "Resultat"), "PATCH", body=renamed)

    office.run(disturb)
    lines = look(office)
    assert bad(lines) == {
        "List Oppsigelser": Verdict.FAILURE,
        "List Svar": Verdict.FAILURE,
        "List Soknader": Verdict.FAILURE,
        "List Vurderinger": Verdict.WARNING,
    }
    assert lines["List Oppsigelser"].said == "is missing; `hjemmekontor provision-sharepoint` makes it"
    assert lines["List Svar"].said == "lacks the columns Lys; `hjemmekontor provision-sharepoint` makes them"
    assert "FraDato er av et annet slag og skulle vært dato" in lines["List Soknader"].said
    assert "`hjemmekontor provision-sharepoint --dry-run` shows how" in lines["List Vurderinger"].said


def test_a_draft_whose_answer_was_lost_is_taken_away(office: Office) -> None:
    office.fail(Fault(method="POST", path_pattern="/messages$", status=504, after_work=True))
    assert bad(look(office)) == {}
    assert _left_behind(office) == []


def test_a_draft_that_could_not_be_taken_away_is_taken_away_the_next_time(office: Office) -> None:
    office.fail(Fault(method="DELETE", path_pattern="/messages/", status=503))
    assert bad(look(office)) == {"Mailbox": Verdict.FAILURE}
    assert bad(look(office)) == {}
    assert _left_behind(office) == []


def test_a_folder_is_taken_away_although_sharing_failed(office: Office) -> None:
    office.fail(Fault(path_pattern="/invite$", status=500))
    assert bad(look(office)) == {"Case folders": Verdict.FAILURE}
    assert _left_behind(office) == []
