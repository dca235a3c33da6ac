"""Bad nights: what passes, what is read again, and what a person is told when the users could not be read."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from config.settings import Settings
from integrations.hr import HrUnreadable, open_source
from integrations.hr.http import ATTEMPTS
from integrations.hr.scim.client import ScimAccess
from integrations.hr.scim.walk import WALKS
from sandbox.hr.faults import Fault
from sandbox.municipality import Municipality
from tests.hr.conftest import TODAY
from tests.hr.scim_shape import (
    BASE,
    FIXED_TOKEN,
    LIST_RESPONSE,
    PROVIDER,
    TOKEN,
    USERS,
    ScimService,
    ScimSystem,
    fetching,
    number_of,
    running,
)

Respell = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def service() -> Iterator[ScimService]:
    with running() as service:
        yield service


@pytest.fixture
def large(service: ScimService, municipality: Municipality) -> ScimSystem:
    """300 employees, in pages of 100."""
    return service.show(municipality.on(TODAY))


@pytest.fixture
def small(service: ScimService, village: Municipality) -> ScimSystem:
    """60 employees, in one page."""
    return service.show(village.on(TODAY))


def unreadable(system: ScimSystem) -> str:
    with pytest.raises(HrUnreadable) as caught:
        system.read()
    message = str(caught.value)
    assert "\n" not in message
    assert "?" not in message
    return message


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path_pattern=f"{USERS}$", status=503, times=3),
        Fault(path_pattern=f"{USERS}$", status=502, skip=1),
        Fault(path_pattern=f"{USERS}$", drop="before", skip=1),
        Fault(path_pattern=f"{USERS}$", drop="truncate", skip=1, times=2),
        Fault(path_pattern=f"{USERS}$", body="html", skip=1),
        Fault(path_pattern=f"{USERS}$", body="miscoded", skip=1),
        Fault(path_pattern=f"{USERS}$", body="truncated", skip=2),
        Fault(path_pattern=f"{USERS}$", body="empty-page", skip=1),
        Fault(path_pattern=f"{USERS}$", body="html", offset=200),
        Fault(path_pattern=f"{PROVIDER}$", status=503),
        Fault(path_pattern=f"{PROVIDER}$", status=404, times=None),
        Fault(path_pattern=f"{PROVIDER}$", status=401, times=None),
        Fault(path_pattern=f"{PROVIDER}$", body="html", times=None),
        Fault(path_pattern=f"{TOKEN}$", status=503),
        Fault(path_pattern=f"{TOKEN}$", body="html"),
    ],
)
def test_a_fault_that_passes_is_not_noticed(large: ScimSystem, fault: Fault) -> None:
    large.access = fetching(large)
    large.faults.add(fault)
    assert large.read() == large.expected()


@pytest.mark.parametrize(
    ("fault", "where", "what"),
    [
        (Fault(path_pattern=f"{USERS}$", status=503, times=None), USERS, "answered 503, 4 times: try again later"),
        (Fault(path_pattern=f"{PROVIDER}$", status=503, times=None), PROVIDER, "answered 503, 4 times: try again"),
        (Fault(path_pattern=f"{USERS}$", body="html", times=None), USERS, "something other than SCIM's JSON, 4 times"),
        (Fault(path_pattern=f"{USERS}$", body="truncated", times=None), USERS, "something other than SCIM's JSON"),
        (Fault(path_pattern=f"{USERS}$", drop="truncate", times=None), USERS, "broke off in the middle of an answer"),
        (Fault(path_pattern=f"{USERS}$", drop="before", times=None), USERS, "could not be reached"),
        (
            Fault(path_pattern=f"{USERS}$", body="empty-page", times=None),
            USERS,
            "left out a page, 3 times in a row: try",
        ),
        (Fault(path_pattern=f"{USERS}$", body="empty-page", offset=199, times=None), USERS, "left out a page, 3 times"),
        (Fault(path_pattern=f"{USERS}$", status=400, times=None), USERS, "400: check HK_HR_URL and HK_HR_FILTER"),
        (Fault(path_pattern=f"{USERS}$", status=403, times=None), USERS, "403: ask the HR system's owner to let the"),
        (Fault(path_pattern=f"{USERS}$", status=404, times=None), USERS, "answered 404: check HK_HR_URL"),
        (Fault(path_pattern=f"{USERS}$", status=302, times=None), USERS, "answered 302"),
        (Fault(path_pattern=f"{USERS}$", status=401, times=None), USERS, "answered 401: check HK_HR_TOKEN;"),
    ],
)
def test_a_fault_that_lasts_is_told_in_one_line(large: ScimSystem, fault: Fault, where: str, what: str) -> None:
    large.faults.add(fault)
    message = unreadable(large)
    assert message.startswith(f"{large.access.url.removeprefix('http://').removesuffix(BASE)}{where} ")
    assert what in message


@pytest.mark.parametrize(
    "respell",
    [
        lambda content: content.decode().encode("utf-16"),
        lambda content: content.decode().encode("latin-1"),
        lambda content: content.replace("ø".encode(), b"\xf8"),
        lambda content: content.replace(LIST_RESPONSE.encode(), b"urn:scim:schemas:core:1.0"),
        lambda content: content.replace(b'"totalResults":', b'"total":'),
        lambda content: content.replace(b'"Resources":[', b'"Resources":{"a":[').replace(b"]}", b"]}}"),
        lambda _: b"[]",
        lambda _: b"",
    ],
)
def test_content_of_another_kind(small: ScimSystem, respell: Respell) -> None:
    small.users[3]["nickName"] = "Bjørg"  # in an attribute that is not read
    small.respell = respell
    assert f"{USERS} answered with something other than" in unreadable(small)
    assert len(small.pauses) == ATTEMPTS - 1


def test_a_wrong_token_that_is_given(small: ScimSystem) -> None:
    small.access = ScimAccess(small.access.url, token="open-sesame")
    message = unreadable(small)
    assert "Users answered 401: check HK_HR_TOKEN; it may have run out or been withdrawn" in message
    assert "open-sesame" not in message
    assert small.pauses == []


@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
def test_wrong_client_credentials(small: ScimSystem, wrong: str) -> None:
    small.access = replace(fetching(small), **{wrong: "open-sesame"})
    message = unreadable(small)
    assert "/oauth/token answered 401: check HK_HR_CLIENT_ID and HK_HR_CLIENT_SECRET" in message
    assert "open-sesame" not in message
    assert len(small.forms) == 1


def test_a_token_of_another_api(small: ScimSystem) -> None:
    small.access = fetching(small)
    small.faults.add(Fault(path_pattern=f"{BASE}/", status=401, times=None))
    assert "answered 401: the token came from HK_HR_TOKEN_URL; check that it belongs to" in unreadable(small)


def test_no_token_at_all(small: ScimSystem) -> None:
    small.access = ScimAccess(small.access.url)
    assert "needs a token: set HK_HR_TOKEN, or HK_HR_TOKEN_URL, HK_HR_CLIENT_ID and" in unreadable(small)


def test_secrets_are_not_shown(small: ScimSystem) -> None:
    assert FIXED_TOKEN not in repr(small.access)
    assert "sandbox-secret" not in repr(fetching(small))


def test_a_fetched_token_serves_a_whole_reading(large: ScimSystem) -> None:
    large.access = fetching(large)
    assert large.read() == large.expected()
    assert large.tokens_issued == 1


def test_a_fetched_token_that_runs_out_is_renewed(large: ScimSystem) -> None:
    large.access = fetching(large)

    def forget(start: int) -> None:
        if start == 100:
            large.tokens.clear()
            large.before_page = None

    large.before_page = forget
    assert large.read() == large.expected()
    assert large.tokens_issued == 2


def test_a_given_token_is_used_even_where_one_could_be_fetched(small: ScimSystem) -> None:
    small.access = replace(fetching(small), token=FIXED_TOKEN)
    assert small.read() == small.expected()
    assert small.tokens_issued == 0


def test_nobody_at_that_address(small: ScimSystem) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    small.access = ScimAccess(f"http://127.0.0.1:{port}/scim", token=FIXED_TOKEN)
    assert f"127.0.0.1:{port}/scim/" in (message := unreadable(small))
    assert "could not be reached, 4 times: try again later" in message


def once(system: ScimSystem, start: int, change: Callable[[], object]) -> None:
    """Let something happen right before the page that begins at `start` is put together, the first time it is."""

    def before(page: int) -> None:
        if page == start:
            system.before_page = None
            change()

    system.before_page = before


def read_numbers(system: ScimSystem) -> list[str]:
    return [who.employee_number for who in system.read().employees]


@pytest.mark.parametrize("sorts", [True, False])
@pytest.mark.parametrize("start", [100, 199])
def test_somebody_deleted_between_two_pages(large: ScimSystem, start: int, *, sorts: bool) -> None:
    large.sorts = sorts
    once(large, start, lambda: large.users.pop(3))
    everybody = len(large.active_users())
    assert read_numbers(large) == sorted(number_of(row) for row in large.active_users())
    assert everybody - len(large.active_users()) == 1


@pytest.mark.parametrize("sorts", [True, False])
def test_one_gone_and_one_new_between_two_pages(large: ScimSystem, *, sorts: bool) -> None:
    """The total stays, and no user comes twice, yet one slides by unseen: only the border of the page tells."""
    large.sorts = sorts
    large.users.sort(key=lambda row: str(row["id"]))
    late, gone = large.users.pop(), large.users[3]

    def swap() -> None:
        large.users.remove(gone)
        large.users.append(late)

    once(large, 100, swap)
    assert read_numbers(large) == sorted(number_of(row) for row in large.active_users())
    assert len([asked for asked in large.asked if asked["startIndex"] == "100"]) == 2


def test_one_gone_and_one_new_among_those_read_lose_nobody_else(large: ScimSystem) -> None:
    """Nobody moves over the border, so there is nothing to repeat: the one who is new is read the next night."""
    large.sorts = False
    new, gone = large.users.pop(), large.users[3]
    before = read_numbers(large)
    large.asked.clear()

    def swap() -> None:
        large.users[3] = new

    once(large, 100, swap)
    assert read_numbers(large) == before
    assert [asked["startIndex"] for asked in large.asked] == ["1", "100", "199", "1"]
    assert read_numbers(large) == sorted({*before, number_of(new)} - ({number_of(gone)} if gone["active"] else set()))


def test_a_user_who_moves_back_while_the_pages_are_read(large: ScimSystem) -> None:
    """As on servers that list by time of change: whoever is changed is listed again, at the end."""
    large.sorts = False
    once(large, 199, lambda: large.users.append(large.users.pop(150)))
    assert large.read() == large.expected()


def test_a_source_that_never_stands_still(large: ScimSystem) -> None:
    def delete(start: int) -> None:
        if start == 100:
            large.users.pop()

    large.before_page = delete
    assert f"{USERS} changed its total while it was read, 3 times in a row: try again later" in unreadable(large)
    assert len([asked for asked in large.asked if asked["startIndex"] == "100"]) == WALKS


def test_an_order_that_changes_with_every_question(large: ScimSystem) -> None:
    large.sorts = False
    large.before_page = lambda _start: large.users.reverse()
    assert "moved users about while it was read, 3 times in a row" in unreadable(large)


@pytest.mark.parametrize("times", [1, WALKS])
def test_a_directory_that_is_being_filled(small: ScimSystem, times: int) -> None:
    """One page, which agrees with itself; the total afterwards does not."""
    small.sorts = False
    missing = [small.users.pop() for _ in range(times)]

    def fill(_start: int) -> None:
        if small.asked[-1]["count"] == "1" and missing:
            small.users.append(missing.pop())

    small.before_page = fill
    if times < WALKS:
        assert small.read() == small.expected()
    else:
        assert "changed its total while it was read, 3 times in a row" in unreadable(small)


def test_a_user_that_comes_twice(small: ScimSystem) -> None:
    small.users[7] = small.users[8]
    total = len(small.users)
    assert f"announced {total} users and gave {total - 1} different ones, 3 times in a row" in unreadable(small)


def test_nobody_there_is_not_believed(small: ScimSystem) -> None:
    small.users.clear()
    assert "Users lists nobody: check HK_HR_FILTER and what the token may read" in unreadable(small)


def test_nobody_active_is_not_believed(small: ScimSystem) -> None:
    for row in small.users:
        row["active"] = False
    assert "Users lists nobody who is active: check HK_HR_FILTER" in unreadable(small)


@pytest.mark.parametrize("page_size", [2, 13, 59])
def test_any_page_size_gives_the_same(small: ScimSystem, page_size: int) -> None:
    assert small.source(page_size).read_snapshot() == small.expected()


def test_a_server_that_gives_smaller_pages_than_asked(small: ScimSystem) -> None:
    small.page_size_limit = 17
    assert small.read() == small.expected()
    assert {asked["count"] for asked in small.asked} == {"1000", "1"}


@pytest.mark.parametrize("tells_start", [True, False])
def test_a_server_without_pages(small: ScimSystem, *, tells_start: bool) -> None:
    """Paging is optional: such a server gives everybody, whatever is asked for."""
    small.pages, small.tells_start = False, tells_start
    assert small.read() == small.expected()


def test_a_server_that_ignores_where_the_page_begins(large: ScimSystem) -> None:
    large.respell = lambda content: content.replace(b'"startIndex":100,', b'"startIndex":1,')
    assert "gave another page than the one asked for, 3 times in a row" in unreadable(large)


def test_a_server_whose_total_is_that_of_the_page(large: ScimSystem) -> None:
    """Some send as the total what they put on the page; the first 100 then look like everybody."""
    large.respell = lambda content: re.sub(rb'("totalResults":)\d+(,"itemsPerPage":)(\d+)', rb"\1\3\2\3", content)
    assert "changed its total while it was read, 3 times in a row" in unreadable(large)


def test_a_server_that_counts_users_it_does_not_show(large: ScimSystem) -> None:
    large.sorts = False
    large.respell = lambda content: content.replace(b'"totalResults":%d' % total, b'"totalResults":%d' % (total + 1))
    total = len(large.users)
    assert "left out a page, 3 times in a row" in unreadable(large)


def test_sorting_is_asked_for_where_it_is_offered(small: ScimSystem) -> None:
    for sorts, refuses in ((True, False), (False, False), (True, True)):
        small.sorts, small.refuses_to_sort = sorts, refuses
        small.asked.clear()
        assert small.read() == small.expected()
        assert ("sortBy" in small.asked[-1]) is (sorts and not refuses)


def test_open_source_reads_what_the_settings_say(small: ScimSystem) -> None:
    given = {
        "hr_kind": "scim",
        "hr_url": small.access.url + "/",
        "hr_token": FIXED_TOKEN,
        "hr_filter": 'userType eq "Employee"',
        "graph_tenant_id": "tenant",
        "graph_client_id": "client",
        "graph_client_secret": "secret",
        "graph_site_id": "site",
        "mail_sender": "hr@sandvik.kommune.example",
        "hr_mail": "hr@sandvik.kommune.example",
    }
    assert open_source(Settings.model_validate(given)).read_snapshot() == small.expected()
    assert {asked["filter"] for asked in small.asked} == {'userType eq "Employee"'}
