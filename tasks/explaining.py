"""A case's history for those who look in Prefect: what, when and why, and nobody's name or number."""

from collections.abc import Mapping, Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact

from agreements.case import State
from agreements.words import STATES
from config.deployments import SEND_AGAIN
from config.installation import keyed
from config.settings import load_settings
from integrations.database.history import Happening, History, history
from integrations.database.reading import reading
from tasks.batches import LOCAL
from tasks.receipts import links

MACHINERY = frozenset(
    {
        *("sync-employees", "open-cases", "intake", "chase-documentation", "file-agreements", "trigger-evaluations"),
        *("expire-agreements", "impose-home-office", "revert-home-office", "hold-case", "register-application"),
        *("register-assessment", "register-evaluation", "terminate-agreement", "change-agreement", "renew-agreement"),
        *("register-answers", "register-acceptance", "register-files"),
    }
)
"""Whatever else stands as having done something is a person, and is only shown by what they are to the case."""
SOMEBODY_ELSE = "tidligere leder eller HR"
"""Nobody but the employee, the manager of that day and HR may answer."""
WHILE_OPEN = ("Sett på pause eller gjenoppta", "Si opp avtale", SEND_AGAIN)
NEXT_STEPS: Mapping[State, Sequence[str]] = {
    State.RECEIVED: WHILE_OPEN,
    State.NO_AGREEMENT_NEEDED: (SEND_AGAIN,),
    State.SPECIAL_ASSESSMENT: ("Registrer vurdering", *WHILE_OPEN),
    State.COLLECTING: ("Registrer svar", "Registrer filer", "Registrer aksept", *WHILE_OPEN),
    State.IN_ASSESSMENT: ("Registrer vurdering", *WHILE_OPEN),
    State.APPROVED: WHILE_OPEN,
    State.ACTIVE: ("Registrer evaluering", "Registrer aksept", "Endre avtale", "Forny avtale", *WHILE_OPEN),
    State.ENDED: (SEND_AGAIN,),
}
"""What may be done to a case of this state (agreements.intake)."""
WHILE_IMPOSED = ("Opphev pålagt hjemmekontor", *WHILE_OPEN)
"""There is no agreement to change, renew or evaluate (regulation § 2)."""
HEAD = "| Dato | Hva | Ny tilstand | Av | Regel | Regelverk |\n|---|---|---|---|---|---|"


@task(name="show-history", **LOCAL)
def show_history(case_number: str) -> str:
    """Publish the history under the case's own key; returns the case number as it is stored.

    Opens the database by itself: a night would take the lease, or keep others from it.

    Raises:
        NoSuchCaseError: no case has this number.
        SettingsError, DatabaseUnreachableError, SchemaOutdatedError: one line each.
    """
    settings = load_settings()
    with reading(settings.database_url) as connection:
        found = history(connection, case_number)
    lines = [
        f"# {found.case_number}: {STATES[found.state]}",
        "",
        HEAD,
        *(_line(each, found) for each in found.happenings),
    ]
    next_steps = links(next_steps_of(found), {"case_number": found.case_number})
    create_markdown_artifact(
        "\n".join([*lines, "", next_steps]),
        key=keyed(f"sak-{found.case_number.lower()}", settings),
        description="Sakens historikk",
    )
    return found.case_number


def next_steps_of(found: History) -> Sequence[str]:
    """The forms that the case can take now, by their names."""
    return WHILE_IMPOSED if found.imposed and found.state is State.ACTIVE else NEXT_STEPS[found.state]


def _line(each: Happening, of: History) -> str:
    moved = None if each.from_state == each.to_state else f"{each.from_state} → {each.to_state}"
    cells = (f"{each.business_date:%d.%m.%Y}", each.what, moved, _by(each.by, of), each.rule, each.policy_version)
    return f"| {' | '.join(cell or '' for cell in cells)} |"


def _by(actor: str | None, of: History) -> str | None:
    if actor is None or actor in MACHINERY:
        return actor
    if actor.partition(" ")[0] == "HR":
        return "HR"
    if actor == of.employee_number:
        return "ansatt"
    return "leder" if actor in of.manager_numbers else SOMEBODY_ELSE
