"""What lies unsent in the sender's mailbox: drafts that came late are removed or sent, others are left alone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import httpx
import msgspec
import pytest
from sqlalchemy import update
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from agreements.actions import ErrandKind
from agreements.case import State
from agreements.policy import Retention
from config.errors import ExpectedError
from integrations.database.failed import let_try_again
from integrations.database.outgoing import MAIL
from integrations.database.tables import cases, employees, notices, outbox
from integrations.graph.mail import KEY_HEADER, Mail, draft, message_id_for, send
from integrations.graph.patience import Patience
from sandbox.graph import Fault
from tasks.mailing import write_and_send_mail
from tasks.night import night
from tasks.purging import PURGED, purge_now
from tasks.unsent import DRAFTS_REMOVED, STILL_DRAFTS, clear_drafts
from tests.database.samples import TODAY, person
from tests.graph.conftest import Office
from tests.graph.failures import EVERY, PASSING, TOKEN_ENDED, fault, patience_with
from tests.graph.hours import START, Hours
from tests.graph.one_night import quick_night
from tests.graph.town import APPLICANTS, Town

ALERT = "the key of an alert"
HASTY = Patience(answer_within=1.0)


@dataclass(slots=True)
class Late:
    """An ASGI application: the tenant, but the first draft asked for hangs, and is made when somebody lets it be."""

    tenant: ASGIApp
    held: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.held or scope["method"] != "POST" or not scope["path"].endswith("/messages"):
            await self.tenant(scope, receive, send)
            return
        request = Request(scope, receive)
        self.held.append((str(request.url), dict(request.headers), await request.body()))
        while (await receive())["type"] != "http.disconnect":
            pass

    def make_it_now(self) -> None:
        [(url, headers, body)] = self.held
        assert httpx.post(url, headers=headers, content=body).status_code == 201


@pytest.fixture
def late(office: Office) -> Iterator[Late]:
    office.gate.inside = late = Late(office.tenant.application())
    yield late
    office.gate.inside = None


@pytest.fixture
def town(town: Town) -> Town:
    """Everybody's folder is there, and everybody has a question to get by mail."""
    town.change(update(outbox).where(outbox.c.kind == ErrandKind.OPEN_FOLDER).values(status="done"))
    return town


def a_night(patience: Patience | None = None, day: int = 0) -> Counter[str]:
    """What is cleared away in a night that then sends its mail."""
    with quick_night(hours=Hours(START + timedelta(days=day))) as running:
        running.patience = patience or Patience()
        cleared = clear_drafts.fn()
        write_and_send_mail.fn()
    return cleared


def assert_each_has_one_mail(town: Town, *others: str) -> None:
    sent = [message.headers[KEY_HEADER] for message in town.tenant.sent_messages()]
    assert sorted(sent) == sorted([*others, *(row.key for row in town.outbox(MAIL))])
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}


def test_a_draft_that_comes_when_another_has_been_sent_is_gone_after_the_next_night(town: Town, late: Late) -> None:
    a_night(HASTY)
    assert_each_has_one_mail(town)
    late.make_it_now()
    assert town.drafts() == 1

    assert a_night() == {DRAFTS_REMOVED: 1}

    assert town.drafts() == 0
    assert_each_has_one_mail(town)
    assert a_night() == {}


def test_a_draft_whose_mail_still_waits_is_what_is_sent(town: Town, late: Late) -> None:
    a_night(replace(HASTY, tries=1))
    assert town.statuses(MAIL) == {"pending": 1, "done": len(APPLICANTS) - 1}
    late.make_it_now()

    assert a_night() == {}

    assert town.drafts() == 0
    assert_each_has_one_mail(town)


def test_a_draft_beside_that_of_a_mail_that_still_waits_is_removed(town: Town, office: Office, late: Late) -> None:
    office.fail(Fault(method="POST", path_pattern="/send$", times=None, status=423))
    a_night(HASTY)
    late.make_it_now()
    assert town.drafts() == len(APPLICANTS) + 1
    office.tenant.faults.clear()

    assert a_night() == {DRAFTS_REMOVED: 1}

    assert town.drafts() == 0
    assert_each_has_one_mail(town)


def test_the_draft_of_a_mail_that_was_given_up_stays_until_it_is_tried_again(town: Town) -> None:
    of_one = update(employees).where(employees.c.employee_number == "0002")
    town.change(of_one.values(email="ikke en adresse"))
    a_night()
    assert a_night() == {}
    assert town.drafts() == 1
    town.change(of_one.values(email=person("0002").email))
    with town.database.transaction() as connection:
        assert let_try_again(connection, None) == 1

    assert a_night() == {}

    assert town.drafts() == 0
    assert_each_has_one_mail(town)


def test_what_was_accepted_and_is_a_draft_an_hour_later_is_sent_after_all(town: Town, office: Office) -> None:
    office.fail(Fault(method="POST", path_pattern="/send$", status=202))
    a_night()
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}
    assert a_night() == {}, "it may be on its way"
    two_hours_ago = datetime.now(UTC) - timedelta(hours=2)
    town.change(update(outbox).where(outbox.c.kind == MAIL).values(done_at=two_hours_ago))

    assert a_night() == {STILL_DRAFTS: 1}

    assert town.drafts() == 0
    assert_each_has_one_mail(town)


def test_drafts_of_others_are_left_alone(town: Town, office: Office) -> None:
    """A person's, and one that another installation with the same mailbox is about to send."""
    letter = Mail([person("0001").email or ""], "Sak", "<p>Hei</p>")
    sender = office.tenant.sender
    by_hand = {"subject": "Notat", "internetMessageId": "<0123.hjemmekontor@elsewhere.example>"}
    office.run(lambda graph: graph.once("POST", f"/users/{sender}/messages", "POST draft", body=by_hand))
    office.run(lambda graph: draft(graph, sender, "of another installation", letter))

    assert a_night() == {}

    assert town.drafts() == 2


def test_a_spare_draft_of_an_alert_is_removed_although_no_row_tells_of_it(town: Town, office: Office) -> None:
    letter = Mail([person("0001").email or ""], "Nattkjøringen feilet", "<p>Se her</p>")
    sender = office.tenant.sender
    first, _ = (office.run(lambda graph: draft(graph, sender, ALERT, letter)) for _ in range(2))
    office.run(lambda graph: send(graph, sender, first))

    assert a_night() == {DRAFTS_REMOVED: 1}

    assert town.drafts() == 0


def test_a_dry_run_counts_and_touches_nothing(town: Town, late: Late) -> None:
    a_night(HASTY)
    late.make_it_now()
    with night(TODAY, dry_run=True):
        assert clear_drafts.fn() == {DRAFTS_REMOVED: 1}
    assert town.drafts() == 1


def test_all_is_well_by_one_request(town: Town, office: Office) -> None:
    a_night()
    office.gate.requests.clear()
    a_night()
    asked = [request for request in office.gate.requests if not request.endswith("/token")]
    assert asked == [f"GET /v1.0/users/{town.tenant.sender}/mailFolders/drafts/messages"]


# --- Every call of it, with everything that can go wrong ---------------------------------------------------------

CALLS = {
    "list drafts": ("GET", "/drafts/messages$"),
    "look for its like": ("GET", "/[^/]+@[^/]+/messages$"),
    "remove": ("DELETE", "/messages/[^/]+$"),
}


# --- Purged -----------------------------------------------------------------------------------------------------


def purge_the_second_case(town: Town) -> int:
    over = {"state": State.ENDED, "ended_on": date(2025, 1, 1)}
    town.change(update(cases).where(cases.c.number == "HK-2027-00002").values(over))
    with quick_night() as running:
        running.policy = msgspec.structs.replace(running.policy, retention=Retention(months=12))
        return purge_now.fn()[PURGED]


def given_up(town: Town, office: Office) -> None:
    """One mail is refused for good when it is sent; its draft stays for whoever lets it be tried again."""
    office.fail(Fault(method="POST", path_pattern="/send$", times=None, status=400))
    a_night()
    office.tenant.faults.clear()
    assert town.statuses(MAIL) == {"failed": len(APPLICANTS)}


def test_the_draft_of_a_mail_that_was_given_up_goes_with_its_case(town: Town, office: Office) -> None:
    given_up(town, office)
    assert purge_the_second_case(town) == 1
    assert (len(town.outbox(MAIL)), town.drafts()) == (len(APPLICANTS) - 1, len(APPLICANTS) - 1)


def test_killed_after_the_drafts_the_mail_goes_out_should_it_be_sent_again(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up(town, office)
    with monkeypatch.context() as patch:
        patch.setattr("tasks.purging.purge", killed)
        with pytest.raises(KeyboardInterrupt):
            purge_the_second_case(town)
    assert (len(town.outbox(MAIL)), town.drafts()) == (len(APPLICANTS), len(APPLICANTS) - 1)
    town.change(update(outbox).where(outbox.c.kind == MAIL).values(status="pending"))
    a_night()
    assert_each_has_one_mail(town)
    assert (purge_the_second_case(town), town.drafts()) == (1, 0)


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_draft_of_a_mail_that_tells_of_another_case_as_well_stays(town: Town, office: Office) -> None:
    given_up(town, office)
    second, third = (row.key for row in town.outbox(MAIL)[1:])
    town.change(update(notices).where(notices.c.outbox_key == third).values(outbox_key=second))
    assert purge_the_second_case(town) == 1
    assert second in {row.key for row in town.outbox(MAIL)}
    assert town.drafts() == len(APPLICANTS)


def test_a_mail_that_was_never_tried_needs_no_look(town: Town, office: Office) -> None:
    a_night()
    town.change(update(outbox).where(outbox.c.kind == MAIL).values(status="pending", attempts=0))
    office.gate.requests.clear()
    assert purge_the_second_case(town) == 1
    assert office.gate.requests == []


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("call", CALLS)
def test_whatever_goes_wrong_it_is_done_by_the_next_night(town: Town, office: Office, call: str, name: str) -> None:
    a_night()
    sender = office.tenant.sender
    key = ALERT if call == "look for its like" else town.outbox(MAIL)[0].key
    letter = Mail([person("0001").email or ""], "Sak", "<p>Hei</p>")
    for _ in range(2):
        left = office.run(lambda graph: draft(graph, sender, key, letter))
    if key == ALERT:
        office.run(lambda graph: send(graph, sender, left))
    failing = fault(name, *CALLS[call])
    office.fail(failing)

    told = None
    try:
        a_night(patience_with(name))
    except ExpectedError as error:
        told = str(error)

    assert failing not in office.tenant.faults.pending or failing.times is None, "it has gone wrong"
    assert told is None or (
        told.startswith("Microsoft Graph") and "\n" not in told and message_id_for(key, sender) not in told
    )
    assert told is not None or town.drafts() == 0 or (call, name) == ("remove", "404"), "what is gone is gone"
    if name in PASSING | TOKEN_ENDED:
        assert told is None
    office.tenant.faults.clear()
    a_night(day=1)
    assert town.drafts() == 0
    assert_each_has_one_mail(town, *([ALERT] if key == ALERT else []))
