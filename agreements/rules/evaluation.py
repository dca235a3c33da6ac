"""Each agreement is evaluated by its manager at the policy's cadence, and at the end of a trial."""

from datetime import date, timedelta

from msgspec.structs import replace

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.calendar import add_months
from agreements.case import Case, Chase, Evaluation, EvaluationOutcome, Filing, FilingKind, Termination
from agreements.policy import Policy
from agreements.rules.ladder import IMMEDIATELY, escalates, newest_due_stage, next_reminder_due, reply_by


def ask_due(case: Case, policy: Policy) -> date | None:
    """Calendar months from the start; an evaluation that would fall on or after the last day is not asked for."""
    if case.imposed or case.start_on is None or case.open_evaluation is not None:
        return None
    if case.paused_on is not None:
        return None  # there is nobody to evaluate with; it is asked for when the employee is back
    due_on = _due_on(case, case.start_on, policy)
    return due_on if due_on is not None and (case.last_day is None or due_on < case.last_day) else None


def ask(case: Case, policy: Policy, today: date) -> Action:
    if case.start_on is None:
        raise AssertionError(f"{case.number}: active without a start date")
    sequence = len(case.evaluations) + 1
    chase = Chase.begun(today)
    evaluation = Evaluation(sequence, _due_on(case, case.start_on, policy) or today, chase)
    answer_by = reply_by(chase, policy.evaluation.ladder)
    return Action(
        f"evaluation.ask.{sequence}",
        case,
        case.with_evaluation(evaluation),
        (Notice("evaluation_ask", Role.MANAGER, answer_by),),
    )


def reminder_due(case: Case, policy: Policy) -> date | None:
    evaluation = case.open_evaluation
    if evaluation is None or case.paused_on is not None:
        return None
    return next_reminder_due(evaluation.chase, policy.evaluation.ladder)


def reminder(case: Case, policy: Policy, today: date) -> Action:
    evaluation = case.open_evaluation
    if evaluation is None:
        raise AssertionError(f"{case.number}: no evaluation is open, so nothing can be reminded of")
    ladder = policy.evaluation.ladder
    stage = newest_due_stage(evaluation.chase, ladder, today)
    chase = evaluation.chase.at(stage, today)
    answer_by = reply_by(chase, ladder)
    notices = [Notice("evaluation_reminder", Role.MANAGER, answer_by)]
    if escalates(stage, ladder):
        notices.append(Notice("evaluation_escalation", Role.HR, answer_by))
    return Action(
        case.in_turn(f"evaluation.reminder.{evaluation.sequence}.{stage}"),
        case,
        case.with_evaluation(replace(evaluation, chase=chase)),
        tuple(notices),
    )


def recorded_due(case: Case, _policy: Policy) -> date | None:
    return None if _unfiled(case) is None else IMMEDIATELY


def recorded(case: Case, policy: Policy, today: date) -> Action:
    """An answered evaluation is filed; "adjust" asks for a proposal, "end" ends it after the manager's notice."""
    evaluation = _unfiled(case)
    if evaluation is None or evaluation.given_by is None:
        raise AssertionError(f"{case.number}: no answered evaluation waits for filing")
    after = case.with_filings(Filing(FilingKind.EVALUATION, evaluation.sequence))
    if evaluation.outcome is EvaluationOutcome.END and after.termination is None:
        last_day = today + timedelta(days=policy.termination.manager_notice_days)
        after = replace(after, termination=Termination(last_day, evaluation.given_by))
    adjusts = evaluation.outcome is EvaluationOutcome.ADJUST and after.termination is None
    return Action(
        f"evaluation.recorded.{evaluation.sequence}",
        case,
        after,
        (Notice("evaluation_adjust", Role.EMPLOYEE), Notice("evaluation_adjust", Role.MANAGER)) if adjusts else (),
        errands=(Errand(ErrandKind.FILE_DOCUMENT, FilingKind.EVALUATION, evaluation.sequence),),
    )


def _unfiled(case: Case) -> Evaluation | None:
    filed = {filing.sequence for filing in case.filings if filing.kind is FilingKind.EVALUATION}
    answered = (evaluation for evaluation in case.evaluations if evaluation.outcome is not None)
    return next((evaluation for evaluation in answered if evaluation.sequence not in filed), None)


def _due_on(case: Case, start_on: date, policy: Policy) -> date | None:
    """The day of the next evaluation: the end of a trial, then the cadence, at last the one ahead of the end.

    Extra ones do not count. None when the policy has no more of them: it may evaluate the scheme as a whole instead.
    """
    held = [evaluation.due_on for evaluation in case.evaluations if not evaluation.is_extra]
    ordinary = _by_cadence(start_on, len(held) + 1, policy)
    ahead = policy.evaluation.last_days_before_end
    if ahead is None or case.end_on is None:
        return ordinary
    last = case.end_on - timedelta(days=ahead)
    if ordinary is not None and ordinary <= last:
        return ordinary
    is_long_enough = last - start_on >= timedelta(days=ahead) and (not held or max(held) < last)
    return last if is_long_enough else None


def _by_cadence(start_on: date, turn: int, policy: Policy) -> date | None:
    trial, every = policy.period.trial_months, policy.evaluation.every_months
    if trial is not None and turn == 1:
        return add_months(start_on, trial)
    if every is None:
        return None
    return add_months(start_on, every * (turn if trial is None else turn - 1 + trial // every))
