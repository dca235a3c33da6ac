"""What a renewal brings with it from the agreement that it follows on."""

from datetime import date, timedelta

from msgspec.structs import replace

from agreements.calendar import add_months
from agreements.case import Application, Case, Requirement, RequirementKind
from agreements.policy import Policy

LASTING = frozenset({RequirementKind.PHOTO, RequirementKind.ANSWERS})
"""What may still be true of the workplace. Every agreement is accepted anew."""


def renewing(current: Case, application: Application) -> Application:
    """A renewal begins when the agreement in force is over."""
    if current.end_on is None:
        return application
    return replace(application, start_on=max(application.start_on, current.end_on + timedelta(days=1)))


def still_valid(current: Case, policy: Policy, today: date) -> tuple[Requirement, ...]:
    """Photo and answers of the agreement in force that need not be asked for again."""
    return tuple(
        replace(each, carried_from=each.carried_from or current.number)
        for each in current.requirements
        if each.kind in LASTING
        and each.received_on is not None
        and today <= add_months(each.received_on, policy.period.documentation_valid_months)
    )
