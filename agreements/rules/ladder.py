"""Reminders: which one is due, and when. Shared by everything that is asked of people."""

from datetime import date, timedelta

from agreements.calendar import next_working_day
from agreements.case import Chase
from agreements.policy import Ladder

SHORTEST_TIME_TO_ANSWER = timedelta(days=3)
"""A reminder that was late, because of holidays or an outage, still leaves time to answer before the next."""

TIME_AFTER_THE_LAST_REMINDER = timedelta(days=7)

IMMEDIATELY = date.min
"""Due the first time anybody looks."""


def next_reminder_due(chase: Chase, ladder: Ladder) -> date | None:
    if chase.stage >= len(ladder.remind_after_days):
        return None
    scheduled = chase.asked_on + timedelta(days=ladder.remind_after_days[chase.stage])
    return max(scheduled, chase.last_sent_on + SHORTEST_TIME_TO_ANSWER)


def newest_due_stage(chase: Chase, ladder: Ladder, today: date) -> int:
    """The reminder to send after an outage is the newest one due; those skipped are not sent in a burst."""
    asked_for = (today - chase.asked_on).days
    return sum(days <= asked_for for days in ladder.remind_after_days)


def escalates(stage: int, ladder: Ladder) -> bool:
    return ladder.escalate_from is not None and stage >= ladder.escalate_from


def giving_up_due(chase: Chase, ladder: Ladder) -> date | None:
    """The day the pursuit ends: only after the last reminder, with the policy's distance kept after it."""
    if ladder.give_up_after_days is None or chase.stage < len(ladder.remind_after_days):
        return None
    last_rung = ladder.remind_after_days[-1] if ladder.remind_after_days else 0
    distance = timedelta(days=ladder.give_up_after_days - last_rung)
    return max(chase.asked_on + timedelta(days=ladder.give_up_after_days), chase.last_sent_on + distance)


def reply_by(chase: Chase, ladder: Ladder) -> date:
    """What a mail names as the day to answer by: when the next reminder or the end is due, on a working day."""
    due_on = next_reminder_due(chase, ladder) or giving_up_due(chase, ladder)
    return next_working_day(due_on or chase.last_sent_on + TIME_AFTER_THE_LAST_REMINDER)
