"""Alerts as code: Prefect's automations, found by name and kept as they are described here.

A run that fails, stops or does not begin; a night that does not come; what our own events say. Each is told by e-mail
(the deployment varsle-drift, which needs a worker) and by a webhook (which Prefect's server calls itself). The tag of
the deployments keeps them from being about an alert. Where several municipalities share a server each has a set of its
own, and is told of its own runs and events alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, CallWebhook, ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict

from config.errors import ExpectedError
from config.installation import TAG, keyed, named, resource
from config.settings import Settings
from flows.forms import NOT_ACCEPTED
from tasks.emptying import HEARTBEAT, PARKED
from tasks.events import CREDENTIAL_ENDING, HR_DATA_STALE, NIGHT_TOLD, REJECTED_OVER_LIMIT, SYNC_HELD
from tasks.judging import NIGHT_LATE_AFTER

ALERTING = "notify-ops/varsle-drift"
BLOCK = "hjemmekontor-varsel"

SILENT_FOR = timedelta(seconds=600)
"""Three heartbeats of Prefect's usual 180 seconds, and a minute."""
MAY_WAIT = timedelta(minutes=15)
"""A run that has not begun: Prefect itself calls it late after 15 seconds, which a busy worker takes as well."""
ONCE_A_NIGHT = timedelta(hours=20)
"""What every job of the night would say again is said once."""
WAITS = frozenset(
    f"prefect.flow-run.{state}" for state in ("Late", "Submitting", "InfrastructurePending", "Pending", PARKED)
)
"""A worker says Submitting and Pending of a run that it takes, before there is a process, which may never come."""
BEGUN = frozenset(f"prefect.flow-run.{state}" for state in ("Running", "Retrying", "AwaitingConcurrencySlot"))
OVER = frozenset(
    f"prefect.flow-run.{state}" for state in ("Completed", "Failed", NOT_ACCEPTED, "TimedOut", "Crashed", "Cancelled")
)


class NotDeployedError(ExpectedError):
    """The deployment that sends alerts is not there."""


class PrefectSilentError(ExpectedError):
    """Prefect's server does not answer."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is worth an alert, in the words of the alert, and the part of docs/runbook.md that says what to do."""

    name: str
    said: str
    section: str
    trigger: EventTrigger


def prefix(settings: Settings) -> str:
    """Whatever is named so is ours to change and to remove."""
    return f"{named('hjemmekontor', settings)}: "


def alerts(settings: Settings) -> list[Alert]:
    return [
        Alert("kjøring feilet", "En kjøring feilet.", "A run failed", _about_runs(settings, {"Failed"})),
        Alert(
            "kjøring stoppet",
            "En kjøring stoppet uten å bli ferdig.",
            "A run hangs or crashed",
            _about_runs(settings, {"Crashed", "TimedOut"}),
        ),
        Alert(
            "kjøring ikke begynt",
            "En kjøring har ventet i et kvarter uten å begynne.",
            "The worker is down",
            # What it waits for is told again by each of them, so the time counts from the last (as with heartbeats).
            _about_runs_that_do_not(settings, WAITS, WAITS | BEGUN | OVER, MAY_WAIT),
        ),
        Alert(
            "natten kom ikke",
            "Det er over 26 timer siden en natt ble ferdig.",
            "The night did not run",
            # Each night starts the time anew, and so does putting the alert into force. Prefect keeps the time in its
            # database: what is due while the server is down goes when it is up again (3.8.8).
            EventTrigger(
                after={NIGHT_TOLD},
                expect={NIGHT_TOLD},
                match={"prefect.resource.id": resource("night", settings)},
                posture=Posture.Proactive,
                threshold=1,
                within=NIGHT_LATE_AFTER,
            ),
        ),
        Alert(
            "gamle ansattdata", "Ansattdataene er for gamle.", "Staff data is stale", _about_us(settings, HR_DATA_STALE)
        ),
        Alert(
            "sertifikat eller hemmelighet løper ut",
            "Sertifikatet eller hemmeligheten for Microsoft 365 løper snart ut, eller har løpt ut.",
            "A certificate or secret runs out",
            _about_us(settings, CREDENTIAL_ENDING),
        ),
        Alert(
            "stanset synkronisering",
            "En synkronisering er stanset, og venter på at noen avgjør den.",
            "A sync is held",
            _about_us(settings, SYNC_HELD),
        ),
        Alert(
            "mange avvik",
            "Uvanlig mye er satt til side.",
            "Many rows are set aside",
            _about_us(settings, REJECTED_OVER_LIMIT),
        ),
    ]


def zombies(settings: Settings, silent_for: timedelta = SILENT_FOR) -> AutomationCore:
    """A run whose process is gone without a word: it is marked Crashed, which the alert about stopped runs tells."""
    return AutomationCore(
        name=f"{prefix(settings)}kjøring uten livstegn",
        description="Marker en kjøring som har sluttet å gi livstegn, som Crashed.",
        trigger=_about_runs_that_do_not(settings, {HEARTBEAT}, OVER | WAITS | {HEARTBEAT}, silent_for),
        actions=[
            ChangeFlowRunState(name=None, state=StateType.CRASHED, message="Ingen livstegn fra prosessen.", force=False)
        ],
    )


def keep_automations(settings: Settings) -> list[str]:
    """Create what is missing, change what differs, remove what is ours and no longer wanted; the names that are.

    What is as it should be is left alone: Prefect forgets what it has counted when an automation is written anew.

    Raises:
        NotDeployedError: alerts are to go by e-mail, and `varsle-drift` is not deployed.
        PrefectSilentError: the server cannot be reached.
    """
    with _asking() as client:
        channels: list[Mail | Hook] = [*_by_mail(client, settings), *_by_webhook(settings)]
        wanted = [zombies(settings)]
        wanted += [_automation(each, channels, settings) for each in alerts(settings) if channels]
        keep(client, settings, wanted)
    return [each.name for each in wanted]


def remove_automations(settings: Settings) -> None:
    """All of ours, and the address of the webhook: for a municipality that leaves the server.

    Raises:
        PrefectSilentError: the server cannot be reached.
    """
    with _asking() as client:
        keep(client, settings, [])
        _forget_webhook(settings)


@contextmanager
def _asking() -> Iterator[SyncPrefectClient]:
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.RequestError as error:
        raise PrefectSilentError(
            f"Prefect's server does not answer ({type(error).__name__}): is it running at PREFECT_API_URL?"
        ) from None


def keep(client: SyncPrefectClient, settings: Settings, wanted: Iterable[AutomationCore]) -> None:
    """Make the automations of ours exactly these."""
    ours = [each for each in _all(client) if each.name.startswith(prefix(settings))]
    found: dict[str, Automation] = {}
    for each in ours:
        found.setdefault(each.name, each)
    for automation in wanted:
        known = found.get(automation.name)
        if known is None:
            client.create_automation(automation)
        elif not _is_same(known, automation):
            client.update_automation(known.id, automation)
    names = {automation.name for automation in wanted}
    for each in ours:
        if each.name not in names or found[each.name] is not each:
            client.delete_automation(each.id)


def _all(client: SyncPrefectClient) -> list[Automation]:
    """In pages: Prefect gives 200 at most."""
    found: list[Automation] = []
    while page := client.read_automations(offset=len(found)):
        found += page
    return found


def _is_same(known: Automation, wanted: AutomationCore) -> bool:
    return known.model_dump(exclude={"id", "tags"}) == wanted.model_dump(exclude={"tags"})


# --- What they look for -----------------------------------------------------------------------------------------


def _of_ours(settings: Settings) -> ResourceSpecification:
    return ResourceSpecification(
        {"prefect.resource.id": f"prefect.tag.{named(TAG, settings)}", "prefect.resource.role": "tag"}
    )


def _about_runs(settings: Settings, states: Iterable[str]) -> EventTrigger:
    return EventTrigger(
        expect={f"prefect.flow-run.{state}" for state in states},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=_of_ours(settings),
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
    )


def _about_runs_that_do_not(
    settings: Settings, after: Iterable[str], expect: Iterable[str], within: timedelta
) -> EventTrigger:
    return EventTrigger(
        after=set(after),
        expect=set(expect),
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=_of_ours(settings),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )


def _about_us(settings: Settings, event: str) -> EventTrigger:
    return EventTrigger(
        expect={event},
        match={"prefect.resource.id": resource("*", settings)},
        posture=Posture.Reactive,
        threshold=1,
        within=ONCE_A_NIGHT,
    )


# --- Whom they tell ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mail:
    """Names and ids of runs; never a run's message, which leaves the house only by our own words."""

    deployment_id: UUID

    def tell(self, alert: Alert) -> ActionTypes:
        run = {"run": _text("{{ flow_run.name }}"), "run_id": _text("{{ flow_run.id }}")}
        words = {"what": alert.said, "section": alert.section, **run}
        return RunDeployment(source="selected", deployment_id=self.deployment_id, parameters=words, job_variables=None)


def _text(template: str) -> dict[str, str]:
    """Filled in as a text, and empty where there is no run; Prefect would make an object of a lone expression."""
    return {"__prefect_kind": "jinja", "template": template}


@dataclass(frozen=True, slots=True)
class Hook:
    block_id: UUID
    sender: str

    def tell(self, alert: Alert) -> ActionTypes:
        words = f'"{self.sender}: {alert.said} Se docs/runbook.md, «{alert.section}». " ~ flow_run.name'
        payload = f'{{"text": {{{{ ({words}) | trim | tojson }}}}}}'
        return CallWebhook(block_document_id=self.block_id, payload=payload)


def _automation(alert: Alert, channels: Sequence[Mail | Hook], settings: Settings) -> AutomationCore:
    return AutomationCore(
        name=prefix(settings) + alert.name,
        description=f"{alert.said} Hva du gjør: docs/runbook.md, «{alert.section}».",
        trigger=alert.trigger,
        actions=[channel.tell(alert) for channel in channels],
    )


def _by_mail(client: SyncPrefectClient, settings: Settings) -> list[Mail]:
    if settings.ops_mailbox is None:
        return []
    try:
        return [Mail(client.read_deployment_by_name(named(ALERTING, settings)).id)]
    except ObjectNotFound:
        raise NotDeployedError(
            f"The deployment «{named(ALERTING, settings)}» is not there: run `hjemmekontor deploy` first."
        ) from None


def _by_webhook(settings: Settings) -> list[Hook]:
    """The address is a secret of Prefect's own, in a block; without an address the block goes."""
    if settings.alert_webhook is None:
        _forget_webhook(settings)
        return []
    headers = SecretDict({"Content-Type": "application/json"})
    saved = Webhook(method="POST", url=settings.alert_webhook, headers=headers).save(
        keyed(BLOCK, settings), overwrite=True
    )
    return [Hook(saved, named("Hjemmekontor", settings))] if isinstance(saved, UUID) else []


def _forget_webhook(settings: Settings) -> None:
    with suppress(ValueError):  # never made
        Webhook.delete(keyed(BLOCK, settings))
