"""Who we are to Microsoft, over TLS as in earnest: certificate, secret and managed identity; HTTP/2; clean ends."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.graph.cloud import MISCODED, TOKEN, Cloud, cloud
from tests.waiting import AT_MOST

ROOT = Path(__file__).parents[2]
TENANT, CLIENT = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-8999-000000000000"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def sky(running: Cloud) -> Cloud:
    running.asked.clear()
    running.refusals.clear()
    return running


def look(sky: Cloud, addresses: Sequence[str] = (), **settings: str) -> str:
    """What a process with these settings says of the site: nothing when all is well. Every warning is an error.

    It downloads what is at the addresses as well.
    """
    ours = ("HK_", "IDENTITY_", "AZURE_")
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(ours) and "PROXY" not in name.upper()
        },
        "SSL_CERT_FILE": str(sky.certificate),
        "HK_HR_KIND": "csv",
        "HK_HR_URL": "/nowhere.csv",
        "HK_GRAPH_BASE_URL": f"{sky.url}/v1.0",
        "HK_GRAPH_AUTHORITY": sky.url,
        "HK_GRAPH_SITE_ID": "x,1,2",
        "HK_MAIL_SENDER": "hk@sandvik.example",
        "HK_HR_MAIL": "hr@sandvik.example",
        **settings,
    }
    command = [sys.executable, "-W", "error", "-m", "tests.graph.one_look", *addresses]
    done = subprocess.run(  # noqa: S603 - our own words
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=AT_MOST, check=False
    )
    assert done.stderr == ""
    return done.stdout


APP = {"HK_GRAPH_TENANT_ID": TENANT, "HK_GRAPH_CLIENT_ID": CLIENT}


def assert_looked(sky: Cloud) -> None:
    """Graph was asked once, with the token, on HTTP/2."""
    request = sky.asked[-1]
    assert (request.version, request.method) == ("2", "GET")
    assert request.path.startswith("/v1.0/sites/x")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_by_secret(sky: Cloud) -> None:
    assert look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig") == ""
    token, _ = sky.asked
    assert token.path == f"/{TENANT}/oauth2/v2.0/token"
    assert (token.form["client_id"], token.form["client_secret"]) == (CLIENT, "hemmelig")
    assert token.form["scope"] == "https://127.0.0.1/.default", "the scope follows the cloud's Graph"
    assert_looked(sky)


def test_by_certificate_which_is_preferred_to_a_secret(sky: Cloud) -> None:
    assert look(sky, **APP, HK_GRAPH_CLIENT_SECRET="x", HK_GRAPH_CERTIFICATE_PATH=str(sky.certificate)) == ""
    token, _ = sky.asked
    assert token.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in token.form
    assert_looked(sky)


def test_a_secret_that_is_asked_for_goes_before_a_certificate(sky: Cloud) -> None:
    both = {"HK_GRAPH_CLIENT_SECRET": "hemmelig", "HK_GRAPH_CERTIFICATE_PATH": str(sky.certificate)}
    assert look(sky, **APP, **both, HK_GRAPH_CREDENTIAL="secret") == ""
    assert sky.asked[0].form["client_secret"] == "hemmelig"


@pytest.mark.parametrize("client_id", [None, CLIENT], ids=["system-assigned", "user-assigned"])
def test_by_managed_identity(sky: Cloud, client_id: str | None) -> None:
    named = {} if client_id is None else {"HK_GRAPH_CLIENT_ID": client_id}
    machine = {"IDENTITY_ENDPOINT": f"{sky.url}/msi/token", "IDENTITY_HEADER": "of-this-machine"}
    assert look(sky, **machine, **named, HK_GRAPH_CREDENTIAL="managed-identity") == ""
    token, _ = sky.asked
    assert token.form.get("client_id") == client_id
    assert token.form["resource"] == "https://127.0.0.1"
    assert {name.lower(): value for name, value in token.headers.items()}["x-identity-header"] == "of-this-machine"
    assert_looked(sky)


def test_a_certificate_that_cannot_be_read_is_one_line(sky: Cloud) -> None:
    told = look(sky, **APP, HK_GRAPH_CERTIFICATE_PATH="/nowhere.pem")
    assert told.startswith("Microsoft Graph: the credentials cannot be used (FileNotFoundError).")
    assert "HK_GRAPH_CERTIFICATE_PATH" in told
    assert told.count("\n") == 1
    assert sky.asked == []


def test_a_cloud_we_do_not_trust_is_one_line(sky: Cloud) -> None:
    told = look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig", SSL_CERT_FILE="/dev/null")
    assert "cannot be reached" in told
    assert told.count("\n") == 1


# --- A token endpoint that asks for time ------------------------------------------------------------------------

BUSY = b'{"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error has occurred."}'
BY = {"secret": {"HK_GRAPH_CLIENT_SECRET": "hemmelig"}, "certificate": {"HK_GRAPH_CREDENTIAL": "certificate"}}


@pytest.mark.parametrize("kind", BY)
@pytest.mark.parametrize("refusal", [(429, BUSY), (503, BUSY), (503, b"<html>"), (429, b""), (503, b'{"message": ""}')])
def test_the_time_that_the_token_endpoint_asks_for_is_waited(sky: Cloud, kind: str, refusal: tuple[int, bytes]) -> None:
    status, body = refusal
    sky.refusals.append((status, "120", body))
    certificate = {"HK_GRAPH_CERTIFICATE_PATH": str(sky.certificate)} if kind == "certificate" else {}
    word, seconds = look(sky, **APP, **BY[kind], **certificate).split()
    assert word == "waited"
    assert 120 <= int(seconds) <= 132 + 1, "with jitter, and a wait of our own first"
    assert len(sky.asked) == 3
    assert_looked(sky)


def test_more_time_than_our_patience_is_one_line_and_nobody_asks_again(sky: Cloud) -> None:
    sky.refusals.append((429, "3600", BUSY))
    told = look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig")
    assert told.startswith("Microsoft Graph: the sign-in is throttled until 2027-03-01 02:")
    assert told.count("\n") == 1
    assert len(sky.asked) == 1


def test_without_a_time_it_is_asked_again_at_our_own_pace(sky: Cloud) -> None:
    sky.refusals.append((503, None, BUSY))
    assert look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig") in {"waited 0\n", "waited 1\n"}
    assert_looked(sky)


@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_in_another_encoding_is_asked_for_again(sky: Cloud, status: int) -> None:
    sky.refusals.append((status, None, MISCODED))
    assert look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig") in {"waited 0\n", "waited 1\n"}
    assert_looked(sky)


@pytest.mark.parametrize("page", [MISCODED, b"<html>", b"{}", b'{"message": ""}', b"[]", b""])
def test_a_page_in_place_of_a_token_is_one_line(sky: Cloud, page: bytes) -> None:
    sky.refusals += [(200, None, page)] * 2
    told = look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig")
    assert (told.startswith("Microsoft Graph: "), told.count("\n")) == (True, 1)


def test_a_token_endpoint_that_stays_ill_is_one_line(sky: Cloud) -> None:
    sky.refusals += [(500, None, BUSY)] * 2
    told = look(sky, **APP, HK_GRAPH_CLIENT_SECRET="hemmelig")
    assert told == "Microsoft Graph: the token endpoint answered 500; try again later.\n"
