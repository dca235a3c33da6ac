"""Case folders are known by their id: people rename and delete them. Nobody is let in whom the case does not know."""

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from agreements.actions import Action, Errand, ErrandKind
from agreements.case import RequirementKind, State
from agreements.policy import Policy
from config.sharepoint import CASE_LIBRARY
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.tables import cases, employees, inbox, notices, outbox, rejected_rows
from integrations.graph.drive import STILL_OPEN, ensure_folder, share
from sandbox.graph import Fault
from sandbox.graph.permissions import Permissions
from tasks.closing import close_folders
from tasks.delivering import FILES_THAT_FAILED, NO_ADDRESSES, WITHOUT_ADDRESS, open_folders, share_folders
from tasks.mailing import write_and_send_mail
from tasks.reading import FOLDERS_GONE, FOLDERS_RENAMED, read_answers
from tasks.receiving import TAKEN_IN, take_in_uploads
from tests.database.samples import STAMP, TODAY, person, read, rows
from tests.documents.samples import jpeg
from tests.graph.conftest import Office
from tests.graph.one_night import quick_night
from tests.graph.town import APPLICANTS, Town, user

NUMBER, RENAMED = "HK-2027-00001", "HK-2027-00001 Kari"
DRAFT_NAME = f"Avtaleutkast {NUMBER}.pdf"
DRAFT = f"{NUMBER}/{DRAFT_NAME}"
EMPLOYEE, MANAGER, NEW_MANAGER, OUTSIDER = "0001", "0900", "0004", "0002"
EVERYBODY = (EMPLOYEE, MANAGER, NEW_MANAGER, OUTSIDER)


def night_of(*steps: object) -> dict[str, int]:
    counts: dict[str, int] = {}
    with quick_night():
        for step in steps:
            counts |= step.fn()  # type: ignore[attr-defined]  # a Prefect task
    return counts


def reading() -> dict[str, int]:
    with quick_night():
        return dict(read_answers.fn([], uploads=True) + take_in_uploads.fn())


def readers(office: Office, path: str = NUMBER) -> set[str]:
    return {who for who in EVERYBODY if office.tenant.may_read(CASE_LIBRARY, path, user(who))}


def files(office: Office) -> list[str]:
    return [file.path for file in office.tenant.files(CASE_LIBRARY) if NUMBER in file.path]


def order(town: Town, policy: Policy, *errands: Errand, **changes: object) -> None:
    with town.database.transaction() as connection:
        version, case = load_cases(connection, [NUMBER])[NUMBER]
        after = replace(case, **changes)
        action = Action(f"test.{errands[0].kind}", case, after, errands=errands)
        save_decisions(connection, [Decided(version, after, [action])], policy, STAMP)


def hand_over(town: Town, policy: Policy) -> None:
    errand = Errand(ErrandKind.SHARE_FOLDER, sequence=TODAY.toordinal())
    order(town, policy, errand, manager_number=NEW_MANAGER, led_by=NEW_MANAGER)


def first(town: Town, kind: str = ErrandKind.OPEN_FOLDER) -> tuple[str, str | None]:
    row = town.outbox(kind)[0]
    return row.status, row.reason


# --- The draft is for those it is shared with -------------------------------------------------------------------


@pytest.mark.usefixtures("town")
def test_a_folder_is_shared_before_anything_is_put_into_it(office: Office) -> None:
    night_of(open_folders)
    asked = [request for request in office.gate.requests if "/invite" in request or "Avtaleutkast" in request]
    in_order = [asked.index(next(each for each in asked if sign in each)) for sign in ("/invite", "Avtaleutkast")]
    assert in_order == sorted(in_order)
    assert (readers(office), readers(office, DRAFT)) == ({EMPLOYEE, MANAGER}, {EMPLOYEE, MANAGER})


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("status", [403, 400, 423, 500])
def test_a_folder_that_cannot_be_shared_stays_empty(office: Office, status: int) -> None:
    office.fail(Fault(method="POST", path_pattern="/invite$", times=None, status=status))
    assert night_of(open_folders)["leveranser som feilet"] == len(APPLICANTS)
    assert files(office) == []
    office.tenant.faults.clear()
    assert night_of(open_folders) == {"saksmapper opprettet": len(APPLICANTS)}
    assert (files(office), readers(office, DRAFT)) == ([DRAFT], {EMPLOYEE, MANAGER})


def test_when_nobody_has_an_address_the_draft_waits_until_somebody_has(town: Town, office: Office) -> None:
    town.change(
        update(employees)
        .where(employees.c.employee_number.in_([EMPLOYEE, MANAGER]))
        .values(email=None, user_principal_name=None)
    )
    night_of(open_folders)
    assert (first(town), files(office)) == (("pending", NO_ADDRESSES), [])
    of_one = update(employees).where(employees.c.employee_number == EMPLOYEE)
    town.change(of_one.values(email=person(EMPLOYEE).email))
    night_of(open_folders)
    waits = ("pending", WITHOUT_ADDRESS.format(who="lederen"))
    assert (first(town), files(office), readers(office)) == (waits, [DRAFT], {EMPLOYEE})


@pytest.mark.parametrize(
    ("who", "role", "let_in"), [(EMPLOYEE, "den ansatte", MANAGER), (MANAGER, "lederen", EMPLOYEE)]
)
def test_whoever_has_no_address_yet_is_let_in_when_it_comes_and_keeps_nobody_waiting(
    town: Town, office: Office, who: str, role: str, let_in: str
) -> None:
    of_one = update(employees).where(employees.c.employee_number == who)
    town.change(of_one.values(email=None, user_principal_name=None))
    for _ in range(2):
        night_of(open_folders, share_folders)
        assert first(town) == ("pending", WITHOUT_ADDRESS.format(who=role))
        assert (readers(office), files(office)) == ({let_in}, [DRAFT])
    assert night_of(write_and_send_mail)["e-poster sendt"] == len(APPLICANTS)
    town.change(of_one.values(email=person(who).email))
    night_of(open_folders)
    assert (first(town), readers(office)) == (("done", None), {EMPLOYEE, MANAGER})


@pytest.mark.parametrize(
    ("act", "left"), [("rename", ["Avtalen.pdf"]), ("delete", []), ("move", [f"Vårt/{DRAFT_NAME}"])]
)
def test_whatever_people_do_with_the_draft_no_other_comes_while_an_address_is_missing(
    town: Town, office: Office, act: str, left: list[str]
) -> None:
    of_one = update(employees).where(employees.c.employee_number == MANAGER)
    town.change(of_one.values(email=None, user_principal_name=None))
    night_of(open_folders)
    if act == "rename":
        office.tenant.rename(CASE_LIBRARY, DRAFT, "Avtalen.pdf", user(EMPLOYEE))
    elif act == "move":
        office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, f"{NUMBER}/Vårt"))
        office.tenant.move(CASE_LIBRARY, DRAFT, f"{NUMBER}/Vårt")
    else:
        office.tenant.delete(CASE_LIBRARY, DRAFT)
    expected = [f"{NUMBER}/{path}" for path in left]
    for _ in range(3):
        night_of(open_folders, share_folders)
        assert files(office) == expected
    town.change(of_one.values(email=person(MANAGER).email))
    night_of(open_folders)
    assert (first(town), files(office), readers(office)) == (("done", None), expected, {EMPLOYEE, MANAGER})


def test_killed_before_the_draft_was_put_it_is_put_once(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("tasks.delivering.put_file", killed)
        with pytest.raises(RuntimeError, match="killed"):
            night_of(open_folders)
    assert [file.path for file in office.tenant.files(CASE_LIBRARY)] == []
    for _ in range(2):
        night_of(open_folders)
    assert (first(town), files(office)) == (("done", None), [DRAFT])


def test_a_new_manager_without_an_address_is_let_in_when_it_comes(town: Town, office: Office, policy: Policy) -> None:
    night_of(open_folders)
    of_one = update(employees).where(employees.c.employee_number == NEW_MANAGER)
    town.change(of_one.values(email=None, user_principal_name=None))
    hand_over(town, policy)
    night_of(share_folders)
    waits = ("pending", WITHOUT_ADDRESS.format(who="lederen"))
    assert (first(town, ErrandKind.SHARE_FOLDER), readers(office)) == (waits, {EMPLOYEE})
    town.change(of_one.values(email=person(NEW_MANAGER).email))
    night_of(share_folders)
    assert (first(town, ErrandKind.SHARE_FOLDER), readers(office)) == (("done", None), {EMPLOYEE, NEW_MANAGER})


def test_a_former_manager_is_taken_out_when_nobody_who_is_to_be_in_has_an_address(
    town: Town, office: Office, policy: Policy
) -> None:
    night_of(open_folders)
    nobodys = update(employees).where(employees.c.employee_number.in_([EMPLOYEE, NEW_MANAGER]))
    town.change(nobodys.values(email=None, user_principal_name=None))
    hand_over(town, policy)
    night_of(share_folders)
    assert (first(town, ErrandKind.SHARE_FOLDER), readers(office)) == (("pending", NO_ADDRESSES), set())
    for who in (EMPLOYEE, NEW_MANAGER):
        of_one = update(employees).where(employees.c.employee_number == who)
        town.change(of_one.values(email=person(who).email))
    night_of(share_folders)
    assert (first(town, ErrandKind.SHARE_FOLDER), readers(office)) == (("done", None), {EMPLOYEE, NEW_MANAGER})
    assert files(office) == [DRAFT]


def test_without_a_manager_and_an_address_nothing_is_said_of_a_manager(town: Town, office: Office) -> None:
    town.change(update(cases).where(cases.c.number == NUMBER).values(manager_number=None, led_by=None))
    of_one = update(employees).where(employees.c.employee_number == EMPLOYEE)
    town.change(of_one.values(email=None, user_principal_name=None))
    night_of(open_folders)
    assert (first(town), files(office)) == (("pending", WITHOUT_ADDRESS.format(who="den ansatte")), [])


def test_a_case_without_a_manager_waits_for_none(town: Town, office: Office) -> None:
    """Whoever becomes it later has an errand of their own."""
    town.change(update(cases).where(cases.c.number == NUMBER).values(manager_number=None, led_by=None))
    night_of(open_folders)
    assert (first(town), files(office), readers(office)) == (("done", None), [DRAFT], {EMPLOYEE})


def test_what_waits_for_an_address_is_over_when_the_case_is(town: Town, office: Office, policy: Policy) -> None:
    of_one = update(employees).where(employees.c.employee_number == EMPLOYEE)
    town.change(of_one.values(email=None, user_principal_name=None))
    night_of(open_folders)
    order(town, policy, Errand(ErrandKind.CLOSE_FOLDER), state=State.ENDED)
    night_of(open_folders, close_folders)
    assert (first(town), readers(office)) == (("done", None), set())


def test_a_folder_that_still_lets_in_everybody_stays_empty(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Permissions, "stop_inheriting", lambda *_: None)
        night_of(open_folders)
    assert (first(town), files(office)) == (("pending", STILL_OPEN), [])
    night_of(open_folders)
    assert (first(town), files(office), readers(office)) == (("done", None), [DRAFT], {EMPLOYEE, MANAGER})


@pytest.mark.parametrize("is_copy", [True, False], ids=["a copy", "renamed"])
def test_the_draft_under_another_name_is_no_signed_agreement(town: Town, office: Office, *, is_copy: bool) -> None:
    night_of(open_folders)
    if is_copy:
        draft = office.tenant.read(CASE_LIBRARY, DRAFT)
        office.tenant.upload(CASE_LIBRARY, NUMBER, "avtalen.pdf", draft, user(EMPLOYEE))
    else:
        office.tenant.rename(CASE_LIBRARY, DRAFT, "avtalen.pdf", user(EMPLOYEE))
    reading()
    assert [row.status for row in rows(town.database, inbox)] == ["refused"]
    assert RequirementKind.SIGNED_AGREEMENT in read(town.database, NUMBER)[1].missing
    told = [row for row in rows(town.database, notices) if row.template == "upload_refused"]
    assert [(row.case_number, row.role) for row in told] == [(NUMBER, "employee")]
    [aside] = rows(town.database, rejected_rows)
    assert aside.reason.startswith("Dette er utkastet til avtalen, uten underskrift.")


# --- Renamed ----------------------------------------------------------------------------------------------------


@pytest.fixture
def renamed(town: Town, office: Office) -> Town:
    """The employee has given the folder another name."""
    night_of(open_folders)
    office.tenant.rename(CASE_LIBRARY, NUMBER, RENAMED, user(EMPLOYEE))
    return town


def test_a_renamed_folder_is_shared_with_the_new_manager(renamed: Town, office: Office, policy: Policy) -> None:
    hand_over(renamed, policy)
    assert night_of(share_folders) == {"saksmapper delt på nytt": 1}
    assert readers(office, RENAMED) == {EMPLOYEE, NEW_MANAGER}
    assert files(office) == [f"{RENAMED}/Avtaleutkast {NUMBER}.pdf"]


@pytest.mark.usefixtures("renamed")
def test_a_renamed_folder_gets_its_name_back(office: Office) -> None:
    assert reading() == {FOLDERS_RENAMED: 1}
    assert night_of(open_folders) == {"saksmapper opprettet": 1}
    assert (files(office), readers(office)) == ([DRAFT], {EMPLOYEE, MANAGER})
    assert reading() == {}


@pytest.mark.parametrize("below", ["", "/Bilder/Stua"])
def test_what_lies_in_a_renamed_folder_is_the_cases(renamed: Town, office: Office, below: str) -> None:
    office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, f"{RENAMED}{below}"))
    office.tenant.upload(CASE_LIBRARY, f"{RENAMED}{below}", "pult.jpg", jpeg(), user(EMPLOYEE))
    assert reading() == {"opplastede filer": 1, FOLDERS_RENAMED: 1, TAKEN_IN: 1}
    assert RequirementKind.PHOTO not in read(renamed.database, NUMBER)[1].missing


def test_a_folder_that_got_the_number_of_another_case_is_still_its_own(renamed: Town, office: Office) -> None:
    other = "HK-2027-00002"
    office.tenant.rename(CASE_LIBRARY, other, "Min mappe", user("0002"))
    office.tenant.rename(CASE_LIBRARY, RENAMED, other, user(EMPLOYEE))
    office.tenant.upload(CASE_LIBRARY, other, "pult.jpg", jpeg(), user(EMPLOYEE))
    reading()
    assert RequirementKind.PHOTO not in read(renamed.database, NUMBER)[1].missing
    for _ in range(2):  # the first takes the name that the second is to have
        night_of(open_folders)
    assert readers(office) == {EMPLOYEE, MANAGER}
    assert readers(office, other) == {OUTSIDER, MANAGER}


@pytest.mark.usefixtures("town")
def test_the_folder_of_another_case_is_opened_for_nobody_of_this_one(office: Office) -> None:
    other = "HK-2027-00002"
    night_of(open_folders)
    reading()
    office.tenant.delete(CASE_LIBRARY, NUMBER)
    office.tenant.rename(CASE_LIBRARY, other, NUMBER, user(OUTSIDER))
    office.tenant.upload(CASE_LIBRARY, NUMBER, "mitt hjem.jpg", jpeg(), user(OUTSIDER))
    reading()
    office.gate.requests.clear()
    assert night_of(open_folders) == {"saksmapper opprettet": 1, FILES_THAT_FAILED: 1}
    assert office.requests("/invite") == 1, "its own people"
    assert night_of(open_folders) == {"saksmapper opprettet": 1}
    assert (readers(office), files(office)) == ({EMPLOYEE, MANAGER}, [DRAFT])
    assert readers(office, other) == {OUTSIDER, MANAGER}


def test_a_renamed_folder_is_closed_and_emptied(renamed: Town, office: Office, policy: Policy) -> None:
    order(renamed, policy, Errand(ErrandKind.CLOSE_FOLDER), state=State.ENDED)
    night_of(close_folders)
    assert (readers(office, RENAMED), files(office)) == (set(), [])
    assert reading() == {}, "nobody needs its name any more"


def test_of_two_folders_of_a_case_both_are_closed(renamed: Town, office: Office, policy: Policy) -> None:
    """As an earlier version made a second one where the first had been renamed."""
    second = office.run(lambda graph: ensure_folder(graph, CASE_LIBRARY, NUMBER))
    office.run(lambda graph: share(graph, CASE_LIBRARY, second, [user(NEW_MANAGER).mail or ""]))
    reading()
    night_of(open_folders)
    status, reason = first(renamed)
    assert status == "pending"
    assert (reason or "").startswith("Noe annet har navnet allerede")
    order(renamed, policy, Errand(ErrandKind.CLOSE_FOLDER), state=State.ENDED)
    night_of(close_folders)
    assert (readers(office, RENAMED), readers(office)) == (set(), set())


# --- Deleted ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_folder_that_is_gone_is_made_anew(office: Office, *, is_whole: bool) -> None:
    night_of(open_folders)
    reading()
    office.tenant.delete(CASE_LIBRARY, NUMBER)
    if is_whole:
        office.tenant.expire_delta_tokens()
    assert reading() == {FOLDERS_GONE: 1}
    assert night_of(write_and_send_mail) == {"e-poster sendt": len(APPLICANTS) - 1}, "nobody is sent to what is gone"

    assert night_of(open_folders) == {"saksmapper opprettet": 1}

    assert (files(office), readers(office)) == ([DRAFT], {EMPLOYEE, MANAGER})
    assert night_of(write_and_send_mail) == {"e-poster sendt": 1}
    office.tenant.upload(CASE_LIBRARY, NUMBER, "pult.jpg", jpeg(), user(EMPLOYEE))
    assert reading() == {"opplastede filer": 1, TAKEN_IN: 1}


def test_a_folder_that_is_gone_when_it_is_to_be_shared_is_made_anew(town: Town, office: Office, policy: Policy) -> None:
    night_of(open_folders)
    office.tenant.delete(CASE_LIBRARY, NUMBER)
    hand_over(town, policy)
    assert night_of(share_folders) == {"saksmapper delt på nytt": 1}
    assert (files(office), readers(office)) == ([DRAFT], {EMPLOYEE, NEW_MANAGER})
    assert reading() == {}


def test_a_folder_that_nobody_needs_any_more_is_not_made_anew(town: Town, office: Office, policy: Policy) -> None:
    night_of(open_folders)
    reading()
    order(town, policy, Errand(ErrandKind.CLOSE_FOLDER), state=State.ENDED)
    night_of(close_folders)
    office.tenant.delete(CASE_LIBRARY, NUMBER)
    assert reading() == {}
    assert {row.status for row in rows(town.database, outbox) if row.case_number == NUMBER} == {"done"}
