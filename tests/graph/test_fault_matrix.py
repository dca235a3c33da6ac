"""Every call that a mail makes, with everything that can go wrong with it: one mail for each key in the end, or none.

Each pair lives through three nights. In the first it goes wrong; the second is a healthy one; the third comes after
somebody has let what was given up be tried again.
"""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from agreements.actions import ErrandKind
from config.errors import ExpectedError
from integrations.database.failed import let_try_again
from integrations.database.outgoing import MAIL
from integrations.database.tables import outbox
from integrations.graph.errors import GraphCredentialsError
from integrations.graph.mail import KEY_HEADER
from integrations.graph.patience import Patience
from sandbox.graph import Fault
from tasks.mailing import write_and_send_mail
from tasks.unsent import clear_drafts
from tests.graph.conftest import Office
from tests.graph.failures import (
    EVERY,
    FAILING,
    PASSING,
    REFUSING,
    TOKEN_ENDED,
    Outcome,
    fault,
    patience_with,
)
from tests.graph.hours import START, Hours
from tests.graph.one_night import quick_night
from tests.graph.town import APPLICANTS, Town

TOKEN, DRAFT, SEND, RECOVER, LOOK, ADDRESS = "token", "draft", "send", "recover", "look", "address"
CALLS = {
    TOKEN: ("POST", "/oauth2/v2.0/token$"),
    DRAFT: ("POST", "/messages$"),
    SEND: ("POST", "/send$"),
    RECOVER: ("GET", "/messages$"),
    LOOK: ("GET", "/messages/[^/]+$"),
    ADDRESS: ("PATCH", "/messages/[^/]+$"),
}
AFTER: dict[str, str] = {RECOVER: DRAFT, LOOK: SEND, ADDRESS: SEND}
"""These are made only when an earlier night was interrupted at another call."""


EXCEPTIONS = {
    (DRAFT, "reset for ever"): Outcome.DONE,  # it has been done each time, and is found
    (SEND, "reset for ever"): Outcome.DONE,
    (LOOK, "404"): Outcome.DONE,  # looked for by its key instead
    (TOKEN, "401"): Outcome.WAITS,
    (TOKEN, "400"): Outcome.WAITS,  # a wrong setting, nothing of the mail's
    (TOKEN, "403"): Outcome.WAITS,
}


def expected(call: str, name: str) -> Outcome:
    """What becomes of the one mail that is hit in the night it goes wrong."""
    if (call, name) in EXCEPTIONS:
        return EXCEPTIONS[call, name]
    if name in PASSING | TOKEN_ENDED:
        return Outcome.DONE
    if name in FAILING:
        # A token, a draft and a send are asked for once more; a page in place of what we look for is no answer.
        return Outcome.DONE if call in {TOKEN, DRAFT, SEND} else Outcome.WAITS
    return Outcome.GIVEN_UP if name == "400" else Outcome.WAITS


@pytest.fixture
def town(town: Town) -> Town:
    """Everybody's folder is there, and everybody has a question to get by mail."""
    town.change(update(outbox).where(outbox.c.kind == ErrandKind.OPEN_FOLDER).values(status="done"))
    return town


def mail_out(day: int, patience: Patience | None = None) -> ExpectedError | None:
    """The mail of one night; what ended it, if anything did."""
    with quick_night(hours=Hours(START + timedelta(days=day))) as running:
        running.patience = patience or Patience()
        try:
            if day > 0:
                clear_drafts.fn()
            write_and_send_mail.fn()
        except ExpectedError as error:
            return error
    return None


def keys_sent(office: Office) -> Counter[str]:
    return Counter(message.headers[KEY_HEADER] for message in office.tenant.sent_messages())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("call", CALLS)
def test_a_mail_goes_out_once_whatever_goes_wrong_with_a_call(town: Town, office: Office, call: str, name: str) -> None:
    if call in AFTER:
        office.fail(Fault(method=CALLS[AFTER[call]][0], path_pattern=CALLS[AFTER[call]][1], times=None, status=423))
        mail_out(-1)
        office.tenant.faults.clear()
    failing = fault(name, *CALLS[call])
    office.fail(failing)

    ended_by = mail_out(0, patience_with(name))
    office.gate.wait_until_empty()

    assert failing not in office.tenant.faults.pending or failing.times is None, "it has gone wrong"
    assert_right_after_the_night(town, office, call, name, ended_by)

    office.tenant.faults.clear()
    assert mail_out(1) is None
    with town.database.transaction() as connection:
        given_up = let_try_again(connection, None)
    assert (given_up > 0) == (expected(call, name) is Outcome.GIVEN_UP)
    if given_up:
        assert mail_out(2) is None
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}
    assert keys_sent(office) == Counter({row.key: 1 for row in town.outbox(MAIL)})
    assert town.drafts() == 0


def assert_right_after_the_night(
    town: Town, office: Office, call: str, name: str, ended_by: ExpectedError | None
) -> None:
    statuses, sent = town.statuses(MAIL), keys_sent(office)
    assert all(number == 1 for number in sent.values())
    done = {row.key for row in town.outbox(MAIL) if row.status == "done"}
    assert done <= sent.keys()
    match expected(call, name):
        case Outcome.DONE:
            assert (statuses, ended_by) == ({"done": len(APPLICANTS)}, None)
        case Outcome.GIVEN_UP:
            assert (statuses, ended_by) == ({"done": len(APPLICANTS) - 1, "failed": 1}, None)
        case Outcome.WAITS:
            assert statuses["failed"] == 0
            assert statuses["pending"] >= 1 or (ended_by is not None and not town.outbox(MAIL))
    is_token_refused = (call == TOKEN and name in REFUSING | TOKEN_ENDED) or name == "401 for ever"
    assert isinstance(ended_by, GraphCredentialsError) == is_token_refused
    told = [row.reason for row in town.outbox(MAIL) if row.reason] + ([] if ended_by is None else [str(ended_by)])
    for line in told:
        assert "\n" not in line
        assert line.startswith(("Microsoft Graph: ", "Microsoft Graph at 127.0.0.1"))
        assert not any(private in line for private in ("asked to fail", "@", "Regnglimt", "<html"))
