"""Settings from the environment, prefix `HK_` (see `.env.example`), checked before anything starts."""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import ExpectedError

PREFIX = "HK_"
GRAPH_ON_THE_INTERNET = "https://graph.microsoft.com/v1.0"
HrKind = Literal["csv", "fint", "scim", "unit4", "visma"]
HR_REQUIRED: dict[HrKind, tuple[str, ...]] = {
    "csv": ("hr_url",),
    "fint": ("hr_url", "hr_token_url", "hr_client_id", "hr_client_secret", "hr_username", "hr_password"),
    "scim": ("hr_url",),  # and a token, or what fetches one
    "unit4": ("hr_url",),
    "visma": ("hr_url", "hr_username", "hr_password"),
}
"""What each kind of HR system cannot do without."""
HR_FILE_KINDS = frozenset({"csv", "unit4"})
"""Kinds that are a file: HK_HR_URL may then be a path as well as an address."""
ArchiveTarget = Literal["sharepoint", "import"]
GraphCredential = Literal["certificate", "secret", "managed-identity"]
GRAPH_REQUIRED = ("graph_tenant_id", "graph_client_id", "graph_site_id", "mail_sender", "hr_mail")
"""A certificate or a secret comes on top."""
NOT_OF_MANAGED_IDENTITY = frozenset({"graph_tenant_id", "graph_client_id"})
"""The machine knows its own tenant; a client id is needed only to name one identity among several."""
OF_REAL_SYSTEMS = (
    *("hr_url", "hr_units_url", "hr_columns", "hr_token_url", "hr_client_id", "hr_client_secret"),
    *("hr_username", "hr_password", "hr_token", "hr_filter"),
    *(*GRAPH_REQUIRED, "graph_credential", "graph_client_secret", "graph_certificate_path"),
)
"""Settings that only mean something where a real system is: with none of them set, the sandbox is used."""
NOT_IN_A_NAME = frozenset('"*:<>?\\|')
"""What SharePoint takes in no name of a file or a folder."""
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(ExpectedError):
    """A setting is missing or wrong. The message is one line that names it."""


class Settings(BaseSettings):
    """Everything an installation decides. Secrets are `SecretStr`, so that no log or traceback shows them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str = "sqlite:///.local/hjemmekontor.db"
    policy: str = "prosedyre-websak"
    state_dir: Path = Path(".local")
    installation: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Where several municipalities share a Prefect server: this one's short name (a-z, 0-9, -)",
    )

    backup_dir: Path | None = Field(
        default=None, description="Where `backup` puts backups; when set, one that is over a day old is worth an alert"
    )

    hr_kind: HrKind = "fint"
    hr_url: str | None = None
    hr_units_url: str | None = Field(default=None, description="csv: a second file, with the units")
    hr_columns: Path | None = Field(default=None, description="csv: what the columns are called, as TOML")
    hr_token_url: str | None = None
    hr_client_id: str | None = None
    hr_client_secret: SecretStr | None = None
    hr_username: str | None = None
    hr_password: SecretStr | None = None
    hr_token: SecretStr | None = Field(default=None, description="scim: a token that does not run out")
    hr_filter: str | None = Field(default=None, description="scim: which users are employees")
    hr_company: str = Field(default="1", description="visma: the company's id")
    manager_overrides: Path | None = Field(default=None, description="Who leads whom in spite of HR, as TOML")

    graph_base_url: str = GRAPH_ON_THE_INTERNET
    graph_authority: str = Field(default="https://login.microsoftonline.com", description="Where tokens come from")
    graph_credential: GraphCredential | None = Field(default=None, description="By what else is set when left out")
    graph_tenant_id: str | None = None
    graph_client_id: str | None = None
    graph_client_secret: SecretStr | None = None
    graph_certificate_path: Path | None = None
    graph_secret_expires: date | None = Field(default=None, description="The last day of the client secret")
    graph_site_id: str | None = None

    sharepoint_units_per_minute: int = Field(default=1200, ge=0, description="Resource units; 0 is no limit of ours")

    mail_sender: str | None = None
    mails_per_minute: int = Field(default=30, ge=0, description="From the sender's mailbox; 0 is no limit of ours")
    hr_mail: str | None = Field(default=None, description="Where HR's own mails go")
    ops_mailbox: str | None = Field(default=None, description="Where alerts to ops go by e-mail")
    alert_webhook: SecretStr | None = Field(default=None, description="Where Prefect's server posts alerts itself")
    rejected_limit: int = Field(default=50, ge=0, description="More rows set aside than this is worth an alert")
    archive_folder: str = Field(
        default="{employee_number}/Hjemmekontor/{case_number}",
        description="Path of the case in the archive library; placeholders: employee_number, case_number",
    )

    archive_target: ArchiveTarget = Field(
        default="sharepoint", description="The personnel folders in SharePoint, or packages for an archive system"
    )
    archive_plan: Path | None = Field(default=None, description="How an arkivmelding is written, as TOML")
    import_marker: str = Field(
        default="ferdig.txt", description="import: name of the file that says that a package is whole"
    )
    archive_retention_label: str | None = Field(default=None, description="The label documents get in the archive")
    reports_folder: str = Field(
        default="Evaluering av ordningen", description="Folder of the reports over the scheme, in the library Rapporter"
    )

    @field_validator("graph_base_url", "graph_authority", "hr_url", "hr_units_url", "hr_token_url")
    @classmethod
    def _address_or_file(cls, value: str | None, info: ValidationInfo) -> str | None:
        """An address without a closing slash; for kinds that are a file, a path as well."""
        if value is None:
            return None
        may_be_path = info.field_name in {"hr_url", "hr_units_url"} and info.data.get("hr_kind") in HR_FILE_KINDS
        parts = urlsplit(value)
        if may_be_path and "://" not in value:
            return value
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address that starts with https://" + (", or a path" if may_be_path else ""))
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise ValueError("plain http is accepted for this machine only; use https")
        return value.rstrip("/")

    @field_validator("alert_webhook")
    @classmethod
    def _encrypted_webhook(cls, value: SecretStr | None) -> SecretStr | None:
        """Whoever knows the address may post to it, so it is a secret itself."""
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            is_here = parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
            if not parts.hostname or not (parts.scheme == "https" or is_here):
                raise ValueError("must be an address that starts with https://")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("archive_folder")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        try:
            path = value.format(employee_number="0", case_number="HK").strip("/")
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            path = ""
        if "HK" not in path.split("/"):
            raise ValueError("must be a path with {case_number} as a folder of its own, and may use {employee_number}")
        return value

    @field_validator("import_marker")
    @classmethod
    def _a_file(cls, value: str) -> str:
        if not value.strip(" .") or set(value) & (NOT_IN_A_NAME | {"/"}):
            raise ValueError(f"must be the name of a file, without / {' '.join(sorted(NOT_IN_A_NAME))}")
        return value

    @field_validator("reports_folder")
    @classmethod
    def _a_folder(cls, value: str) -> str:
        names = value.strip("/").split("/")
        if any(not name.strip(" .") or set(name) & NOT_IN_A_NAME for name in names):
            raise ValueError(f"must be the path of a folder, without {' '.join(sorted(NOT_IN_A_NAME))}")
        return value

    @model_validator(mode="after")
    def _packages_need_a_plan(self) -> "Settings":
        if self.archive_target == "import" and self.archive_plan is None:
            raise ValueError(
                "HK_ARCHIVE_TARGET: import needs HK_ARCHIVE_PLAN: a package is documents with arkivmelding"
            )
        return self

    @model_validator(mode="after")
    def _all_or_nothing(self) -> "Settings":
        """Half a configuration would send real employees' cases to the sandbox or the other way round."""
        if self.uses_sandbox:
            return self
        required = (*HR_REQUIRED[self.hr_kind], *self._required_of_graph)
        missing = [name for name in required if getattr(self, name) is None]
        if self.hr_kind == "scim" and self.hr_token is None:
            fetching = ("hr_token_url", "hr_client_id", "hr_client_secret")
            missing += [name for name in fetching if getattr(self, name) is None]
        if missing:
            names = ", ".join(PREFIX + name.upper() for name in missing)
            raise ValueError(f"missing: {names} (set all of them, or none to use the sandbox)")
        return self

    @cached_property
    def uses_sandbox(self) -> bool:
        """No real system is configured at all: neither the HR system nor Microsoft Graph."""
        untouched = all(getattr(self, name) is None for name in OF_REAL_SYSTEMS)
        return untouched and self.graph_base_url == GRAPH_ON_THE_INTERNET

    @property
    def has_imports(self) -> bool:
        """Whether documents go in packages to an archive system, and not to the personnel folders."""
        return self.archive_target == "import"

    @property
    def graph_is_a_stand_in(self) -> bool:
        """Plain http, which is accepted for this machine only: the sandbox, or a test's tenant."""
        return self.graph_base_url.startswith("http://")

    @property
    def may_choose_the_day(self) -> bool:
        """Whether a run may be for any business date: in the sandbox, where a year is lived in minutes."""
        return self.uses_sandbox or self.graph_is_a_stand_in

    @property
    def graph_credential_kind(self) -> GraphCredential:
        """A certificate is preferred to a secret."""
        if self.graph_credential is not None:
            return self.graph_credential
        is_secret = self.graph_client_secret is not None and self.graph_certificate_path is None
        return "secret" if is_secret else "certificate"

    @property
    def graph_scope(self) -> str:
        """All the permissions the app has been given at this cloud's Graph."""
        return f"https://{urlsplit(self.graph_base_url).hostname}/.default"

    @property
    def _required_of_graph(self) -> tuple[str, ...]:
        match self.graph_credential_kind:
            case "managed-identity":
                return tuple(name for name in GRAPH_REQUIRED if name not in NOT_OF_MANAGED_IDENTITY)
            case "secret":
                return (*GRAPH_REQUIRED, "graph_client_secret")
            case "certificate":
                return (*GRAPH_REQUIRED, "graph_certificate_path")

    @property
    def sandbox_dir(self) -> Path:
        return self.state_dir / "sandbox"


def load_settings() -> Settings:
    """Read the environment and `.env`.

    Raises:
        SettingsError: one line that names every setting that is missing or wrong, and never quotes a value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [_sentence(problem["loc"], problem["msg"]) for problem in error.errors()]
        raise SettingsError("; ".join(problems)) from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + str(location[0]).upper() if location else ""
    return f"{name}: {message.removeprefix('Value error, ')}".removeprefix(": ")
