"""A status that says no is Graph's only with Graph's error in it: a gateway's page concludes nothing."""

from contextlib import suppress

import httpx
import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from agreements.actions import Errand, ErrandKind
from agreements.policy import Policy
from integrations.database.outgoing import MAIL
from integrations.graph.answers import IN_OTHER_WORDS, checked
from integrations.graph.errors import GraphError, GraphUnreachableError
from sandbox.graph import Fault
from tasks.closing import close_folders
from tasks.delivering import open_folders
from tasks.mailing import write_and_send_mail
from tests.graph.conftest import Office
from tests.graph.gate import Answering
from tests.graph.one_night import quick_night
from tests.graph.test_client import USER, read
from tests.graph.test_folders import NUMBER, night_of, order, readers
from tests.graph.town import APPLICANTS, Town

SAYS_NO = (400, 403, 404, 409, 410, 412, 413, 416, 418, 423)
PAGES = (
    HTMLResponse("<html>Blocked</html>"),
    Response(),
    JSONResponse({"message": "Blocked"}),
    JSONResponse({"error": "invalid_request"}),
    JSONResponse({"error": {"code": 404}}),
    JSONResponse(["error"]),
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.body.decode() or "nothing")
@pytest.mark.parametrize("status", SAYS_NO)
def test_without_graphs_error_it_is_no_answer(office: Office, status: int, page: Response) -> None:
    assert office.gate.inside is not None
    answer = Response(page.body, status, dict(page.headers))
    office.gate.inside = Answering(office.gate.inside, USER, [answer])
    with pytest.raises(GraphUnreachableError, match=f"GET user was answered {status} .*try again later") as told:
        office.run(read)
    assert "Blocked" not in str(told.value)


@pytest.mark.parametrize(
    ("status", "headers", "believed"),
    [
        (429, {}, ()),
        (500, {}, ()),
        (503, {}, ()),
        (410, {"Location": "https://graph.microsoft.com/v1.0/x/delta"}, ()),
        *[(status, {}, IN_OTHER_WORDS) for status in (401, 404, 410, 416)],
    ],
)
def test_what_is_meant_also_without_it(status: int, headers: dict[str, str], believed: frozenset[int]) -> None:
    response = httpx.Response(status, headers=headers, request=httpx.Request("PUT", "https://x/"))
    with pytest.raises(GraphError, match="no error code"):
        checked(response, "PUT x", believed)


def test_a_404_page_while_a_folder_is_closed_leaves_it_to_the_next_night(
    town: Town, office: Office, policy: Policy
) -> None:
    night_of(open_folders)
    order(town, policy, Errand(ErrandKind.CLOSE_FOLDER))
    office.fail(Fault(path_pattern=r"/drives/[^/]+/(items|root)", times=None, status=404, body="html"))
    with suppress(GraphUnreachableError):
        night_of(close_folders)
    assert town.statuses(ErrandKind.CLOSE_FOLDER) == {"pending": 1}
    office.tenant.faults.clear()
    night_of(close_folders)
    assert (town.statuses(ErrandKind.CLOSE_FOLDER), readers(office, NUMBER)) == ({"done": 1}, set())


@pytest.mark.parametrize("status", [400, 413])
def test_a_page_gives_up_no_mail(town: Town, office: Office, status: int) -> None:
    night_of(open_folders)
    office.fail(Fault(method="POST", path_pattern="/messages$", times=None, status=status, body="html"))
    with quick_night(), suppress(GraphUnreachableError):
        write_and_send_mail.fn()
    assert town.statuses(MAIL) == {"pending": len(APPLICANTS)}
    office.tenant.faults.clear()
    night_of(write_and_send_mail)
    assert len(office.tenant.sent_messages()) == len(APPLICANTS)
