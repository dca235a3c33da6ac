"""Our own events in Prefect: how a run went, and what somebody should look at. Counts and dates, never a name.

Automations react to them (hjemmekontor.automations), and whoever gathers figures reads them from Prefect's API.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from prefect.events import emit_event

from agreements.freshness import Freshness, freshness, hours
from config.installation import resource
from integrations.database.health import held, set_aside_count
from integrations.database.ledger import last_good_run
from integrations.graph.expiry import Validity, credential_of
from tasks.night import Night

EVENTS = "hjemmekontor."
"""What the names of all of ours begin with, whosever they are. Whose they are, the resource says."""
NIGHT_TOLD = "hjemmekontor.night.told"
HR_DATA_STALE = "hjemmekontor.hr-data.stale"
CREDENTIAL_ENDING = "hjemmekontor.credential.ending"
SYNC_HELD = "hjemmekontor.sync.held"
REJECTED_OVER_LIMIT = "hjemmekontor.rejected.over-limit"

Told = Sequence[tuple[str, Mapping[str, int], bool]]
"""By step: its title, its counts, and whether it went well."""


def announce_result(flow: str, night: Night, told: Told) -> None:
    """The end of a run; of a night under the name NIGHT_TOLD. A dry run has done nothing, and so says nothing."""
    steps = [{"step": name, "ok": is_well, "counts": dict(counts)} for name, counts, is_well in told]
    name = NIGHT_TOLD if flow == "nightly" else f"{EVENTS}{flow}.told"
    _emit(name, night, {"ok": all(is_well for _, _, is_well in told), "steps": steps})


def announce_worries(night: Night) -> None:
    """What somebody should look at whether or not the run went well; nothing when there is nothing."""
    with night.database.transaction() as connection:
        last, waiting = last_good_run(connection), held(connection)
        set_aside = set_aside_count(connection, night.on)
    if last is not None:
        age = last.age(night.on, datetime.now(UTC))
        if freshness(age) is Freshness.STALE:
            _emit(HR_DATA_STALE, night, {"hours": hours(age)})
    credential, now = credential_of(night.settings), datetime.now(UTC)
    if credential.validity(now) in {Validity.ENDING, Validity.ENDED}:
        _emit(CREDENTIAL_ENDING, night, {"days": credential.days_left(now)})
    if waiting:
        _emit(SYNC_HELD, night, {"held": len(waiting)})
    if set_aside > night.settings.rejected_limit:
        _emit(REJECTED_OVER_LIMIT, night, {"rejected": set_aside, "limit": night.settings.rejected_limit})


def _emit(event: str, night: Night, payload: Mapping[str, object]) -> None:
    if night.dry_run:
        return
    what = event.removeprefix(EVENTS).rpartition(".")[0]
    about = {"prefect.resource.id": resource(what, night.settings), "prefect.resource.name": event}
    emit_event(event, about, payload={"date": night.on.isoformat(), **payload})
