"""A night killed with kill -9 at any request, then run again: everything has gone out once, and nothing is missing."""

import multiprocessing
import random
from multiprocessing.context import ForkServerContext

import pytest

from tests.graph.conftest import Office
from tests.graph.gate import Moment, Point
from tests.graph.one_night import deliver, deliver_in_child
from tests.graph.town import Town

BEFORE, AFTER = Moment.BEFORE_THE_WORK, Moment.BEFORE_THE_ANSWER
SECONDS = 30
REQUESTS_OF_A_NIGHT = 50
DELICATE = (
    Point("PUT .*Avtaleutkast", 2, AFTER),
    Point("POST .*/invite$", 1, AFTER),
    Point("PUT .*/Avtale HK", 2, AFTER),
    Point("POST .*/messages$", 2, AFTER),
    Point("POST .*/send$", 1, BEFORE),
    Point("POST .*/send$", 2, AFTER),
)
_random = random.Random(2027)  # noqa: S311 - the same points every time
ANYWHERE = [Point("", _random.randint(2, REQUESTS_OF_A_NIGHT), _random.choice(tuple(Moment))) for _ in range(4)]


@pytest.fixture(scope="session")
def nursery() -> ForkServerContext:
    """Children are forked off a process that has imported everything once: they are there in no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.graph.one_night"])
    return context


@pytest.mark.parametrize("point", [*DELICATE, *ANYWHERE], ids=str)
def test_a_killed_night_is_made_good_by_the_next(
    town: Town, office: Office, nursery: ForkServerContext, point: Point
) -> None:
    office.gate.hold_at(point)
    child = nursery.Process(target=deliver_in_child, args=(town.environment,))
    child.start()
    assert office.gate.held.wait(SECONDS), f"the night has no such request; it ended with {child.exitcode}"
    child.kill()
    child.join(SECONDS)
    assert child.exitcode == -9
    assert office.gate.released.wait(SECONDS)
    child.close()

    deliver()

    town.assert_all_delivered_once()


def test_an_undisturbed_night_is_what_the_points_are_chosen_from(town: Town, office: Office) -> None:
    deliver()

    town.assert_all_delivered_once()
    assert len(office.gate.requests) >= REQUESTS_OF_A_NIGHT
