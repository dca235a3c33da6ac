"""An approved agreement is filed in the personnel folder; it is in force when the archive has been read back."""

from datetime import date

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import Case, Filing, FilingKind, RequirementKind, State
from agreements.policy import Policy
from agreements.rules.ladder import IMMEDIATELY


def prepare_due(case: Case, _policy: Policy) -> date | None:
    return IMMEDIATELY if case.state is State.APPROVED and not case.filings else None


def prepare(case: Case, _policy: Policy, _today: date) -> Action:
    kinds = [FilingKind.AGREEMENT]
    photo = case.requirement(RequirementKind.PHOTO)
    if photo is not None and photo.document is not None and photo.carried_from is None:
        kinds.append(FilingKind.PHOTO)
    return Action(
        "filing.prepare",
        case,
        case.with_filings(*(Filing(kind) for kind in kinds)),
        errands=tuple(Errand(ErrandKind.FILE_DOCUMENT, kind) for kind in kinds),
    )


def verified_due(case: Case, _policy: Policy) -> date | None:
    if case.state is not State.APPROVED or not case.filings:
        return None
    return IMMEDIATELY if all(filing.verified for filing in case.filings) else None


def verified(case: Case, _policy: Policy, _today: date) -> Action:
    notices = (Notice("agreement_active", Role.EMPLOYEE), Notice("agreement_active", Role.MANAGER))
    return Action("filing.verified", case, case.moved(State.ACTIVE), notices)
