"""Viewflow's due timers: `python -m benchmarks.peers.viewflow fill|night PATH`.

As its documentation has it: `flow.Timer` nodes, and the dispatcher that its command `workflow_timers` runs. Viewflow is
licensed under the AGPL; it is run here to be measured, in a process of its own, and nothing of ours is built on it.
"""

import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.measuring import Night
from benchmarks.peers.cases import DURABLE, contents, run

APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "viewflow",
    "viewflow.workflow",
    "benchmarks.peers.viewflow_cases",
)


def set_up(path: Path) -> None:
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"init_command": ";".join(DURABLE), "transaction_mode": "IMMEDIATE"},
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=APPS,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def fill(path: Path, total: int, due: int) -> None:
    set_up(path)
    call_command("migrate", run_syncdb=True, verbosity=0)
    from benchmarks.peers.viewflow_cases.flows import CaseFlow  # noqa: PLC0415 - models need Django set up

    with transaction.atomic():
        for case in contents(total, due):
            CaseFlow.start.run(_process_data=case)
    connection.close()


def night(path: Path) -> Night:
    set_up(path)
    # Models need Django set up.
    from viewflow.workflow.models import Task  # noqa: PLC0415
    from viewflow.workflow.status import STATUS  # noqa: PLC0415
    from viewflow.workflow.timers import fire_due_timers  # noqa: PLC0415

    from benchmarks.peers.viewflow_cases.flows import CaseFlow  # noqa: PLC0415
    from benchmarks.peers.viewflow_cases.models import Notice  # noqa: PLC0415

    connection.ensure_connection()
    measured = Night.timed(fire_due_timers)
    waiting = Task.objects.filter(flow_task=CaseFlow.wait_again, status=STATUS.SCHEDULED).count()
    if not Notice.objects.count() == waiting == measured.due:
        raise RuntimeError("not the night that was to be measured")
    connection.close()
    return measured


if __name__ == "__main__":
    sys.exit(run(fill, night))
