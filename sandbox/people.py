"""The people of the sandbox: they apply, read their mail, follow its links, and are as different as people are."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import parse_qs, urlsplit

from agreements.calendar import is_working_day, next_working_day
from agreements.policy import SCORES
from config.policy_files import SHIPPED_NAMES, load_policy
from config.sharepoint import (
    ACCEPTANCES,
    ANSWERS,
    APPLICATIONS,
    ASSESSMENTS,
    CASE_LIBRARY,
    CHANGES,
    EQUIPMENT_CHOICES,
    EVALUATIONS,
    NO_EQUIPMENT,
    TERMINATIONS,
)
from sandbox.graph.errors import GraphError
from sandbox.graph.identity import TenantUser
from sandbox.graph.mailbox import SentMessage
from sandbox.graph.tenant import GraphTenant
from sandbox.pictures import desk_photo, holiday_gif

LINK = re.compile(r'href="([^"]+)"')
APPLY: Final = "apply"
UPLOAD: Final = "upload"
UPLOAD_WRONG: Final = "upload-wrong"
SHARE_WHO_APPLY = 0.45
SHARE_WHO_RENEW = 0.5
SHARE_WHO_TERMINATE = 0.06
SHARE_WHO_CHANGE = 0.04
SHARE_WHO_TRY_AGAIN = 0.15
FIRST_FORTNIGHT = 14
LAST_DAY_TO_APPLY = 300


@dataclass(frozen=True, slots=True)
class Habits:
    """How soon somebody reacts, in days after the mail, and what goes wrong on the way."""

    delay: tuple[int, int] = (1, 4)
    heeds_mail_number: int = 1
    uploads_wrong_file_first: bool = False
    withdraws: bool = False


HABITS: Final = {
    "prompt": Habits(),
    "slow": Habits(delay=(2, 6), heeds_mail_number=2),
    "very-slow": Habits(delay=(1, 3), heeds_mail_number=3),
    "forgetful": Habits(heeds_mail_number=99),
    "clumsy": Habits(uploads_wrong_file_first=True),
    "wavering": Habits(withdraws=True),
}
SHARES: Final = {"prompt": 52, "slow": 18, "very-slow": 8, "forgetful": 9, "clumsy": 8, "wavering": 5}


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody means to do, and when. `about` is a case number, empty for an application."""

    on: str
    who: str
    what: str
    about: str


@dataclass(slots=True)
class Memory:
    """What must survive from one evening to the next: written to disk after each day."""

    lived_until: str
    mail_read: int = 0
    plans: list[Plan] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Memory | None":
        if not path.exists():
            return None
        stored = json.loads(path.read_text())
        return cls(**{**stored, "plans": [Plan(**plan) for plan in stored["plans"]]})

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))


class Townspeople:
    """Everybody who has a user in the tenant. What they do follows from the seed and from the mail they get."""

    def __init__(self, tenant: GraphTenant, hr: TenantUser, seed: int, opens_on: date, path: Path) -> None:
        self._tenant = tenant
        self._hr = hr
        self._seed = seed
        self._path = path
        self._opens_on = opens_on
        known = Memory.read(path)
        self._memory = known or Memory(lived_until=(opens_on - timedelta(days=1)).isoformat())
        self._by_mail: dict[str, TenantUser] = {}
        self._by_number: dict[str, TenantUser] = {}

    @property
    def lived_until(self) -> date:
        return date.fromisoformat(self._memory.lived_until)

    def live(self, day: date, users: Iterable[TenantUser]) -> None:
        """One day: read the new mail, make plans, do what is planned for today."""
        self._by_mail = {user.mail.lower(): user for user in (*users, self._hr) if user.mail}
        self._by_number = {user.employee_id or "": user for user in self._by_mail.values()}
        self._plan_applications(day)
        for message in self._tenant.sent_messages(self._memory.mail_read):
            self._memory.mail_read = message.sequence
            self._read_mail(message, day)
        today = [plan for plan in self._memory.plans if plan.on <= day.isoformat()]
        self._memory.plans = [plan for plan in self._memory.plans if plan.on > day.isoformat()]
        for plan in today:
            self._carry_out(plan, day)
        self._memory.lived_until = day.isoformat()
        self._memory.write(self._path)

    # --- Making plans -------------------------------------------------------------------------------------------

    def _plan_applications(self, day: date) -> None:
        for number in self._by_number:
            chance = self._chance(number, "applies")
            if number and chance.random() < SHARE_WHO_APPLY and self._first_application_on(chance) == day:
                self._plan(day, number, APPLY, "")

    def _first_application_on(self, chance: Random) -> date:
        """A seventh of those who apply do so in the first fortnight, so that the first night has something to do."""
        early = chance.random() < 1 / 7
        span = (0, FIRST_FORTNIGHT - 1) if early else (FIRST_FORTNIGHT, LAST_DAY_TO_APPLY)
        return next_working_day(self._opens_on + timedelta(days=chance.randint(*span)))

    def _read_mail(self, message: SentMessage, day: date) -> None:
        for address in message.to:
            reader = self._by_mail.get(address.lower())
            if reader is not None:
                self._follow_links(reader, message, day)

    def _follow_links(self, reader: TenantUser, message: SentMessage, day: date) -> None:
        links = [urlsplit(link.replace("&amp;", "&")) for link in LINK.findall(message.body_html)]
        forms = [
            (link.path.split("/Lists/")[1].split("/")[0], parse_qs(link.query).get("Saksnummer", [""])[0])
            for link in links
            if "/Lists/" in link.path
        ]
        assessed = {about for name, about in forms if name == ASSESSMENTS.name}
        folders = [link.path.rsplit("/", 1)[1] for link in links if f"/{CASE_LIBRARY}/" in link.path]
        for about in folders:
            if about not in assessed:
                self._heed(reader, UPLOAD, about, day)
        # The mail that an agreement has begun says that it can be changed as well as ended.
        forms += [(CHANGES.name, about) for name, about in forms if name == TERMINATIONS.name]
        for name, about in forms:
            self._heed(reader, APPLY if name == APPLICATIONS.name else name, about, day)

    def _heed(self, reader: TenantUser, what: str, about: str, day: date) -> None:
        """Somebody has been asked once more. Some act on the first mail, some on the second, some never."""
        number = self._key(reader)
        times = self._memory.done[f"asked/{number}/{what}/{about}"] = (
            self._memory.done.get(f"asked/{number}/{what}/{about}", 0) + 1
        )
        habits = self._habits(number)
        if what in {APPLY, TERMINATIONS.name, CHANGES.name}:
            if times == 1 or what == APPLY:
                self._consider(number, what, about, day)
            return
        was_refused = what == UPLOAD and f"{UPLOAD_WRONG}/{number}/{about}" in self._memory.done
        has_answered = f"answered/{number}/{what}/{about}" in self._memory.done
        if times == habits.heeds_mail_number or was_refused or has_answered:
            on = day + timedelta(days=self._chance(number, what, about, times).randint(*habits.delay))
            self._plan(on, number, what, about)

    def _consider(self, number: str, what: str, about: str, day: date) -> None:
        """Links that are offers rather than requests: apply again, or give notice some day."""
        chance = self._chance(number, what, about, day)
        if what == APPLY:
            renews = self._memory.done.get(f"{APPLY}/{number}", 0) > 0
            if renews and chance.random() < SHARE_WHO_RENEW:
                self._plan(day + timedelta(days=chance.randint(1, 10)), number, APPLY, "")
        elif chance.random() < (SHARE_WHO_CHANGE if what == CHANGES.name else SHARE_WHO_TERMINATE):
            self._plan(day + timedelta(days=chance.randint(20, 200)), number, what, about)

    def _plan(self, on: date, who: str, what: str, about: str) -> None:
        plan = Plan(next_working_day(on).isoformat(), who, what, about)
        if not any((known.who, known.what, known.about) == (who, what, about) for known in self._memory.plans):
            self._memory.plans.append(plan)

    # --- Doing --------------------------------------------------------------------------------------------------

    def _carry_out(self, plan: Plan, day: date) -> None:
        user = self._hr if plan.who == "HR" else self._by_number.get(plan.who)
        if user is None or not is_working_day(day):
            return
        chance = self._chance(plan.who, plan.what, plan.about, day)
        times = self._memory.done.get(f"{plan.what}/{plan.who}", 0)
        self._memory.done[f"{plan.what}/{plan.who}"] = times + 1
        self._memory.done[f"answered/{plan.who}/{plan.what}/{plan.about}"] = 1
        if plan.what == UPLOAD:
            self._upload(user, plan.about)
        elif plan.what == ANSWERS.name and self._habits(plan.who).withdraws:
            self._terminate(user, plan.about, day)
        else:
            fields = self._fields(plan, chance, day, first=times == 0)
            list_name = APPLICATIONS.name if plan.what == APPLY else plan.what
            self._tenant.add_list_item(list_name, fields, created_by=user)

    def _fields(self, plan: Plan, chance: Random, day: date, *, first: bool) -> dict[str, object]:
        match plan.what:
            case APPLICATIONS.name | "apply":
                return _application(chance, day, ordinary=not first)
            case ANSWERS.name:
                return {"Saksnummer": plan.about, **_mapping_answers(chance), "GodtarAvtalen": True}
            case ASSESSMENTS.name:
                return {"Saksnummer": plan.about, **_assessed(chance)}
            case ACCEPTANCES.name:
                return {"Saksnummer": plan.about, "Svar": chance.choices(("Godtar", "Godtar ikke"), (90, 10))[0]}
            case EVALUATIONS.name:
                outcome = chance.choices(("Fortsetter", "Justeres", "Avsluttes"), (80, 12, 8))[0]
                said: dict[str, object] = {"Saksnummer": plan.about, "Resultat": outcome}
                return said | {"Merknad": "Gjennomgått i samtale."} | _scores(chance, outcome)
            case _:
                return {"Saksnummer": plan.about, **_other_terms(plan.what, chance, day)}

    def _upload(self, user: TenantUser, about: str) -> None:
        number = self._key(user)
        wrong = f"{UPLOAD_WRONG}/{number}/{about}"
        if self._habits(number).uploads_wrong_file_first and wrong not in self._memory.done:
            self._memory.done[wrong] = 1
            self._put(user, about, "kontor.gif", holiday_gif())
            return
        self._put(user, about, "IMG_2041.JPG", desk_photo(self._seed, number))

    def _put(self, user: TenantUser, about: str, name: str, content: bytes) -> None:
        """A folder that is closed or was never shared lets nobody in; people shrug and go on."""
        try:
            self._tenant.upload(CASE_LIBRARY, about, name, content, created_by=user)
        except GraphError:
            self._memory.done[f"could-not-upload/{about}"] = 1

    def _terminate(self, user: TenantUser, about: str, day: date) -> None:
        fields = {"Saksnummer": about, "SisteDag": day.isoformat() + "T00:00:00Z"}
        self._tenant.add_list_item(TERMINATIONS.name, fields, created_by=user)

    # --- Character ----------------------------------------------------------------------------------------------

    def _habits(self, number: str) -> Habits:
        kind = self._chance(number, "habits").choices(list(SHARES), list(SHARES.values()))[0]
        return HABITS["prompt" if number == "HR" else kind]

    def _key(self, user: TenantUser) -> str:
        return user.employee_id or "HR"

    def _chance(self, *about: object) -> Random:
        """The same question gets the same answer in every run."""
        return Random("/".join([str(self._seed), *map(str, about)]))


def _application(chance: Random, day: date, *, ordinary: bool) -> dict[str, object]:
    """Most ask for a day or two at home; a few ask for what cannot be agreed, or needs no agreement."""
    kind = (
        "home" if ordinary else chance.choices(("home", "sporadic", "abroad", "cabin", "greedy"), (86, 4, 4, 3, 3))[0]
    )
    days = {"sporadic": 0.5, "greedy": 6.0}.get(kind, float(chance.choice((1, 1, 2, 2, 3))))
    place = {"abroad": "Utlandet", "cabin": "Annet sted i Norge"}.get(kind, "Hjemme")
    start_on = day + timedelta(days=chance.randint(7, 30))
    fields: dict[str, object] = {
        "DagerPerUke": days,
        "FraDato": start_on.isoformat() + "T00:00:00Z",
        "Sted": place,
        "Ukedager": ", ".join(
            chance.sample(("mandag", "tirsdag", "onsdag", "torsdag", "fredag"), max(1, min(5, int(days))))
        ),
    }
    if chance.random() < 0.3:  # noqa: PLR2004 - some want a shorter period
        fields["TilDato"] = (start_on + timedelta(days=chance.randint(60, 240))).isoformat() + "T00:00:00Z"
    return fields


WEIGHTS_WHEN_CONTENT: Final = (1, 4, 15, 50, 30)
WEIGHTS_WHEN_NOT: Final = (10, 30, 35, 20, 5)
"""How often managers choose each score, from 1 to 5."""
SHARE_OF_OPEN_QUESTIONS = 0.1


def _other_terms(what: str, chance: Random, day: date) -> dict[str, object]:
    """Another extent from some day, or a last day."""
    if what == CHANGES.name:
        start_on = day + timedelta(days=chance.randint(7, 30))
        return {"DagerPerUke": float(chance.choice((1, 2, 3))), "FraDato": start_on.isoformat() + "T00:00:00Z"}
    return {"SisteDag": (day + timedelta(days=chance.randint(0, 30))).isoformat() + "T00:00:00Z"}


def _assessed(chance: Random) -> dict[str, object]:
    """Most say yes, some with a measure; a few say no, or want a better photo first."""
    outcome = chance.choices(("Godkjent", "Avslått", "Må suppleres"), (87, 8, 5))[0]
    if outcome == "Må suppleres":
        return {"Resultat": outcome, "Mangler": "Bildet", "Tiltak": "Ta et bilde der bordet og lampen vises."}
    return {"Resultat": outcome, "Tiltak": chance.choice(("", "Bedre skrivebordslampe", "Fast ukentlig kontormøte"))}


ANSWERS_OF_PEOPLE = (
    "Gode erfaringer fra før.",
    "Har ikke prøvd det ennå.",
    "Dagslys fra vindu, og bordlampe.",
    "Stille, eget rom.",
    "Noe støy om ettermiddagen, ellers greit.",
    "Går en tur midt på dagen.",
)


def _scores(chance: Random, outcome: str) -> dict[str, object]:
    """Every evaluation question of every policy in a number, mostly content; one in ten is left open."""
    weights = WEIGHTS_WHEN_CONTENT if outcome == "Fortsetter" else WEIGHTS_WHEN_NOT
    texts = (question.column for policy in map(load_policy, SHIPPED_NAMES) for question in policy.evaluation.questions)
    return {
        column: str(chance.choices(SCORES, weights)[0])
        for column in dict.fromkeys(texts)
        if chance.random() > SHARE_OF_OPEN_QUESTIONS
    }


def _mapping_answers(chance: Random) -> dict[str, object]:
    """Every question of every policy, in a sentence; some of the equipment is on loan."""
    texts = (question.column for policy in map(load_policy, SHIPPED_NAMES) for question in policy.employee_questions)
    fields: dict[str, object] = {column: chance.choice(ANSWERS_OF_PEOPLE) for column in dict.fromkeys(texts)}
    choices = (*EQUIPMENT_CHOICES, NO_EQUIPMENT)
    return fields | {f"Utstyr{number}": chance.choice(choices) for number in (1, 2, 3)}
