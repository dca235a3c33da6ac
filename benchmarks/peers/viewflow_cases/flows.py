"""A case that waits for documentation, as a Viewflow flow: a timer, a notice when it is due, and the next timer."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate
from viewflow import this
from viewflow.workflow import flow

from benchmarks.peers.viewflow_cases.models import Notice

NEXT_REMINDER_AFTER = timedelta(days=7)


class CaseFlow(flow.Flow):
    start = flow.StartHandle().Next(this.wait)
    wait = flow.Timer(this.due_at).Next(this.remind)
    remind = flow.SendHandle(this.write_notice).Next(this.wait_again)
    wait_again = flow.Timer(NEXT_REMINDER_AFTER).Next(this.end)
    end = flow.End()

    def due_at(self, activation: Any) -> datetime:  # noqa: ANN401 - untyped
        return datetime.fromisoformat(activation.process.data["due_at"])

    def write_notice(self, activation: Any) -> None:  # noqa: ANN401 - untyped
        process = activation.process
        process.data["stage"] += 1
        process.save(update_fields=["data"])
        today = localdate()
        Notice.objects.create(
            process=process,
            template="documentation_reminder",
            role="employee",
            reply_by=today + NEXT_REMINDER_AFTER,
            created_on=today,
        )
