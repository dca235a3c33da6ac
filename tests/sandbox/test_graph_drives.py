"""Folders, files, who may see them, and what the archive hangs on them."""

import httpx
import pytest

from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, IMPORT_LIBRARY, REPORT_LIBRARY
from integrations.graph.quickxor import quick_xor_hash
from sandbox.graph import GraphError
from tests.sandbox.conftest import KARI, OLA, Graph, error_code

CONFLICT = "@microsoft.graph.conflictBehavior"
NESTED = "00017/Hjemmekontor/HK-2026-0017"


def put(graph: Graph, path: str, content: bytes = b"innhold", **params: str) -> httpx.Response:
    drive = graph.drive(ARCHIVE_LIBRARY)
    return graph.client.put(f"{drive}/root:/{path}:/content", content=content, params=params or None)


def make_folder(graph: Graph, name: str, parent: str = "root", behaviour: str = "fail") -> httpx.Response:
    body = {"name": name, "folder": {}, CONFLICT: behaviour}
    return graph.client.post(f"{graph.drive(CASE_LIBRARY)}/{parent}/children", json=body)


def test_both_libraries_are_drives(graph: Graph) -> None:
    drives = graph.client.get(f"/sites/{graph.tenant.site_id}/drives").json()["value"]
    assert [drive["name"] for drive in drives] == [CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY, IMPORT_LIBRARY]
    default = graph.client.get(f"/sites/{graph.tenant.site_id}/drive").json()
    assert default["id"] == drives[0]["id"]
    assert graph.client.get(f"/drives/{default['id']}").json()["driveType"] == "documentLibrary"
    assert graph.client.get("/drives/unknown").status_code == 404


def test_a_file_with_its_facts(graph: Graph) -> None:
    content = bytes(range(256)) * 40
    created = put(graph, f"{NESTED}/avtale.pdf", content)
    assert created.status_code == 201
    item = created.json()
    assert (item["name"], item["size"]) == ("avtale.pdf", len(content))
    assert item["file"] == {"mimeType": "application/pdf", "hashes": {"quickXorHash": quick_xor_hash(content)}}
    assert item["createdBy"]["application"]["id"] == graph.tenant.client_id
    assert item["parentReference"]["path"].endswith(f"/root:/{NESTED}")
    assert item["webUrl"].endswith(f"/Personalmapper/{NESTED}/avtale.pdf")
    on_disk = graph.directory / "drive" / ARCHIVE_LIBRARY / NESTED / "avtale.pdf"
    assert on_disk.read_bytes() == graph.tenant.read(ARCHIVE_LIBRARY, f"{NESTED}/avtale.pdf") == content
    folder = graph.client.get(f"{graph.drive(ARCHIVE_LIBRARY)}/root:/{NESTED}:").json()
    assert (folder["folder"], folder["size"]) == ({"childCount": 1}, len(content))


def test_content_comes_by_a_redirect_to_an_address_without_token(graph: Graph) -> None:
    item = put(graph, "a.txt", "Blåbær".encode()).json()
    answer = graph.client.get(f"{graph.drive(ARCHIVE_LIBRARY)}/items/{item['id']}/content")
    assert answer.status_code == 302
    del graph.client.headers["Authorization"]
    for address in (answer.headers["Location"], item["@microsoft.graph.downloadUrl"]):
        assert graph.client.get(address).content == "Blåbær".encode()
    forged = item["@microsoft.graph.downloadUrl"].partition("=")[0] + "=0"
    assert graph.client.get(forged).status_code == 401


def test_replacing_a_file_keeps_its_id_and_changes_its_tags(graph: Graph) -> None:
    first = put(graph, "a.txt", b"1").json()
    second = put(graph, "A.TXT", b"22")
    assert (second.status_code, second.json()["id"]) == (200, first["id"])
    assert second.json()["eTag"] != first["eTag"]
    assert second.json()["cTag"] != first["cTag"]
    by_id = f"{graph.drive(ARCHIVE_LIBRARY)}/items/{first['id']}/content"
    assert graph.client.put(by_id, content=b"333").json()["size"] == 3
    stale = graph.client.put(by_id, content=b"4", headers={"If-Match": first["eTag"]})
    assert (stale.status_code, graph.tenant.read(ARCHIVE_LIBRARY, "a.txt")) == (412, b"333")


def test_conflict_behaviour_of_small_files(graph: Graph) -> None:
    put(graph, "a.txt", b"1")
    refused = put(graph, "a.txt", b"2", **{CONFLICT: "fail"})
    assert (refused.status_code, error_code(refused)) == (409, "nameAlreadyExists")
    renamed = put(graph, "a.txt", b"2", **{CONFLICT: "rename"})
    assert (renamed.status_code, renamed.json()["name"]) == (201, "a 1.txt")
    assert graph.tenant.read(ARCHIVE_LIBRARY, "a.txt") == b"1"


def test_folders_and_their_conflicts(graph: Graph) -> None:
    first = make_folder(graph, "HK-2026-0017")
    assert first.status_code == 201
    again = make_folder(graph, "hk-2026-0017")
    assert (again.status_code, error_code(again)) == (409, "nameAlreadyExists")
    assert make_folder(graph, "HK-2026-0017", behaviour="replace").json()["id"] == first.json()["id"]
    assert make_folder(graph, "HK-2026-0017", behaviour="rename").json()["name"] == "HK-2026-0017 1"
    below = make_folder(graph, "Bilder", parent="root:/HK-2026-0017:")
    assert below.json()["parentReference"]["id"] == first.json()["id"]
    assert (graph.directory / "drive" / CASE_LIBRARY / "HK-2026-0017" / "Bilder").is_dir()


@pytest.mark.parametrize("path", ["root:/a/b.txt", "root:/a/b.txt:", "root%3A%2Fa%2Fb.txt%3A", "root:/A/B.TXT"])
def test_ways_to_write_a_path(graph: Graph, path: str) -> None:
    item_id = put(graph, "a/b.txt").json()["id"]
    assert graph.client.get(f"{graph.drive(ARCHIVE_LIBRARY)}/{path}").json()["id"] == item_id


def test_paths_from_an_item(graph: Graph) -> None:
    drive = graph.drive(ARCHIVE_LIBRARY)
    folder = put(graph, "a/b.txt").json()["parentReference"]["id"]
    assert graph.client.put(f"{drive}/items/{folder}:/c d.txt:/content", content=b"x").status_code == 201
    assert graph.client.get(f"{drive}/items/{folder}:/c d.txt").json()["name"] == "c d.txt"
    assert graph.client.put(f"{drive}/items/{folder}/children/e.txt/content", content=b"x").status_code == 201
    names = [item["name"] for item in graph.client.get(f"{drive}/root:/a:/children").json()["value"]]
    assert names == ["b.txt", "c d.txt", "e.txt"]


def test_children_come_in_pages(graph: Graph) -> None:
    for number in range(5):
        put(graph, f"mange/{number}.txt")
    first = graph.client.get(f"{graph.drive(ARCHIVE_LIBRARY)}/root:/mange:/children", params={"$top": 2}).json()
    second = graph.client.get(first["@odata.nextLink"]).json()
    assert [item["name"] for item in second["value"]] == ["2.txt", "3.txt"]


@pytest.mark.parametrize(
    "name", ['a"b', "a*b", "a<b", "a>b", "a?b", "a|b", "a\\b", " a", "a ", "a.", "..", "CON", "~$a.docx", "x" * 256]
)
def test_names_sharepoint_forbids(graph: Graph, name: str) -> None:
    answer = make_folder(graph, name)
    assert (answer.status_code, error_code(answer)) == (400, "invalidRequest")


@pytest.mark.parametrize("name", ["Blåbær-ŋ 2026.pdf", "Ødegård & sønn #1 100%.txt", "O'Neill.txt"])
def test_names_people_use(graph: Graph, name: str) -> None:
    body = {"name": name, "folder": {}}
    created = graph.client.post(f"{graph.drive(CASE_LIBRARY)}/root/children", json=body)
    assert created.json()["name"] == name
    assert graph.tenant.locate(created.json()["webUrl"]) == (CASE_LIBRARY, name)


def test_renaming_moving_and_deleting(graph: Graph) -> None:
    drive = graph.drive(ARCHIVE_LIBRARY)
    item = put(graph, "fra/a.txt").json()
    target = put(graph, "til/b.txt").json()["parentReference"]["id"]
    address = f"{drive}/items/{item['id']}"
    taken = graph.client.patch(address, json={"name": "b.txt", "parentReference": {"id": target}})
    assert (taken.status_code, error_code(taken)) == (409, "nameAlreadyExists")
    moved = graph.client.patch(address, json={"name": "c.txt", "parentReference": {"id": target}})
    assert moved.json()["name"] == "c.txt"
    assert [file.path for file in graph.tenant.files(ARCHIVE_LIBRARY)] == ["til/b.txt", "til/c.txt"]
    into_itself = graph.client.patch(f"{drive}/items/{target}", json={"parentReference": {"id": target}})
    assert into_itself.status_code == 400
    assert graph.client.delete(f"{drive}/items/{target}").status_code == 204
    assert graph.tenant.files(ARCHIVE_LIBRARY) == []
    assert not (graph.directory / "drive" / ARCHIVE_LIBRARY / "til").exists()
    assert graph.client.get(address).status_code == 404


def test_delta_of_a_drive_and_of_a_folder(graph: Graph) -> None:
    drive = graph.drive(ARCHIVE_LIBRARY)
    put(graph, "a/1.txt")
    folder = graph.client.get(f"{drive}/root:/a").json()["id"]
    whole = graph.client.get(f"{drive}/root/delta()").json()
    assert [item["name"] for item in whole["value"]] == ["root", "a", "1.txt"]
    part = graph.client.get(f"{drive}/items/{folder}/delta").json()
    assert [item["name"] for item in part["value"]] == ["a", "1.txt"]
    gone = graph.client.get(f"{drive}/root:/a/1.txt").json()["id"]
    assert graph.client.post(f"{drive}/items/{gone}/permanentDelete").status_code == 204
    put(graph, "b.txt")
    changed = graph.client.get(whole["@odata.deltaLink"]).json()
    assert changed["value"][0] | {"id": gone, "deleted": {"state": "deleted"}} == changed["value"][0]
    assert [item.get("name") for item in changed["value"]] == [None, "b.txt"]
    assert graph.client.get(changed["@odata.deltaLink"]).json()["value"] == []
    assert [item["id"] for item in graph.client.get(part["@odata.deltaLink"]).json()["value"]] == [gone]
    lost = graph.client.get(f"{drive}/root/delta", params={"token": "x"})
    assert (lost.status_code, graph.client.get(lost.headers["Location"]).status_code) == (410, 200)


def test_people_upload_where_they_are_invited(graph: Graph) -> None:
    folder = make_folder(graph, "HK-2026-0017").json()
    address = f"{graph.drive(CASE_LIBRARY)}/items/{folder['id']}"
    library, path = graph.tenant.locate(folder["webUrl"])
    with pytest.raises(GraphError, match="accessDenied"):
        graph.tenant.upload(library, path, "foto.jpg", b"jpg", KARI)
    invitation = {"recipients": [{"email": KARI.mail}], "roles": ["write"], "requireSignIn": True}
    granted = graph.client.post(f"{address}/invite", json=invitation).json()["value"]
    assert granted[0]["grantedToV2"]["user"]["email"] == KARI.mail
    item_id = graph.tenant.upload(library, path, "foto.jpg", b"jpg", KARI)
    item = graph.client.get(f"{graph.drive(CASE_LIBRARY)}/items/{item_id}").json()
    assert item["createdBy"]["user"]["id"] == KARI.user_id
    with pytest.raises(GraphError, match="accessDenied"):
        graph.tenant.upload(library, path, "foto.jpg", b"other", OLA)
    inherited = graph.client.get(f"{graph.drive(CASE_LIBRARY)}/items/{item_id}/permissions").json()["value"]
    assert inherited[0]["inheritedFrom"]["id"] == folder["id"]
    assert graph.client.delete(f"{address}/permissions/{granted[0]['id']}").status_code == 204
    assert len(graph.client.get(f"{address}/permissions").json()["value"]) == 1, "the site's visitors, as everywhere"
    with pytest.raises(GraphError, match="accessDenied"):
        graph.tenant.upload(library, path, "mer.jpg", b"jpg", KARI)


def test_what_is_inherited_may_be_shut_out_when_a_folder_is_shared(graph: Graph) -> None:
    folder = make_folder(graph, "HK-1").json()["id"]
    address = f"{graph.drive(CASE_LIBRARY)}/items/{folder}"
    [inherited] = graph.client.get(f"{address}/permissions").json()["value"]
    assert (inherited["roles"], "inheritedFrom" in inherited) == (["read"], True)
    invitation = {"recipients": [{"email": KARI.mail}], "roles": ["write"], "requireSignIn": True}
    graph.client.post(f"{address}/invite", json=invitation)
    assert graph.tenant.may_read(CASE_LIBRARY, "HK-1", OLA)
    [granted] = graph.client.post(f"{address}/invite", json=invitation | {"retainInheritedPermissions": False}).json()[
        "value"
    ]
    assert [graph.tenant.may_read(CASE_LIBRARY, "HK-1", user) for user in (KARI, OLA)] == [True, False]
    graph.client.delete(f"{address}/permissions/{granted['id']}")
    assert not graph.tenant.may_read(CASE_LIBRARY, "HK-1", KARI)
    assert graph.client.get(f"{address}/permissions").json()["value"] == []


def test_only_the_version_that_is_meant_is_deleted(graph: Graph) -> None:
    first = put(graph, "a.txt", b"1").json()
    address = f"{graph.drive(ARCHIVE_LIBRARY)}/items/{first['id']}"
    second = put(graph, "a.txt", b"22").json()
    for stale in (first["cTag"], first["eTag"]):
        assert graph.client.delete(address, headers={"If-Match": stale}).status_code == 412
    assert graph.client.delete(address, headers={"If-Match": second["cTag"]}).status_code == 204


def test_reading_is_not_writing(graph: Graph) -> None:
    folder = make_folder(graph, "HK-1").json()["id"]
    invitation = {"recipients": [{"objectId": OLA.user_id}], "roles": ["read"], "requireSignIn": True}
    graph.client.post(f"{graph.drive(CASE_LIBRARY)}/items/{folder}/invite", json=invitation)
    with pytest.raises(GraphError, match="accessDenied"):
        graph.tenant.upload(CASE_LIBRARY, "HK-1", "a.txt", b"x", OLA)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipients": [{"email": "nobody@sandvik.kommune.example"}]}, "noResolvedUsers"),
        ({"recipients": []}, "invalidRequest"),
        ({"roles": ["admin"]}, "invalidRequest"),
        ({"requireSignIn": False}, "invalidRequest"),
    ],
)
def test_invitations_that_are_refused(graph: Graph, changes: dict[str, object], code: str) -> None:
    folder = make_folder(graph, "HK-1").json()["id"]
    invitation = {"recipients": [{"email": KARI.mail}], "roles": ["write"], "requireSignIn": True} | changes
    answer = graph.client.post(f"{graph.drive(CASE_LIBRARY)}/items/{folder}/invite", json=invitation)
    assert (answer.status_code, error_code(answer)) == (400, code)


def test_fields_of_a_file_in_its_library(graph: Graph) -> None:
    address = f"{graph.drive(ARCHIVE_LIBRARY)}/items/{put(graph, 'a.pdf').json()['id']}"
    changed = graph.client.patch(f"{address}/listItem/fields", json={"Saksnummer": "HK-2026-0017"})
    assert (changed.status_code, changed.json()["FileLeafRef"]) == (200, "a.pdf")
    assert graph.tenant.files(ARCHIVE_LIBRARY)[0].fields["Saksnummer"] == "HK-2026-0017"
    assert graph.client.patch(f"{address}/listItem/fields", json={"Ukjent": "x"}).status_code == 400
    item = graph.client.get(f"{address}/listItem", params={"$expand": "fields"}).json()
    assert item["fields"]["Saksnummer"] == "HK-2026-0017"
    library = f"{graph.lists}/{ARCHIVE_LIBRARY}/items"
    found = graph.client.get(library, params={"$filter": "fields/Saksnummer eq 'HK-2026-0017'"}).json()["value"]
    assert [entry["id"] for entry in found] == [item["id"]]
    drive_item = graph.client.get(f"{library}/{item['id']}/driveItem").json()
    assert drive_item["name"] == "a.pdf"
    assert graph.client.delete(f"{library}/{item['id']}").status_code == 204
    assert graph.tenant.files(ARCHIVE_LIBRARY) == []


def test_retention_labels(graph: Graph) -> None:
    address = f"{graph.drive(ARCHIVE_LIBRARY)}/items/{put(graph, 'a.pdf').json()['id']}/retentionLabel"
    assert graph.client.get(address).json()["name"] is None
    labelled = graph.client.patch(address, json={"name": "Personalmappe"})
    assert labelled.json()["retentionSettings"]["behaviorDuringRetentionPeriod"] == "retain"
    assert graph.client.get(address).json()["name"] == "Personalmappe"
    assert graph.tenant.files(ARCHIVE_LIBRARY)[0].retention_label == "Personalmappe"
    assert graph.client.delete(address).status_code == 204
    assert graph.client.get(address).json()["name"] is None


def test_a_batch_answers_each_request_on_its_own(graph: Graph) -> None:
    requests = [
        {"id": "1", "method": "GET", "url": "/users?$select=id&$top=1"},
        {"id": "2", "method": "GET", "url": "/users/nobody"},
        {"id": "3", "method": "GET", "url": "/users", "dependsOn": ["2"]},
        {
            "id": "4",
            "method": "POST",
            "url": f"/sites/{graph.tenant.site_id}/lists/Oppsigelser/items",
            "headers": {"Content-Type": "application/json"},
            "body": {"fields": {"Saksnummer": "HK-1"}},
        },
    ]
    answer = graph.client.post("/$batch", json={"requests": requests})
    statuses = {response["id"]: response["status"] for response in answer.json()["responses"]}
    assert statuses == {"1": 200, "2": 404, "3": 424, "4": 201}
    too_many = [{"id": str(number), "method": "GET", "url": "/users"} for number in range(21)]
    assert graph.client.post("/$batch", json={"requests": too_many}).status_code == 400
