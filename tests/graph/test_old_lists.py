"""Lists that name people go after a while, each by itself: one that cannot go stays, and is tried again."""

from datetime import date, timedelta

import pytest

from config.sharepoint import REPORT_LIBRARY
from integrations.database.inbox import move_watermark, watermark
from integrations.graph.client import Graph
from integrations.graph.drive import ensure_folder, put_file
from integrations.graph.errors import GraphError
from sandbox.graph import Fault
from tasks.deviations import FOLDER, LISTS_DELETED, OLDEST, clear_lists
from tests.graph.conftest import Office
from tests.graph.one_night import quick_night
from tests.graph.town import Town

MADE_ON = date(2027, 3, 1)
OLD_ENOUGH = MADE_ON + timedelta(days=40)
FIRST, SECOND = (f"Avvik 2027-03-0{day} 08.00.00.csv" for day in (1, 2))


@pytest.fixture
def lists(town: Town, office: Office) -> list[str]:
    """The ids of two files that are old enough."""

    async def put(graph: Graph) -> None:
        folder = await ensure_folder(graph, REPORT_LIBRARY, FOLDER)
        for name in (FIRST, SECOND):
            await put_file(graph, REPORT_LIBRARY, folder, name, b"0001")

    office.run(put)
    with town.database.transaction() as connection:
        move_watermark(connection, OLDEST, MADE_ON.isoformat())
    return [
        file.item_id for name in (FIRST, SECOND) for file in office.tenant.files(REPORT_LIBRARY) if name in file.path
    ]


def clear(day: int = 0) -> int:
    with quick_night(OLD_ENOUGH + timedelta(days=day)):
        return clear_lists.fn()[LISTS_DELETED]


def left(office: Office) -> list[str]:
    return [file.path.rpartition("/")[2] for file in office.tenant.files(REPORT_LIBRARY)]


def oldest(town: Town) -> str | None:
    with town.database.transaction() as connection:
        return watermark(connection, OLDEST)


@pytest.mark.parametrize("status", [403, 412, 423])
def test_a_list_that_cannot_go_stops_no_other_and_goes_when_it_can(
    town: Town, office: Office, lists: list[str], status: int
) -> None:
    office.fail(Fault(method="DELETE", path_pattern=f"/items/{lists[0]}$", times=None, status=status))
    assert [clear(day) for day in range(2)] == [1, 0]
    assert (left(office), oldest(town)) == ([FIRST], MADE_ON.isoformat())
    office.tenant.faults.clear()
    assert clear(day=2) == 1
    assert (left(office), oldest(town)) == ([], "")


def test_a_library_that_is_ill_is_told(town: Town, office: Office, lists: list[str]) -> None:
    office.fail(Fault(method="DELETE", path_pattern=f"/items/{lists[0]}$", times=None, status=503))
    with pytest.raises(GraphError, match="503"):
        clear()
    assert oldest(town) == MADE_ON.isoformat()
    office.tenant.faults.clear()
    assert clear(day=1) == len(lists)
    assert left(office) == []
