"""Reminders: which one is due, and when. Shared by everything that is asked of people.

A mail names the last day to answer. The next step is due the day after: the night runs before anybody is at work, so a
step on the named day itself would take that day from the person it was promised to. Mail goes out on working days only,
so days are counted from the working day on which the question reaches the person.
"""

from datetime import date, timedelta

from agreements.calendar import next_working_day
from agreements.case import Chase
from agreements.policy import Ladder

ONE_DAY = timedelta(days=1)

SHORTEST_TIME_TO_ANSWER = timedelta(days=3)
"""A reminder that was late, because of holidays or an outage, still leaves time to answer before the next."""

TIME_AFTER_THE_LAST_REMINDER = timedelta(days=7)

IMMEDIATELY = date.min
"""Due the first time anybody looks."""


def deadline(chase: Chase, ladder: Ladder) -> date | None:
    """The last day to answer before the next step, always a working day; None when no step follows.

    Before a reminder it is the policy's day, but leaves time after the mail before it. Before the end it keeps the
    policy's distance to the last reminder.
    """
    if chase.stage < len(ladder.remind_after_days):
        return _deadline_of_rung(chase, ladder.remind_after_days[chase.stage])
    if ladder.give_up_after_days is None:
        return None
    last_rung = ladder.remind_after_days[-1] if ladder.remind_after_days else 0
    distance = timedelta(days=ladder.give_up_after_days - last_rung)
    scheduled = next_working_day(chase.asked_on) + timedelta(days=ladder.give_up_after_days)
    return next_working_day(max(scheduled, next_working_day(chase.last_sent_on) + distance))


def reply_by(chase: Chase, ladder: Ladder) -> date:
    """What a mail names as the last day to answer, a working day, also when no step follows."""
    return deadline(chase, ladder) or next_working_day(
        next_working_day(chase.last_sent_on) + TIME_AFTER_THE_LAST_REMINDER
    )


def next_reminder_due(chase: Chase, ladder: Ladder) -> date | None:
    """The day after the deadline; None when the last reminder has been sent."""
    return _day_after_deadline(chase, ladder) if chase.stage < len(ladder.remind_after_days) else None


def giving_up_due(chase: Chase, ladder: Ladder) -> date | None:
    """The day the pursuit ends, the one after the deadline: only after the last reminder."""
    return _day_after_deadline(chase, ladder) if chase.stage >= len(ladder.remind_after_days) else None


def newest_due_stage(chase: Chase, ladder: Ladder, today: date) -> int:
    """The reminder to send after an outage is the newest one due; those skipped are not sent in a burst."""
    return sum(_deadline_of_rung(chase, days) < today for days in ladder.remind_after_days)


def escalates(stage: int, ladder: Ladder) -> bool:
    return ladder.escalate_from is not None and stage >= ladder.escalate_from


def _day_after_deadline(chase: Chase, ladder: Ladder) -> date | None:
    answer_by = deadline(chase, ladder)
    return None if answer_by is None else answer_by + ONE_DAY


def _deadline_of_rung(chase: Chase, days: int) -> date:
    scheduled = next_working_day(chase.asked_on) + timedelta(days=days)
    return next_working_day(max(scheduled, next_working_day(chase.last_sent_on) + SHORTEST_TIME_TO_ANSWER))
