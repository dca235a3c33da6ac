"""The night lets go of cases that are old enough: here, and in the lists where people filled them in."""

import asyncio
from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from prefect import Task
from sqlalchemy import update

from agreements.case import EndReason, State
from config import policy_files
from config.settings import load_settings
from config.sharepoint import APPLICATIONS, CASE_LIBRARY
from flows.purge import step, step_now
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.outgoing import MAIL, NewMail, add_mails
from integrations.database.rows import insert_rows
from integrations.database.tables import cases, inbox, notices, outbox, purged_cases
from integrations.graph.client import open_graph
from integrations.graph.drive import ensure_folder, share
from integrations.graph.errors import GraphError, GraphUnreachableError
from sandbox.graph import Fault
from tasks.night import night
from tasks.purging import (
    CHANGED_IN_THE_LIST,
    KEPT,
    PURGED,
    WAITS_FOR_SHAREPOINT,
    WAITS_FOR_THE_MAILBOX,
    purge_now,
    purge_when_due,
)
from tasks.receiving import take_in_uploads
from tests.database.samples import STAMP, TODAY, new_case, rows, store
from tests.documents.samples import jpeg
from tests.graph.desk import AASE, Desk
from tests.graph.test_broken_off import as_a_step

OLD_ENOUGH = date(2028, 4, 10)
PARTS = ("purge_when_due", "empty_ended_forms", "clear_lists", "purge_now")


@pytest.fixture
def ended(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A case from the list that has ended, under a policy that keeps it for a year."""
    shipped = Path(policy_files.__file__).with_name("policies") / "prosedyre-websak.toml"
    policy = tmp_path / "a_year.toml"
    policy.write_text(shipped.read_text(encoding="utf-8") + "\n[retention]\nmonths = 12\n", encoding="utf-8")
    monkeypatch.setenv("HK_POLICY", str(policy))
    desk.apply()
    desk.open()
    [(number, _)] = desk.numbers()
    with desk.database.transaction() as connection:
        version, case = load_cases(connection, [number])[number]
        over = replace(case, state=State.ENDED, ended_on=TODAY, end_reason=EndReason.WITHDRAWN)
        save_decisions(connection, [Decided(version, over)], desk.policy, STAMP)
    return desk


def purge(on: date = OLD_ENOUGH, *, dry_run: bool = False) -> dict[str, int]:
    with night(on, dry_run=dry_run):
        return dict(purge_now.fn())


def test_the_case_and_what_was_filled_in_go_together(ended: Desk) -> None:
    assert purge()[PURGED] == 1
    assert (ended.numbers(), ended.tenant.list_items("Soknader")) == ([], [])
    assert purge()[PURGED] == 0
    ended.read()
    assert [row.status for row in rows(ended.database, inbox)] == ["purged"]


def test_the_lists_tombstone_afterwards_is_no_deviation(ended: Desk) -> None:
    purge()
    ended.open()
    assert (ended.numbers(), ended.reasons(), len(rows(ended.database, purged_cases))) == ([], [], 1)


def test_killed_after_the_lists_and_run_again(ended: Desk) -> None:
    [item] = ended.tenant.list_items("Soknader")
    ended.tenant.delete_list_item("Soknader", item.item_id)
    assert purge()[PURGED] == 1
    assert ended.numbers() == []


def test_a_404_page_is_no_proof_that_an_item_is_gone(ended: Desk) -> None:
    ended.tenant.faults.add(Fault(path_pattern=r"/items/\d+$", times=2, status=404, body="html"))
    with pytest.raises(GraphUnreachableError):
        purge()
    assert (len(ended.numbers()), len(ended.tenant.list_items("Soknader"))) == (1, 1)
    ended.tenant.faults.clear()
    assert purge()[PURGED] == 1
    assert ended.tenant.list_items("Soknader") == []


# --- What Microsoft 365 does not give up ------------------------------------------------------------------------


@pytest.fixture
def told(ended: Desk) -> Desk:
    """A mail of the case was given up, and may have left a draft; another case is over as well, and has none."""
    [(number, _)] = ended.numbers()
    other = new_case(50, "0002", state=State.ENDED, ended_on=TODAY, end_reason=EndReason.WITHDRAWN)
    store(ended.database, ended.policy, other)
    told_of = {"role": "employee", "template": "case_opened", "rule": "test", "business_date": TODAY}
    letter = {"to": AASE.mail, "subject": "Sak", "html": "<p>Hei</p>", "text": "Hei"}
    with ended.database.transaction() as connection:
        insert_rows(connection, notices, [{"key": "notice", "case_number": number, **told_of}])
        add_mails(connection, [NewMail("mail", letter, ["notice"])], TODAY)
        connection.execute(update(outbox).where(outbox.c.kind == MAIL).values(attempts=1, status="failed"))
    return ended


def assert_only_the_first_stays(desk: Desk) -> None:
    """Whole, also in the list: the next reading finds nothing that somebody could have deleted."""
    assert [employee for _, employee in desk.numbers()] == ["0001"]
    assert len(desk.tenant.list_items("Soknader")) == 1
    desk.open()
    assert desk.reasons() == []


@pytest.mark.parametrize("status", [403, 500])
def test_a_mail_that_cannot_be_looked_for_keeps_its_own_case_alone(told: Desk, status: int) -> None:
    told.tenant.faults.add(Fault(path_pattern="/[^/]+@[^/]+/messages$", times=None, status=status))
    counts = purge()
    assert (counts[PURGED], counts[WAITS_FOR_THE_MAILBOX]) == (1, 1)
    assert_only_the_first_stays(told)
    told.tenant.faults.clear()
    assert purge()[PURGED] == 1
    assert (told.numbers(), told.tenant.list_items("Soknader")) == ([], [])


def test_a_closed_mailbox_keeps_only_the_cases_it_may_hold_a_draft_of(told: Desk) -> None:
    told.tenant.faults.add(Fault(path_pattern="/messages", times=None, status=403, code="ErrorAccessDenied"))
    assert purge()[WAITS_FOR_THE_MAILBOX] == 1
    assert_only_the_first_stays(told)


def test_a_mailbox_that_is_ill_keeps_all_whole(told: Desk) -> None:
    told.tenant.faults.add(Fault(path_pattern="/messages", times=None, status=503))
    with pytest.raises(GraphError, match="503"):
        purge()
    assert (len(told.numbers()), len(told.tenant.list_items("Soknader"))) == (2, 1)
    told.open()
    assert told.reasons() == []


def test_a_mailbox_that_is_not_there_holds_no_draft(told: Desk) -> None:
    told.tenant.faults.add(Fault(path_pattern="/messages", times=None, status=404))
    assert purge()[PURGED] == 2
    assert (told.numbers(), told.tenant.list_items("Soknader")) == ([], [])


@pytest.mark.parametrize("status", [423, 403])
def test_an_item_that_sharepoint_holds_on_to_keeps_its_own_case_alone(told: Desk, status: int) -> None:
    told.tenant.faults.add(Fault(method="DELETE", path_pattern=r"/items/\d+$", times=None, status=status))
    counts = purge()
    assert (counts[PURGED], counts[WAITS_FOR_SHAREPOINT]) == (1, 1)
    assert_only_the_first_stays(told)
    told.tenant.faults.clear()
    assert purge()[PURGED] == 1


@pytest.mark.parametrize("task", [step, step_now])
@pytest.mark.parametrize("fails", PARTS)
def test_every_part_has_its_turn_and_the_first_error_is_told(
    ended: Desk, monkeypatch: pytest.MonkeyPatch, task: Task[[], Counter[str]], fails: str
) -> None:
    del ended
    had_a_turn = []

    def part(name: str) -> Counter[str]:
        had_a_turn.append(name)
        if name == fails:
            raise GraphUnreachableError(name)
        return Counter({name: 1})

    for name in PARTS:
        monkeypatch.setattr(f"flows.purge.{name}", as_a_step(partial(part, name)))
    with night(OLD_ENOUGH) as running:
        if fails == ("purge_now" if task is step else "purge_when_due"):
            task.fn()
        else:
            with pytest.raises(GraphUnreachableError, match=fails):
                task.fn()
            assert set(running.before_it_broke) == set(had_a_turn) - {fails}
    assert {"empty_ended_forms", "clear_lists"} < set(had_a_turn)
    assert len(had_a_turn) == 3


# --- Changed, rehearsed, without a period -----------------------------------------------------------------------


def test_what_somebody_has_changed_since_is_read_first(ended: Desk) -> None:
    [item] = ended.tenant.list_items("Soknader")
    ended.tenant.edit_list_item("Soknader", item.item_id, {"DagerPerUke": 3}, AASE)
    counts = purge()
    assert (counts.get(PURGED, 0), counts[CHANGED_IN_THE_LIST]) == (0, 1)
    assert len(ended.numbers()) == len(ended.tenant.list_items("Soknader")) == 1
    ended.open()
    assert purge()[PURGED] == 1
    assert (ended.numbers(), ended.tenant.list_items("Soknader")) == ([], [])


def test_what_somebody_has_only_touched_goes_all_the_same(ended: Desk) -> None:
    """SharePoint counts a new version, though nothing of what was filled in is another."""
    [item] = ended.tenant.list_items("Soknader")
    ended.tenant.edit_list_item("Soknader", item.item_id, {}, AASE)
    ended.read(APPLICATIONS)
    assert purge()[PURGED] == 1
    assert (ended.numbers(), ended.tenant.list_items("Soknader")) == ([], [])


def test_a_dry_run_counts_the_same_and_touches_nothing(ended: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("tasks.purging.create_markdown_artifact", lambda text, **_: shown.append(text))
    before = (rows(ended.database, cases), rows(ended.database, inbox), ended.tenant.list_items("Soknader"))
    assert purge(dry_run=True)[PURGED] == 1
    assert (rows(ended.database, cases), rows(ended.database, inbox), ended.tenant.list_items("Soknader")) == before
    assert ended.numbers()[0][0] in shown[0]


def test_a_file_that_was_set_aside_goes_with_its_case(ended: Desk) -> None:
    """It outlives its folder's closing, since it might have been taken in yet."""
    [(number, _)] = ended.numbers()
    asyncio.run(_open_folder(number))
    ended.tenant.upload(CASE_LIBRARY, number, "for sent.jpg", jpeg(), AASE)
    ended.read(uploads=True)
    with night(TODAY):
        assert take_in_uploads.fn() == {"svar satt til side": 1}
    assert purge()[PURGED] == 1
    assert (ended.numbers(), ended.tenant.files(CASE_LIBRARY)) == ([], [])


async def _open_folder(number: str) -> None:
    async with open_graph(load_settings()) as graph:
        folder = await ensure_folder(graph, CASE_LIBRARY, number)
        await share(graph, CASE_LIBRARY, folder, [AASE.mail or ""])


def test_without_a_period_the_night_does_nothing_and_a_person_is_told_how_many_stay(
    ended: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HK_POLICY", "prosedyre-websak")
    with night(OLD_ENOUGH):
        assert dict(purge_when_due.fn()) == {}
        assert dict(purge_now.fn()) == {KEPT: 1}
    assert len(ended.numbers()) == 1
