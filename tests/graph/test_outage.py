"""Several failures on end, or nothing else, are the service; one alone is that item's."""

import pytest

from integrations.graph.outage import Outage


@pytest.mark.parametrize(
    ("several", "of", "answers", "begins_at"),
    [
        (3, 9, "xxx", 2),
        (3, 9, "xx.xx.xx", None),
        (3, 9, "x.xx.xxx", 7),
        (3, 2, "xx", 1),
        (3, 2, "x.", None),
        (3, 1, "x", 0),
        (3, None, "xx", None),
        (3, None, "xxx", 2),
    ],
)
def test_when_it_is_the_service(several: int, of: int | None, answers: str, begins_at: int | None) -> None:
    outage = Outage(several, of)
    begun = []
    for place, answer in enumerate(answers):
        if answer == ".":
            outage.is_answered()
        elif outage.begins():
            begun.append(place)
    assert begun == ([] if begins_at is None else [begins_at])
