"""What was given up is delivered once more, after somebody has put right what was wrong."""

from collections import Counter

from prefect import task

from integrations.database.failed import let_try_again
from integrations.database.history import case_named
from tasks.batches import LOCAL
from tasks.night import this_night


@task(name="let-wait-for-delivery", **LOCAL)
def let_wait_for_delivery(case_number: str | None) -> Counter[str]:
    """Mails, folders and documents that were given up wait to be delivered again, of one case or of all.

    Raises:
        NoSuchCaseError: no case has this number.
    """
    night = this_night()
    with night.database.transaction() as connection:
        number = None if case_number is None else case_named(connection, case_number).number
        return Counter({"leveranser prøves på nytt": let_try_again(connection, number)})
