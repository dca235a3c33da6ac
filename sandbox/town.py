"""The whole sandbox: a small municipality with an HR system, a Microsoft 365 tenant and people, on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, IMPORT_LIBRARY, REPORT_LIBRARY
from sandbox.fint import TOKEN_PATH, Credentials, fint_application
from sandbox.graph.identity import TenantUser
from sandbox.graph.tenant import GraphTenant
from sandbox.municipality import Municipality, Person
from sandbox.people import Townspeople
from sandbox.web import serve

HR_MAIL = "hr@sandvik.kommune.example"
OPS_MAILBOX = "drift@sandvik.kommune.example"
DAYS_BEFORE_FIRST_NIGHT = 14
"""The town has been there for a fortnight when the first night runs, so that applications are waiting."""
MIDDAY = time(11)


@dataclass(frozen=True, slots=True)
class Founding:
    """What the sandbox was founded with; everything else follows from it."""

    opens_on: str
    size: int = 300
    seed: int = 1


class Sandbox:
    """One town on disk. `today` is its business date, and moves only forwards.

    `environment` are the settings that connect to it while it runs.
    """

    def __init__(self, directory: Path, founding: Founding, *, is_site_empty: bool = False) -> None:
        opens_on = date.fromisoformat(founding.opens_on)
        self.directory = directory
        self._opens_on = opens_on
        self.municipality = Municipality.generate(founding.size, founding.seed, opens_on=opens_on)
        self._hr = TenantUser(
            user_id="00000000-0000-4000-8000-000000000001",
            user_principal_name=HR_MAIL,
            mail=HR_MAIL,
            display_name="HR Sandvik kommune",
        )
        self._ops = TenantUser(
            user_id="00000000-0000-4000-8000-000000000002",
            user_principal_name=OPS_MAILBOX,
            mail=OPS_MAILBOX,
            display_name="Drift Sandvik kommune",
        )
        self.today = opens_on
        self.environment: dict[str, str] = {}
        self.tenant = GraphTenant.open(directory, self._users(opens_on), self._now, is_site_empty=is_site_empty)
        people_path = directory / "people.json"
        if not is_site_empty:
            # As docs/tenant.md has an administrator do it.
            for library in (CASE_LIBRARY, ARCHIVE_LIBRARY, REPORT_LIBRARY, IMPORT_LIBRARY):
                self.tenant.close_library(library)
        self.people = Townspeople(self.tenant, self._hr, founding.seed, opens_on, people_path)
        self.today = max(opens_on, self.people.lived_until)

    @classmethod
    def open(
        cls, directory: Path, first_night: date, size: int = 300, seed: int = 1, *, is_site_empty: bool = False
    ) -> "Sandbox":
        """The town in this folder; founded a fortnight before `first_night` if there is none yet.

        With `is_site_empty` its SharePoint site has none of our lists and libraries.
        """
        path = directory / "founding.json"
        if not path.exists():
            directory.mkdir(parents=True, exist_ok=True)
            opens_on = first_night - timedelta(days=DAYS_BEFORE_FIRST_NIGHT)
            path.write_text(json.dumps(asdict(Founding(opens_on.isoformat(), size, seed))))
        return cls(directory, Founding(**json.loads(path.read_text())), is_site_empty=is_site_empty)

    @contextmanager
    def running(self, hr_port: int = 0, graph_port: int = 0) -> Iterator[dict[str, str]]:
        """Serve HR and Graph on loopback; gives the settings (environment) that connect to them."""
        hr = fint_application(self.municipality, lambda: self.today)
        with serve(hr, hr_port) as hr_server, serve(self.tenant.application(), graph_port) as graph_server:
            self.environment = self._environment(hr_server.url, graph_server.url)
            yield self.environment

    @property
    def is_new(self) -> bool:
        """Nobody has lived a day here yet."""
        return self.people.lived_until < self._opens_on

    def live_until(self, day: date) -> None:
        """Let every day up to and including `day` pass, once."""
        while self.people.lived_until < day:
            self.today = self.people.lived_until + timedelta(days=1)
            users = self._users(self.today)
            self.tenant.set_users(users)
            self.people.live(self.today, users)

    def _users(self, day: date) -> list[TenantUser]:
        picture = self.municipality.on(day)
        user_ids = {person.employee_number: person.user_id for person in picture.people}
        present = [person for person in picture.people if person.employed_on(day)]
        return [self._hr, self._ops, *(_user(person, user_ids) for person in present)]

    def _now(self) -> datetime:
        return datetime.combine(self.today, MIDDAY, UTC)

    def _environment(self, hr_url: str, graph_url: str) -> dict[str, str]:
        credentials = Credentials()
        return {
            "HK_HR_KIND": "fint",
            "HK_HR_URL": hr_url,
            "HK_HR_TOKEN_URL": hr_url + TOKEN_PATH,
            "HK_HR_CLIENT_ID": credentials.client_id,
            "HK_HR_CLIENT_SECRET": credentials.client_secret,
            "HK_HR_USERNAME": credentials.username,
            "HK_HR_PASSWORD": credentials.password,
            "HK_GRAPH_BASE_URL": graph_url + "/v1.0",
            "HK_GRAPH_TENANT_ID": self.tenant.tenant_id,
            "HK_GRAPH_CLIENT_ID": self.tenant.client_id,
            "HK_GRAPH_CLIENT_SECRET": self.tenant.client_secret,
            "HK_GRAPH_SITE_ID": self.tenant.site_id,
            "HK_SHAREPOINT_UNITS_PER_MINUTE": "0",
            "HK_MAIL_SENDER": self.tenant.sender,
            "HK_MAILS_PER_MINUTE": "0",
            "HK_HR_MAIL": HR_MAIL,
            "HK_OPS_MAILBOX": OPS_MAILBOX,
        }


def _user(person: Person, user_ids: dict[str, str]) -> TenantUser:
    return TenantUser(
        user_id=person.user_id,
        user_principal_name=person.upn,
        mail=person.email,
        display_name=person.name,
        employee_id=person.employee_number,
        manager_id=None if person.manager_number is None else user_ids.get(person.manager_number),
    )
