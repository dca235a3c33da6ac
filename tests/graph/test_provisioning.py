"""The site made ready: what is missing is made, what differs harmlessly is changed, nothing is deleted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agreements.policy import Policy, Question
from config.policy_files import SHIPPED_NAMES, load_policy
from config.sharepoint import CASE_LIBRARY, LIBRARIES, LISTS, site_of
from integrations.graph.drive import ensure_folder
from integrations.graph.errors import GraphUnreachableError
from integrations.graph.lists import list_changes
from integrations.graph.provisioning import (
    MayNotProvisionError,
    NameTakenError,
    Provisioned,
    provision,
)
from sandbox.graph import Fault, GraphTenant
from tests.graph.conftest import Line, Office, settings_for
from tests.graph.town import EVERYBODY, user
from tests.sandbox.conftest import BusinessClock

AASE = user("0001")
WRITES = ("POST ", "PATCH ", "PUT ", "DELETE ")


@pytest.fixture
def bare(tmp_path: Path, line: Line) -> Iterator[Office]:
    """An office whose site has nothing of ours."""
    people = [user(number) for number in EVERYBODY]
    tenant = GraphTenant.open(tmp_path / "tenant", people, BusinessClock(), is_site_empty=True)
    line.gate.inside = tenant.application()
    line.gate.requests.clear()
    yield Office(tenant, settings_for(tenant, line.url), line.gate)
    line.gate.inside = None
    tenant.close()


def make(office: Office, policy: Policy, *, dry_run: bool = False) -> Provisioned:
    return office.run(lambda graph: provision(graph, site_of(policy), dry_run=dry_run))


def writes(office: Office) -> list[str]:
    return [request for request in office.gate.requests if request.startswith(WRITES) and "/oauth2/" not in request]


def shown(office: Office, address: str) -> Any:  # noqa: ANN401 - whatever Graph answers
    return office.run(lambda graph: graph.get(f"{graph.site}{address}", "GET"))


def columns(office: Office, title: str) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in shown(office, f"/lists/{title}/columns")["value"]}


def do(office: Office, verb: Any, address: str, body: dict[str, Any] | None = None) -> None:  # noqa: ANN401 - a Verb
    office.run(lambda graph: graph.repeatable(verb, f"{graph.site}{address}", verb, body=body))


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_an_empty_site_is_made_ready_once(bare: Office, name: str) -> None:
    policy = load_policy(name)
    told = make(bare, policy, dry_run=True)
    assert writes(bare) == []

    done = make(bare, policy)

    assert done == told, "a dry run says exactly what is done"
    assert (done.left_alone, done.wrong) == ([], [])
    for definition in site_of(policy):
        found = columns(bare, definition.title)
        for column in definition.columns:
            assert found[column.name] == found[column.name] | {
                key: value for key, value in column.definition().items() if key != column.kind
            }
            assert found[column.name][column.kind] == found[column.name][column.kind] | column.definition()[column.kind]
    bare.gate.requests.clear()
    assert make(bare, policy) == Provisioned()
    assert writes(bare) == []


def test_the_names_are_those_the_nights_ask_for(bare: Office, policy: Policy) -> None:
    make(bare, policy)
    titles = {found["name"]: found["displayName"] for found in shown(bare, "/lists")["value"]}
    assert titles["Soknader"] == "Søknad om hjemmekontor"
    assert titles.keys() == {"Shared Documents", *(each.name for each in (*LISTS, *LIBRARIES))}
    bare.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, "HK-1"))
    bare.tenant.add_list_item("Soknader", {"DagerPerUke": 2, "FraDato": "2027-04-01", "Sted": "Hjemme"}, AASE)
    [item] = bare.run(lambda graph: list_changes(graph, "Soknader", None)).items
    assert (item.sender_mail, item.fields["Sted"]) == (AASE.mail, "Hjemme")


def test_what_a_list_is_filtered_by_is_indexed_and_nothing_is_ever_deleted(bare: Office, policy: Policy) -> None:
    """Beyond 5,000 items SharePoint answers no question about a column without an index."""
    make(bare, policy)
    make(bare, msgspec.structs.replace(policy, employee_questions=policy.employee_questions[:1]))
    for definition in site_of(policy):
        found = columns(bare, definition.title)
        indexed = {column.name for column in definition.columns if column.indexed}
        assert indexed <= {name for name, column in found.items() if column.get("indexed")}
        assert indexed or not definition.columns, f"{definition.name} can be searched by something"
    assert not any(request.startswith("DELETE") for request in bare.gate.requests)


def test_titles_and_choices_are_in_the_language_of_the_policy(bare: Office) -> None:
    make(bare, load_policy("midt-telemark"))
    titles = {found["name"]: found["displayName"] for found in shown(bare, "/lists")["value"]}
    assert titles["Soknader"] == "Søknad om heimekontor"
    place = columns(bare, titles["Soknader"])["Sted"]
    assert (place["displayName"], place["choice"]["choices"]) == ("Kvar", ["Heime", "Annan stad i Noreg", "Utlandet"])


def test_another_language_adds_its_choices_to_those_that_are_chosen_already(bare: Office, policy: Policy) -> None:
    make(bare, policy)
    nynorsk = make(bare, msgspec.structs.replace(policy, language="nn"))
    assert "Soknader: får tittelen «Søknad om heimekontor»." in nynorsk.changes
    assert nynorsk.left_alone == []
    choices = columns(bare, "Vurderinga til leiaren")["Resultat"]["choice"]["choices"]
    assert choices == ["Godkjent", "Avslått", "Må suppleres", "Godkjend", "Må supplerast"]


def test_a_question_more_is_a_column_more(bare: Office, policy: Policy) -> None:
    make(bare, policy)
    asked = Question(column="Krav", text="Hva krever arbeidet av rommet?")
    longer = msgspec.structs.replace(policy, employee_questions=(*policy.employee_questions, asked))
    assert make(bare, longer).changes == ["Svar: kolonnen Krav («Hva krever arbeidet av rommet?», tekst) lages."]
    assert columns(bare, "Spørsmål om hjemmekontoret")["Krav"]["required"] is True
    told = make(bare, policy).left_alone
    assert told == ["Svar: kolonnen Krav er ikke vår, men skjemaet krever den; den røres ikke."]
    assert "Krav" in columns(bare, "Spørsmål om hjemmekontoret"), "nothing is deleted"


def test_what_differs_harmlessly_is_put_right(bare: Office, policy: Policy) -> None:
    make(bare, policy)
    found = columns(bare, "Søknad om hjemmekontor")
    where = "/lists/Soknader/columns"
    do(bare, "PATCH", f"{where}/{found['FraDato']['id']}", {"displayName": "Start", "indexed": False})
    do(bare, "PATCH", f"{where}/{found['Sted']['id']}", {"choice": {"choices": ["Hjemme", "På hytta"]}})
    do(bare, "PATCH", f"{where}/{found['TilDato']['id']}", {"required": True, "description": "HRs egen forklaring"})
    do(bare, "PATCH", "/lists/Soknader", {"displayName": "Søknader"})

    done = make(bare, policy)

    assert done.changes == [
        "Soknader: får tittelen «Søknad om hjemmekontor».",
        "Soknader: kolonnen FraDato får tittelen «Fra og med» (het «Start»).",
        "Soknader: kolonnen FraDato indekseres.",
        "Soknader: kolonnen TilDato trenger ikke fylles ut.",
        "Soknader: kolonnen Sted får valget «Annet sted i Norge».",
        "Soknader: kolonnen Sted får valget «Utlandet».",
    ]
    assert done.left_alone == ["Soknader: kolonnen Sted har valg som ikke er våre («På hytta»); det røres ikke."]
    again = columns(bare, "Søknad om hjemmekontor")
    assert again["Sted"]["choice"]["choices"] == ["Hjemme", "På hytta", "Annet sted i Norge", "Utlandet"]
    assert again["TilDato"]["description"] == "HRs egen forklaring"
    assert make(bare, policy).changes == []


def test_what_cannot_be_changed_without_harm_is_told(bare: Office, policy: Policy) -> None:
    do(bare, "POST", "/lists", {"displayName": "Soknader", "columns": [{"name": "FraDato", "text": {}}]})
    do(bare, "POST", "/lists", {"displayName": "Hjemmekontor"})
    done = make(bare, policy)
    assert done.wrong == [
        (
            "Soknader: kolonnen FraDato er av et annet slag og skulle vært dato; den røres ikke. "
            "Slett den i SharePoint hvis den ikke er i bruk, og kjør på nytt."
        ),
        "Hjemmekontor: er noe annet enn det skulle vært (documentLibrary); det røres ikke.",
    ]
    assert "text" in columns(bare, "Søknad om hjemmekontor")["FraDato"]


@pytest.mark.parametrize("lost", [1, 2, 3, 7, 20])
def test_broken_off_it_goes_on_where_it_stopped(bare: Office, policy: Policy, lost: int) -> None:
    """The connection is gone after a request that was carried out, for good."""
    bare.fail(Fault(path_pattern="/lists", skip=lost, times=3, drop="after"))
    with pytest.raises(GraphUnreachableError):
        make(bare, policy)
    assert make(bare, policy).wrong == []
    assert make(bare, policy) == Provisioned()
    for definition in site_of(policy):
        names = [column["name"] for column in shown(bare, f"/lists/{definition.title}/columns")["value"]]
        assert len(names) == len(set(names))


def test_a_request_that_was_carried_out_and_not_answered_is_no_conflict(bare: Office, policy: Policy) -> None:
    for path in ("/lists$", "/columns$"):
        bare.fail(Fault(method="POST", path_pattern=path, skip=1, status=504, after_work=True))
    assert make(bare, policy).wrong == []
    assert make(bare, policy) == Provisioned()


def test_a_name_that_something_else_has(bare: Office, policy: Policy) -> None:
    do(bare, "POST", "/lists", {"displayName": "Noe annet"})
    do(bare, "PATCH", "/lists/Noeannet", {"displayName": "Soknader"})
    with pytest.raises(NameTakenError, match="som heter Soknader: navnet er i bruk"):
        make(bare, policy)


@pytest.mark.parametrize("role", ["read", "write", "owner"])
def test_a_role_that_is_not_enough_is_named(bare: Office, policy: Policy, role: str) -> None:
    bare.tenant.grants.site_role = role
    with pytest.raises(MayNotProvisionError, match="rollen fullcontrol"):
        make(bare, policy)


def test_nights_need_less_than_provisioning(bare: Office, policy: Policy) -> None:
    make(bare, policy)
    bare.tenant.grants.site_role = "owner"
    assert make(bare, policy) == Provisioned()
    assert bare.run(lambda graph: list_changes(graph, "Svar", None)).items == []
