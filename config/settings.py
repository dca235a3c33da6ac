"""Settings from the environment, prefix `HK_` (see `.env.example`), checked before anything starts."""

from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import ExpectedError

PREFIX = "HK_"
GRAPH_ON_THE_INTERNET = "https://graph.microsoft.com/v1.0"
REQUIRED = (
    "hr_url",
    "hr_token_url",
    "hr_client_id",
    "hr_client_secret",
    "hr_username",
    "hr_password",
    "graph_tenant_id",
    "graph_client_id",
    "graph_site_id",
    "mail_sender",
    "hr_mail",
)
"""What real systems need; a certificate or a secret for Graph comes on top."""
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

    hr_kind: Literal["fint"] = "fint"
    hr_url: str | None = None
    hr_token_url: str | None = None
    hr_client_id: str | None = None
    hr_client_secret: SecretStr | None = None
    hr_username: str | None = None
    hr_password: SecretStr | None = None

    graph_base_url: str = GRAPH_ON_THE_INTERNET
    graph_tenant_id: str | None = None
    graph_client_id: str | None = None
    graph_client_secret: SecretStr | None = None
    graph_certificate_path: Path | None = None
    graph_site_id: str | None = None

    mail_sender: str | None = None
    hr_mail: str | None = Field(default=None, description="Where HR's own mails go")
    archive_folder: str = Field(
        default="{employee_number}/Hjemmekontor/{case_number}",
        description="Path of the case in the archive library; placeholders: employee_number, case_number",
    )

    @field_validator("graph_base_url", "hr_url", "hr_token_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address that starts with https://")
        return value.rstrip("/")

    @field_validator("graph_base_url", "hr_url", "hr_token_url")
    @classmethod
    def _plain_http_on_loopback_only(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise ValueError("plain http is accepted for this machine only; use https")
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

    @model_validator(mode="after")
    def _all_or_nothing(self) -> "Settings":
        """Half a configuration would send real employees' cases to the sandbox or the other way round."""
        if self.uses_sandbox:
            return self
        missing = [name for name in REQUIRED if getattr(self, name) is None]
        if self.graph_client_secret is None and self.graph_certificate_path is None:
            missing.append("graph_certificate_path")
        if missing:
            names = ", ".join(PREFIX + name.upper() for name in missing)
            raise ValueError(f"missing: {names} (set all of them, or none to use the sandbox)")
        return self

    @cached_property
    def uses_sandbox(self) -> bool:
        """No real system is configured at all: neither the HR system nor Microsoft Graph."""
        real = (*REQUIRED, "graph_client_secret", "graph_certificate_path")
        return all(getattr(self, name) is None for name in real) and self.graph_base_url == GRAPH_ON_THE_INTERNET

    @property
    def graph_is_on_loopback(self) -> bool:
        return urlsplit(self.graph_base_url).hostname in LOOPBACK_HOSTS

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
