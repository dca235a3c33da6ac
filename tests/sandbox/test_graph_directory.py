"""Tokens and users, as a client of the tenant meets them."""

import httpx
import msgspec
import pytest

from sandbox.graph import Fault, TenantUser
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
        ("employeeId in ('00018','00017')", [OLA.user_id, KARI.user_id]),
        ("employeeId in ('00018','00018','18')", [OLA.user_id]),
        ("employeeId in ('00018','00017') and startswith(displayName,'Kari')", [KARI.user_id]),
        ("startswith(displayName,'Kari') and employeeId eq '00018'", []),
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


@pytest.mark.parametrize(
    "text",
    [
        f"employeeId in ({','.join(repr(str(number)) for number in range(16))})",
        f"employeeId in ('{'9' * 121}')",
        f"displayName eq '{'a' * 121}'",
    ],
    ids=["16 values", "long value in a list", "long value"],
)
def test_the_limits_of_the_directory(graph: Graph, text: str) -> None:
    answer = graph.client.get("/users", params={"$filter": text})
    assert (answer.status_code, error_code(answer)) == (400, "Request_UnsupportedQuery")


def test_employee_ids_are_found_without_regard_to_case_and_as_they_are_now(graph: Graph) -> None:
    found = {"$filter": "employeeId in ('a7','O''Neill, (2)')", "$select": "employeeId"}
    numbers = ("A7", "a7", "O'Neill, (2)", None)
    users = [msgspec.structs.replace(person(ordinal), employee_id=number) for ordinal, number in enumerate(numbers)]
    graph.tenant.set_users(users)
    answer = graph.client.get("/users", params=found).json()["value"]
    assert [user["employeeId"] for user in answer] == ["A7", "a7", "O'Neill, (2)"]
    graph.tenant.set_users([msgspec.structs.replace(users[0], employee_id="8"), *users[2:]])
    assert [user["employeeId"] for user in graph.client.get("/users", params=found).json()["value"]] == [numbers[2]]
    nobody = graph.client.get("/users", params={"$filter": "employeeId eq null and displayName eq 'Person 3'"})
    assert len(nobody.json()["value"]) == 1


def test_a_batch_of_lookups_is_answered_refusals_first_each_with_its_own_link(graph: Graph) -> None:
    graph.tenant.page_size = 1
    lookups = ("employeeId%20in%20('00017','00018')", "employeeId+eq+'00018'", "salary%20eq%203")
    requests = [
        {"id": str(ordinal), "method": "GET", "url": f"/users?$filter={lookup}&$select=employeeId"}
        for ordinal, lookup in enumerate(lookups)
    ]
    graph.tenant.faults.add(Fault(method="GET", path_pattern="^/v1.0/users$", skip=1, status=429, retry_after=7))
    answer = graph.client.post("/$batch", json={"requests": requests}).json()["responses"]
    assert [(part["id"], part["status"]) for part in answer] == [("1", 429), ("2", 400), ("0", 200)]
    assert answer[0]["headers"]["Retry-After"] == "7"
    assert answer[0]["body"]["error"]["innerError"]["request-id"]
    rest = graph.client.get(answer[2]["body"]["@odata.nextLink"]).json()
    assert [user["employeeId"] for user in (*answer[2]["body"]["value"], *rest["value"])] == ["00017", "00018"]
    assert "@odata.nextLink" not in rest


def test_ids_of_a_batch_must_differ(graph: Graph) -> None:
    requests = [{"id": key, "method": "GET", "url": "/users"} for key in ("a", "A")]
    assert graph.client.post("/$batch", json={"requests": requests}).status_code == 400


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
