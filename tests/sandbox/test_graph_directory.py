"""Tokens and users, as a client of the tenant meets them."""

import httpx
import msgspec
import pytest

from sandbox.graph import TenantUser
from tests.sandbox.conftest import KARI, OLA, USERS, Graph, error_code


def ask_token(graph: Graph, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": graph.tenant.client_id,
        "client_secret": graph.tenant.client_secret,
        "scope": "https://graph.microsoft.com/.default",
    }
    return graph.client.post(f"{graph.url}/{graph.tenant.tenant_id}/oauth2/v2.0/token", data=form | changes)


def test_token_for_the_right_secret(graph: Graph) -> None:
    answer = ask_token(graph)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 3600


def test_wrong_secret_is_invalid_client(graph: Graph) -> None:
    answer = ask_token(graph, client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.json()["error_codes"] == [7000215]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "unknown"}, "unauthorized_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "User.Read"}, "invalid_scope"),
    ],
)
def test_other_refusals_of_tokens(graph: Graph, changes: dict[str, str], error: str) -> None:
    answer = ask_token(graph, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Bearer a.b.c", "Basic YTpi"])
def test_calls_without_a_good_token_are_refused(graph: Graph, authorization: str | None) -> None:
    del graph.client.headers["Authorization"]
    answer = graph.client.get("/users", headers={} if authorization is None else {"Authorization": authorization})
    assert (answer.status_code, error_code(answer)) == (401, "InvalidAuthenticationToken")


def test_tokens_expire_after_an_hour(graph: Graph) -> None:
    real_now = graph.tenant.tokens.now
    graph.tenant.tokens.now = lambda: real_now() + 3599 - 5
    assert graph.client.get("/users").status_code == 200
    graph.tenant.tokens.now = lambda: real_now() + 3601
    assert graph.client.get("/users").status_code == 401


def test_revoked_tokens_are_refused_and_new_ones_work(graph: Graph) -> None:
    graph.tenant.tokens.revoke_all()
    assert graph.client.get("/users").status_code == 401
    graph.client.headers["Authorization"] = f"Bearer {ask_token(graph).json()['access_token']}"
    assert graph.client.get("/users").status_code == 200


def test_errors_carry_the_ids_ops_ask_for(graph: Graph) -> None:
    answer = graph.client.get("/users/nobody", headers={"client-request-id": "mine"})
    inner = answer.json()["error"]["innerError"]
    assert answer.headers["request-id"] == inner["request-id"]
    assert inner["client-request-id"] == "mine"
    assert "date" in inner


@pytest.mark.parametrize("key", [KARI.user_id, KARI.user_principal_name, "KARI.LIE@SANDVIK.KOMMUNE.EXAMPLE"])
def test_user_by_id_and_principal_name(graph: Graph, key: str) -> None:
    assert graph.client.get(f"/users/{key}").json()["displayName"] == "Kari Bjørg Lie"


def test_properties_outside_the_default_set_come_on_request_only(graph: Graph) -> None:
    assert "employeeId" not in graph.client.get(f"/users/{KARI.user_id}").json()
    shown = graph.client.get(f"/users/{KARI.user_id}", params={"$select": "id,employeeId,accountEnabled"}).json()
    assert shown == {"id": KARI.user_id, "employeeId": "00017", "accountEnabled": True}


def test_manager(graph: Graph) -> None:
    assert graph.client.get(f"/users/{KARI.user_id}/manager").json()["id"] == OLA.user_id
    nobody = graph.client.get(f"/users/{OLA.user_id}/manager")
    assert (nobody.status_code, error_code(nobody)) == (404, "Request_ResourceNotFound")
    expanded = graph.client.get("/users", params={"$expand": "manager($select=id)", "$filter": "employeeId eq '00017'"})
    assert expanded.json()["value"][0]["manager"]["id"] == OLA.user_id


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail eq 'kari.lie@sandvik.kommune.example'", [KARI.user_id]),
        ("userPrincipalName eq 'ola.moe@sandvik.kommune.example'", [OLA.user_id]),
        ("employeeId eq '00018'", [OLA.user_id]),
        (f"id in ('{KARI.user_id}', '{OLA.user_id}')", [KARI.user_id, OLA.user_id]),
        ("accountEnabled eq true and startswith(displayName,'ola')", [OLA.user_id]),
        ("displayName eq 'O''Neill'", []),
    ],
)
def test_filters(graph: Graph, text: str, found: list[str]) -> None:
    answer = graph.client.get("/users", params={"$filter": text})
    assert [user["id"] for user in answer.json()["value"]] == found


@pytest.mark.parametrize("text", ["mail", "salary eq 3", "mail eq 'a' or mail eq 'b'"])
def test_unsupported_filters_are_refused_not_ignored(graph: Graph, text: str) -> None:
    assert graph.client.get("/users", params={"$filter": text}).status_code == 400


def test_users_come_in_pages(graph: Graph) -> None:
    graph.tenant.set_users([*USERS, *(person(number) for number in range(5))])
    seen: list[str] = []
    link: str | None = "/users?$top=3&$select=id"
    while link is not None:
        page = graph.client.get(link).json()
        seen += [user["id"] for user in page["value"]]
        link = page.get("@odata.nextLink")
    assert len(seen) == len(set(seen)) == 8


def test_people_who_leave_are_gone_and_show_in_the_delta(graph: Graph) -> None:
    first = graph.client.get("/users/delta()", params={"$select": "displayName"}).json()
    assert {user["id"] for user in first["value"]} >= {KARI.user_id, OLA.user_id}
    graph.tenant.set_users([msgspec.structs.replace(OLA, display_name="Ola Lund"), person(7)])
    changed = graph.client.get(first["@odata.deltaLink"]).json()
    by_id = {user["id"]: user for user in changed["value"]}
    assert by_id[OLA.user_id]["displayName"] == "Ola Lund"
    assert by_id[KARI.user_id]["@removed"] == {"reason": "deleted"}
    assert graph.client.get(f"/users/{KARI.user_id}").status_code == 404
    assert graph.client.get(changed["@odata.deltaLink"]).json()["value"] == []


def person(number: int) -> TenantUser:
    name = f"person{number}@sandvik.kommune.example"
    return TenantUser(user_id=f"user-{number}", user_principal_name=name, mail=name, display_name=f"Person {number}")
