"""A step that breaks off, in whatever way: what it had done is counted all the same, and is done once."""

from collections import Counter
from collections.abc import Callable

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import update

from agreements.actions import ErrandKind
from flows.running import StepResult, run_step
from integrations.database.outgoing import MAIL
from integrations.database.tables import outbox
from tasks.mailing import MAILS_SENT, write_and_send_mail
from tasks.night import Night, counting
from tests.graph.conftest import Office
from tests.graph.one_night import quick_night
from tests.graph.town import APPLICANTS, Town


def as_a_step(work: Callable[[], Counter[str]]) -> Callable[..., State[Counter[str]]]:
    """What Prefect makes of a task, without Prefect."""

    def step(*, return_state: bool) -> State[Counter[str]]:
        assert return_state
        try:
            return Completed(data=work())
        except Exception as error:  # noqa: BLE001 - as Prefect does
            return Failed(data=error)

    return step


def run(running: Night, work: Callable[[], Counter[str]]) -> StepResult:
    return run_step(running, "E-post", as_a_step(work))


def test_a_bug_in_one_mail_leaves_the_others_counted(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.change(update(outbox).where(outbox.c.kind == ErrandKind.OPEN_FOLDER).values(status="done"))
    monkeypatch.setattr("tasks.mailing.AT_A_TIME", 1)
    sent = []

    def send_but_the_last(connection: object, key: str) -> None:
        del connection
        sent.append(key)
        if len(sent) == len(APPLICANTS):
            raise KeyError(key)

    with quick_night() as running, monkeypatch.context() as patch:
        patch.setattr("tasks.mailing.outgoing.done", send_but_the_last)
        result = run(running, write_and_send_mail.fn)
    assert result.counts == {MAILS_SENT: len(APPLICANTS) - 1}
    assert (result.problem, result.is_expected) == ("uventet feil (KeyError); se loggen", False)
    with quick_night() as running:
        assert run(running, write_and_send_mail.fn).problem is None
    assert town.statuses(MAIL) == {"done": len(APPLICANTS)}
    assert len(office.tenant.sent_messages()) == len(APPLICANTS)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("error", [KeyError, RuntimeError])
def test_pieces_of_work_before_the_one_that_broke_off_are_counted(error: type[Exception]) -> None:
    def work() -> Counter[str]:
        with counting() as counts:
            counts.update({"lest": 3, "satt til side": 0})
            with counting("slettet") as deleted:
                deleted.update({"slettet": 2, "som venter": 5})
                raise error

    with quick_night() as running:
        result = run(running, work)
        assert result.counts == {"lest": 3, "slettet": 2}
        assert run(running, lambda: Counter({"lest": 1})).counts == {"lest": 1}, "and not once more"


@pytest.mark.usefixtures("town")
def test_what_a_first_try_had_done_is_counted_with_what_the_second_does() -> None:
    tries: list[None] = []

    def work() -> Counter[str]:
        """Twice, as Prefect tries a step again."""
        try:
            return once()
        except KeyError:
            return once()

    def once() -> Counter[str]:
        tries.append(None)
        with counting("sendt") as counts:
            counts.update({"sendt": 2, "feilet": 1})
            if len(tries) == 1:
                raise KeyError
        return counts

    with quick_night() as running:
        assert run(running, work).counts == {"sendt": 4, "feilet": 1}
