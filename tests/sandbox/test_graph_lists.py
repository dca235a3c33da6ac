"""Lists, their columns and items, and delta queries."""

from typing import Any

import pytest

from sandbox.graph import GraphError
from tests.sandbox.conftest import KARI, OLA, Graph, error_code

APPLICATION = {"DagerPerUke": 2, "FraDato": "2026-04-01", "Sted": "Hjemme", "Ukedager": "mandag, fredag"}
FIELDS = {"$expand": "fields"}


def walk(graph: Graph, link: str, **params: str) -> tuple[list[dict[str, Any]], str]:
    """Every entry of a delta query, and where to go on."""
    page = graph.client.get(link, params=params or None)
    entries: list[dict[str, Any]] = []
    while True:
        assert page.status_code == 200, page.text
        entries += page.json()["value"]
        if delta := page.json().get("@odata.deltaLink"):
            return entries, str(delta)
        page = graph.client.get(page.json()["@odata.nextLink"])


def test_the_lists_of_the_configuration_are_there(graph: Graph) -> None:
    lists = {found["name"]: found for found in graph.client.get(graph.lists).json()["value"]}
    assert {"Soknader", "Svar", "Vurderinger", "Evalueringer", "Oppsigelser"} < lists.keys()
    assert lists["Soknader"]["displayName"] == "Søknad om hjemmekontor"
    assert lists["Personalmapper"]["list"]["template"] == "documentLibrary"
    columns = graph.client.get(f"{graph.lists}/Soknader/columns").json()["value"]
    by_name = {column["name"]: column for column in columns}
    assert by_name["Sted"]["choice"]["choices"] == ["Hjemme", "Annet sted i Norge", "Utlandet"]
    assert by_name["FraDato"]["dateTime"]["format"] == "dateOnly"


@pytest.mark.parametrize("key", ["Soknader", "soknader", "Søknad om hjemmekontor"])
def test_a_list_is_found_by_name_and_title(graph: Graph, key: str) -> None:
    found = graph.client.get(f"{graph.lists}/{key}").json()
    assert found["name"] == "Soknader"
    assert graph.client.get(f"{graph.lists}/{found['id']}").json()["id"] == found["id"]


def test_a_list_of_our_own(graph: Graph) -> None:
    columns = [{"name": "Antall", "number": {"minimum": 0}}]
    created = graph.client.post(graph.lists, json={"displayName": "Ny liste", "columns": columns})
    assert (created.status_code, created.json()["name"]) == (201, "Nyliste")
    again = graph.client.post(graph.lists, json={"displayName": "Ny liste"})
    assert (again.status_code, error_code(again)) == (409, "nameAlreadyExists")
    address = f"{graph.lists}/{created.json()['id']}"
    assert graph.client.patch(address, json={"displayName": "Nyere"}).json()["displayName"] == "Nyere"
    column = graph.client.post(f"{address}/columns", json={"name": "Valg", "choice": {"choices": ["a"]}})
    assert column.status_code == 201
    column_address = f"{address}/columns/{column.json()['id']}"
    changed = graph.client.patch(column_address, json={"choice": {"choices": ["a", "b"]}})
    assert changed.json()["choice"]["choices"] == ["a", "b"]
    assert graph.client.post(f"{address}/items", json={"fields": {"Valg": "b", "Antall": 3}}).status_code == 201
    assert graph.client.delete(column_address).status_code == 204
    assert graph.client.delete(address).status_code == 204
    assert graph.client.get(address).status_code == 404


def test_people_are_named_as_the_ones_who_answered(graph: Graph) -> None:
    item_id = graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    item = graph.client.get(f"{graph.lists}/Soknader/items/{item_id}", params=FIELDS).json()
    assert item["createdBy"] == {
        "user": {"id": KARI.user_id, "displayName": "Kari Bjørg Lie", "email": "Kari.Lie@sandvik.kommune.example"}
    }
    assert item["createdDateTime"] == "2026-03-02T09:30:00Z"
    assert item["fields"]["DagerPerUke"] == 2


def test_what_the_application_makes_carries_its_name_and_no_address(graph: Graph) -> None:
    created = graph.client.post(f"{graph.lists}/Soknader/items", json={"fields": APPLICATION})
    assert created.status_code == 201
    assert created.json()["createdBy"]["application"]["id"] == graph.tenant.client_id
    assert "email" not in created.json()["createdBy"]["user"]


def test_a_date_is_midnight_in_norway_both_in_winter_and_summer(graph: Graph) -> None:
    winter = graph.tenant.add_list_item("Soknader", APPLICATION | {"FraDato": "2026-02-01"}, KARI)
    summer = graph.tenant.add_list_item("Soknader", APPLICATION | {"FraDato": "2026-07-01"}, KARI)
    fields = f"{graph.lists}/Soknader/items/{{}}/fields"
    assert graph.client.get(fields.format(winter)).json()["FraDato"] == "2026-01-31T23:00:00Z"
    assert graph.client.get(fields.format(summer)).json()["FraDato"] == "2026-06-30T22:00:00Z"


@pytest.mark.parametrize(
    "fields",
    [
        {"Ukjent": "x"},
        {"Created": "2026-01-01"},
        {"DagerPerUke": "to"},
        {"DagerPerUke": True},
        {"FraDato": "i morgen"},
        {"FraDato": 20260301},
        {"Sted": "På hytta"},
        {"Ukedager": "x" * 256},
    ],
)
def test_values_that_do_not_fit_are_refused(graph: Graph, fields: dict[str, object]) -> None:
    answer = graph.client.post(f"{graph.lists}/Soknader/items", json={"fields": APPLICATION | fields})
    assert (answer.status_code, error_code(answer)) == (400, "invalidRequest")
    with pytest.raises(GraphError, match="400"):
        graph.tenant.add_list_item("Soknader", APPLICATION | fields, KARI)
    assert graph.tenant.list_items("Soknader") == []


def test_changed_fields_and_etags(graph: Graph) -> None:
    item_id = graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    address = f"{graph.lists}/Soknader/items/{item_id}"
    etag = graph.client.get(address).json()["eTag"]
    changed = graph.client.patch(f"{address}/fields", json={"DagerPerUke": 3}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["DagerPerUke"]) == (200, 3)
    stale = graph.client.patch(f"{address}/fields", json={"DagerPerUke": 4}, headers={"If-Match": etag})
    assert (stale.status_code, error_code(stale)) == (412, "resourceModified")
    assert graph.client.delete(address, headers={"If-Match": etag}).status_code == 412
    cleared = graph.client.patch(address, json={"fields": {"Ukedager": None}})
    assert "Ukedager" not in cleared.json()["fields"]
    assert graph.client.delete(address).status_code == 204
    assert graph.client.get(address).status_code == 404


def test_items_come_in_pages(graph: Graph) -> None:
    for _ in range(5):
        graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    first = graph.client.get(f"{graph.lists}/Soknader/items", params=FIELDS | {"$top": "3"}).json()
    second = graph.client.get(first["@odata.nextLink"]).json()
    ids = [item["id"] for item in first["value"] + second["value"]]
    assert ids == ["1", "2", "3", "4", "5"]
    assert all("fields" in item for item in second["value"])
    assert "@odata.nextLink" not in second


def test_filters_need_an_indexed_column(graph: Graph) -> None:
    graph.tenant.add_list_item("Oppsigelser", {"Saksnummer": "HK-1", "SisteDag": "2026-05-01"}, KARI)
    address = f"{graph.lists}/Oppsigelser/items"
    found = graph.client.get(address, params={"$filter": "fields/Saksnummer eq 'HK-1'"})
    assert len(found.json()["value"]) == 1
    unindexed = {"$filter": "fields/SisteDag eq '2026-04-30T22:00:00Z'"}
    assert graph.client.get(address, params=unindexed).status_code == 400
    honoured = {"Prefer": "HonorNonIndexedQueriesWarningMayFailRandomly"}
    assert len(graph.client.get(address, params=unindexed, headers=honoured).json()["value"]) == 1


@pytest.mark.parametrize("function", ["delta", "delta()", "microsoft.graph.delta()"])
def test_delta_from_the_beginning(graph: Graph, function: str) -> None:
    graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    gone = graph.tenant.add_list_item("Soknader", APPLICATION, OLA)
    graph.tenant.delete_list_item("Soknader", gone)
    entries, _ = walk(graph, f"{graph.lists}/Soknader/items/{function}", **FIELDS)
    assert [entry["id"] for entry in entries] == ["1"]
    assert entries[0]["fields"]["Sted"] == "Hjemme"


@pytest.mark.parametrize("query", ["delta?token=latest", "delta(token='latest')"])
def test_delta_from_now_shows_only_what_comes(graph: Graph, query: str) -> None:
    graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    entries, link = walk(graph, f"{graph.lists}/Soknader/items/{query}")
    assert entries == []
    second = graph.tenant.add_list_item("Soknader", APPLICATION, OLA)
    graph.tenant.edit_list_item("Soknader", second, {"DagerPerUke": 1}, OLA)
    graph.tenant.edit_list_item("Soknader", second, {"DagerPerUke": 3}, KARI)
    entries, link = walk(graph, link)
    assert [entry["id"] for entry in entries] == [second]
    assert entries[0]["createdBy"] == {"user": {"displayName": OLA.display_name}}, "a name, and nobody who changed it"
    assert "lastModifiedBy" not in entries[0]
    graph.tenant.delete_list_item("Soknader", second)
    entries, link = walk(graph, link)
    assert [(entry["id"], entry["deleted"]) for entry in entries] == [(second, {"state": "deleted"})]
    assert walk(graph, link)[0] == []


def test_an_item_changed_between_two_pages_is_not_lost(graph: Graph) -> None:
    graph.tenant.page_size = 2
    for _ in range(5):
        graph.tenant.add_list_item("Soknader", APPLICATION, KARI)
    first = graph.client.get(f"{graph.lists}/Soknader/items/delta", params=FIELDS).json()
    assert len(first["value"]) == 2
    graph.tenant.edit_list_item("Soknader", "1", {"DagerPerUke": 5}, KARI)
    graph.tenant.delete_list_item("Soknader", "2")
    entries, _ = walk(graph, first["@odata.nextLink"])
    last = {entry["id"]: entry for entry in first["value"] + entries}
    assert last["1"]["fields"]["DagerPerUke"] == 5
    assert "deleted" in last["2"]
    assert len(last) == 5


@pytest.mark.parametrize("token", ["nonsense", "MTsyOzM", "åæ"])
def test_an_unknown_token_asks_to_start_over(graph: Graph, token: str) -> None:
    answer = graph.client.get(f"{graph.lists}/Soknader/items/delta", params=FIELDS | {"$deltatoken": token})
    assert (answer.status_code, error_code(answer)) == (410, "resyncRequired")
    assert graph.client.get(answer.headers["Location"]).status_code == 200
    assert "token" not in answer.headers["Location"]


def test_expired_and_foreign_tokens_ask_to_start_over(graph: Graph) -> None:
    _, link = walk(graph, f"{graph.lists}/Soknader/items/delta")
    foreign = link.replace("/lists/Soknader/", "/lists/Svar/")
    assert graph.client.get(foreign).status_code == 410
    graph.tenant.expire_delta_tokens()
    assert graph.client.get(link).status_code == 410


def test_unknown_addresses_are_refused(graph: Graph) -> None:
    assert graph.client.get(f"{graph.lists}/Soknader/nothing").status_code == 400
    assert graph.client.put(f"{graph.lists}/Soknader").status_code == 405
    assert graph.client.get("/sites/elsewhere/lists").status_code == 404
