"""Bad nights: what passes, what is read again, and what a person is told when HR could not be read."""

import socket
from dataclasses import replace
from typing import cast

import pytest
import requests

from agreements.people import Snapshot
from config.settings import OF_REAL_SYSTEMS, Settings, SettingsError
from integrations.hr import HrUnreadable, open_source
from integrations.hr.fint.client import FintClient
from integrations.hr.fint.source import FintSource
from integrations.hr.fint.walk import WALKS
from integrations.hr.http import ATTEMPTS, LONGEST_PAUSE_SECONDS
from sandbox.fint import TOKEN_PATH, fint_application
from sandbox.hr.faults import Fault
from sandbox.hr.rows import PERSONNEL, PERSONS, POSITIONS, UNITS, Row
from sandbox.municipality import Municipality
from sandbox.web import serve
from tests.hr.conftest import TODAY, HrSystem
from tests.waiting import AT_MOST


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path_pattern=f"{PERSONNEL}$", status=503, times=3),
        Fault(path_pattern=f"{PERSONS}$", status=502),
        Fault(path_pattern=f"{POSITIONS}/cache/size$", status=504),
        Fault(path_pattern=f"{PERSONNEL}$", drop="before"),
        Fault(path_pattern=f"{PERSONNEL}$", drop="truncate", times=2),
        Fault(path_pattern=f"{POSITIONS}$", body="html"),
        Fault(path_pattern=f"{UNITS}$", body="truncated"),
        Fault(path_pattern=f"{PERSONS}$", body="empty-page"),
        Fault(path_pattern="/oauth/token$", status=503),
        Fault(path_pattern=f"{POSITIONS}$", body="miscoded"),
        Fault(path_pattern="/oauth/token$", body="html"),
        Fault(path_pattern="/oauth/token$", body="miscoded"),
    ],
)
def test_a_fault_that_passes_is_not_noticed(small: HrSystem, fault: Fault) -> None:
    small.hr.faults.add(fault)
    assert small.read() == small.expected()


@pytest.mark.parametrize(
    ("fault", "where", "what"),
    [
        (Fault(path_pattern=f"{PERSONNEL}$", status=503, times=None), PERSONNEL, "answered 503, 4 times: try again"),
        (Fault(path_pattern=f"{POSITIONS}$", body="html", times=None), POSITIONS, "other than FINT's JSON"),
        (Fault(path_pattern=f"{UNITS}$", body="truncated", times=None), UNITS, "other than FINT's JSON"),
        (
            Fault(path_pattern=f"{UNITS}$", body="miscoded", times=None),
            UNITS,
            "in another encoding than it said, 4 times",
        ),
        (Fault(path_pattern=f"{PERSONS}$", drop="truncate", times=None), PERSONS, "broke off in the middle"),
        (Fault(path_pattern=f"{PERSONS}$", drop="before", times=None), PERSONS, "could not be reached"),
        (Fault(path_pattern=f"{PERSONS}$", body="empty-page", times=None), PERSONS, "left out a page, 3 times in a"),
        (Fault(path_pattern=f"{PERSONS}$", status=403), PERSONS, "ask the HR system's owner to give the client access"),
        (Fault(path_pattern=f"{PERSONS}$", status=404), PERSONS, "answered 404: check HK_HR_URL"),
        (Fault(path_pattern=f"{PERSONS}$", status=302), PERSONS, "answered 302"),
        (Fault(path_pattern=f"{UNITS}$", status=401, times=None), UNITS, "answered 401: the token came from"),
        (Fault(path_pattern="/oauth/token$", status=404), "/oauth/token", "check HK_HR_TOKEN_URL"),
    ],
)
def test_a_fault_that_lasts_is_told_in_one_line(small: HrSystem, fault: Fault, where: str, what: str) -> None:
    small.hr.faults.add(fault)
    message = _unreadable(small)
    assert message.startswith(f"{small.access.url.removeprefix('http://')}{where} ")
    assert what in message
    assert "\n" not in message
    assert "?" not in message


def test_attempts_are_few_and_wait_longer_each_time(small: HrSystem) -> None:
    small.hr.faults.add(Fault(path_pattern=f"{UNITS}/cache/size$", status=503, times=None))
    _unreadable(small)
    assert len(small.pauses) == ATTEMPTS - 1
    assert all(0.5 <= pause / 2**retry <= 1.5 for retry, pause in enumerate(small.pauses))


@pytest.mark.parametrize(("asked", "waited"), [(7, 7.0), (3_600, LONGEST_PAUSE_SECONDS)])
def test_the_servers_wish_to_be_left_alone_is_followed(small: HrSystem, asked: int, waited: float) -> None:
    small.hr.faults.add(Fault(path_pattern=f"{UNITS}$", status=429, retry_after=asked))
    small.read()
    assert small.pauses == [waited]


@pytest.mark.parametrize("wrong", ["client_id", "client_secret", "username", "password"])
def test_wrong_credentials(small: HrSystem, wrong: str) -> None:
    small.access = replace(small.access, **{wrong: "open-sesame"})
    message = _unreadable(small)
    assert "/oauth/token answered 401: check HK_HR_USERNAME, HK_HR_PASSWORD" in message
    assert "open-sesame" not in message
    assert small.pauses == []


def test_secrets_are_not_shown(small: HrSystem) -> None:
    mine = small.hr.credentials
    for secret in (mine.client_secret, mine.username, mine.password):
        assert secret not in repr(small.access)


def test_nobody_at_that_address(small: HrSystem) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    small.access = replace(small.access, token_url=f"http://127.0.0.1:{port}/oauth/token")
    assert _unreadable(small).startswith(f"127.0.0.1:{port}/oauth/token could not be reached, 4 times: try again")


def test_one_token_serves_a_whole_reading(small: HrSystem) -> None:
    small.read()
    assert small.hr.tokens_issued == 1


def test_a_token_that_runs_out_is_renewed(small: HrSystem) -> None:
    def forget(path: str, _offset: int) -> None:
        if path == POSITIONS:
            small.hr.tokens.clear()
            small.hr.before_page = None

    small.hr.before_page = forget
    assert small.read() == small.expected()
    assert small.hr.tokens_issued == 2


def test_somebody_deleted_between_two_pages(large: HrSystem) -> None:
    """The row behind the first page slides into it unseen; the walk begins again and everyone else is there."""
    gone = []

    def delete(path: str, offset: int) -> None:
        if path == PERSONNEL and offset == 100:
            gone.append(large.hr.rows(path).pop(3))
            large.hr.before_page = None

    large.hr.before_page = delete
    snapshot = large.read()
    assert len(gone) == 1
    assert len(snapshot.employees) == len(large.expected().employees) - 1
    assert snapshot.rejected == ()


def test_one_gone_and_one_new_between_two_pages(large: HrSystem) -> None:
    """The total stays, and no row comes twice, yet one slides by unseen: only the time of last update tells."""
    rows = large.hr.rows(PERSONNEL)
    late, seen = rows.pop(), rows[3]

    def swap(path: str, offset: int) -> None:
        if path == PERSONNEL and offset == 100:
            large.hr.before_page = None
            rows.remove(seen)
            rows.append(late)
            large.hr.touch()

    large.hr.before_page = swap
    read = [who.employee_number for who in large.read().employees]
    assert read == sorted(str(cast("Row", row["ansattnummer"])["identifikatorverdi"]) for row in rows)


def test_a_source_that_never_stands_still(large: HrSystem) -> None:
    walks = []

    def delete(path: str, offset: int) -> None:
        if path == PERSONNEL and offset == 100:
            walks.append(large.hr.rows(path).pop())

    large.hr.before_page = delete
    assert "changed its total while it was read, 3 times in a row: try again later" in _unreadable(large)
    assert len(walks) == WALKS


@pytest.mark.parametrize(("times", "outcome"), [(1, "read"), (WALKS, "changed while it was read, 3 times in a row")])
def test_a_cache_that_grows_while_it_is_read(small: HrSystem, times: int, outcome: str) -> None:
    """Every page agrees with the others; the size before and after does not."""
    unit = small.hr.rows(UNITS)[0]
    added: list[Row] = []

    def grow(path: str, _offset: int) -> None:
        if path == UNITS and len(added) < times:
            added.append({**unit, "organisasjonsId": {"identifikatorverdi": f"NEW-{len(added)}"}})
            small.hr.rows(path).append(added[-1])

    small.hr.before_page = grow
    if outcome == "read":
        assert len(small.read().units) == len(small.expected().units) + times
    else:
        assert outcome in _unreadable(small)


def test_a_row_that_comes_twice(small: HrSystem) -> None:
    rows = small.hr.rows(PERSONS)
    rows[7] = rows[8]
    message = _unreadable(small)
    assert f"announced {len(rows)} rows and gave {len(rows) - 1} different ones, 3 times in a row" in message


@pytest.mark.parametrize("path", [UNITS, PERSONNEL, POSITIONS, PERSONS])
def test_nothing_there_is_not_believed(small: HrSystem, path: str) -> None:
    small.hr.rows(path).clear()
    assert f"{path} lists nothing: ask the HR system's owner whether its cache is filled" in _unreadable(small)


@pytest.mark.parametrize("page_size", [13, 59])
def test_any_page_size_gives_the_same(small: HrSystem, page_size: int) -> None:
    assert small.source(page_size).read_snapshot() == small.expected()


def test_a_server_that_gives_smaller_pages_than_asked(small: HrSystem) -> None:
    small.hr.page_size_limit = 17
    assert small.read() == small.expected()


def test_faults_can_be_ordered_over_http(small: HrSystem) -> None:
    address = f"{small.access.url}/_sandbox/hr-faults"
    fault = {"path_pattern": ".*", "status": 503, "times": None}
    assert requests.post(address, json=fault, timeout=AT_MOST).status_code == 204
    assert "answered 503" in _unreadable(small)
    assert requests.delete(address, timeout=AT_MOST).status_code == 204
    assert isinstance(small.read(), Snapshot)
    for nonsense in ({"path_pattern": "("}, {"status": 503}, {"path_pattern": "x", "stauts": 1}):
        assert requests.post(address, json=nonsense, timeout=AT_MOST).status_code == 400


def test_the_application_by_itself_takes_the_sandboxs_credentials(small: HrSystem, village: Municipality) -> None:
    with serve(fint_application(village, today=lambda: TODAY, page_size_limit=20)) as server:
        access = replace(small.access, url=server.url, token_url=server.url + TOKEN_PATH)
        assert FintSource(FintClient(access)).read_snapshot() == small.expected()


def test_next_loses_the_timestamp_as_in_fint(large: HrSystem) -> None:
    address, token = large.access.url + PERSONNEL, large.hr.issue_token()
    headers = {"Authorization": f"Bearer {token}"}
    page = requests.get(f"{address}?size=50&sinceTimeStamp=1", headers=headers, timeout=AT_MOST).json()
    assert "sinceTimeStamp" in page["_links"]["self"][0]["href"]
    assert page["_links"]["next"][0]["href"] == f"{address}?offset=50&size=50"
    assert requests.get(address, timeout=AT_MOST).status_code == 401


def _settings(system: HrSystem, **changes: str | None) -> Settings:
    mine = system.hr.credentials
    given = {
        "hr_url": system.access.url,
        "hr_token_url": system.access.token_url,
        "hr_client_id": mine.client_id,
        "hr_client_secret": mine.client_secret,
        "hr_username": mine.username,
        "hr_password": mine.password,
        "graph_tenant_id": "tenant",
        "graph_client_id": "client",
        "graph_client_secret": "secret",
        "graph_site_id": "site",
        "mail_sender": "hr@sandvik.kommune.example",
        "hr_mail": "hr@sandvik.kommune.example",
    }
    return Settings.model_validate({**given, **changes})


def test_open_source_reads_what_the_settings_say(small: HrSystem) -> None:
    assert open_source(_settings(small)).read_snapshot() == small.expected()


def test_open_source_names_what_is_missing(small: HrSystem) -> None:
    """Settings refuse half a configuration themselves; what gets here without an HR system is the sandbox's."""
    nothing = _settings(small, **dict.fromkeys(OF_REAL_SYSTEMS))
    with pytest.raises(SettingsError, match=r"^missing for HK_HR_KIND=fint: ") as caught:
        open_source(nothing)
    assert str(caught.value).partition(": ")[2].split(", ") == [
        *("HK_HR_URL", "HK_HR_TOKEN_URL", "HK_HR_CLIENT_ID"),
        *("HK_HR_CLIENT_SECRET", "HK_HR_USERNAME", "HK_HR_PASSWORD"),
    ]


def _unreadable(system: HrSystem) -> str:
    with pytest.raises(HrUnreadable) as caught:
        system.read()
    return str(caught.value)
