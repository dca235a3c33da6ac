"""What was set aside is tried once more, after somebody has put right what was wrong."""

from collections import Counter

from prefect import task

from config.errors import ExpectedError
from config.sharepoint import CASE_LIBRARY, LISTS
from integrations.database.inbox import wait_again
from tasks.batches import LOCAL
from tasks.night import this_night

REPLAYABLE = (*(definition.name for definition in LISTS), CASE_LIBRARY)


class UnknownSourceError(ExpectedError):
    """There is no list or library of that name."""


@task(name="wait-again", **LOCAL)
def let_wait_again(source: str | None) -> Counter[str]:
    """Answers and files that were set aside go back among those that wait; the steps that follow take them in.

    Raises:
        UnknownSourceError: `source` is neither empty nor one of our lists or libraries.
    """
    if source is not None and source not in REPLAYABLE:
        raise UnknownSourceError(f"Ukjent kilde «{source}». Velg en av: {', '.join(REPLAYABLE)}.")
    night = this_night()
    with night.database.transaction() as connection:
        number = wait_again(connection, REPLAYABLE if source is None else (source,))
    return Counter({"spilles av på nytt": number})
