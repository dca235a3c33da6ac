"""An approved agreement is filed in the personnel folder; it is in force when the archive has been read back.

Then the case folder has done its work: it is closed for the people and emptied. It can be opened again.
"""

from datetime import date

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import Case, Filing, FilingKind, RequirementKind, State
from agreements.policy import Policy
from agreements.rules.ladder import IMMEDIATELY

FILED_WHEN_UPLOADED = {
    RequirementKind.SIGNED_AGREEMENT: FilingKind.SIGNED_AGREEMENT,
    RequirementKind.PHOTO: FilingKind.PHOTO,
}
"""What was uploaded is filed beside the agreement; an agreement accepted in the form has no file of its own."""
AT_THE_END = 0


def prepare_due(case: Case, _policy: Policy) -> date | None:
    return None if case.filings else IMMEDIATELY


def prepare(case: Case, _policy: Policy, _today: date) -> Action:
    kinds = [FilingKind.AGREEMENT]
    for uploaded, kind in FILED_WHEN_UPLOADED.items():
        requirement = case.requirement(uploaded)
        is_here = requirement is not None and requirement.document is not None and requirement.carried_from is None
        if is_here:
            kinds.append(kind)
    return Action(
        "filing.prepare",
        case,
        case.with_filings(*(Filing(kind) for kind in kinds)),
        errands=tuple(Errand(ErrandKind.FILE_DOCUMENT, kind) for kind in kinds),
    )


def verified_due(case: Case, _policy: Policy) -> date | None:
    verified = bool(case.filings) and all(filing.verified for filing in case.filings)
    return IMMEDIATELY if verified else None


def verified(case: Case, _policy: Policy, _today: date) -> Action:
    notices = (Notice("agreement_active", Role.EMPLOYEE), Notice("agreement_active", Role.MANAGER))
    version = sum(filing.kind is FilingKind.AGREEMENT for filing in case.filings)
    return Action("filing.verified", case, case.moved(State.ACTIVE), notices, closing(case, version))


def told(case: Case, sequence: int = AT_THE_END) -> tuple[Errand, ...]:
    """What the archive says of a case that it has something of is brought up to date: by the day, or at the end."""
    return (Errand(ErrandKind.UPDATE_ARCHIVE, sequence=sequence),) if case.filings else ()


def closing(case: Case, sequence: int = AT_THE_END) -> tuple[Errand, ...]:
    """The folder of a case that has had one is closed once for each version of the agreement, and once at the end."""
    had_a_folder = case.documentation is not None
    return (Errand(ErrandKind.CLOSE_FOLDER, sequence=sequence),) if had_a_folder else ()
