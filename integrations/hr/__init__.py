"""HR systems, read to one common picture (`agreements.people.Snapshot`)."""

from typing import assert_never

from requests.auth import AuthBase, HTTPBasicAuth

from config.settings import HR_REQUIRED, PREFIX, Settings, SettingsError
from integrations.hr.csv_export.source import CsvSource
from integrations.hr.files import HrFile
from integrations.hr.fint.client import Access, FintClient
from integrations.hr.fint.source import FintSource
from integrations.hr.http import HrHttp, NoAuth
from integrations.hr.scim.client import ScimAccess, ScimClient
from integrations.hr.scim.source import ScimSource
from integrations.hr.source import HrSource, HrUnreadable
from integrations.hr.unit4 import Unit4Source
from integrations.hr.visma import VismaSource

__all__ = ["HrSource", "HrUnreadable", "open_source"]


def open_source(settings: Settings) -> HrSource:
    """The HR system that `HK_HR_KIND` names. Nothing is connected to before it is read.

    Raises:
        SettingsError: settings that this kind needs are missing; the message names them.
        CsvColumnsError: the file that says what the columns are called cannot be used.
    """
    given = _given(settings)
    match settings.hr_kind:
        case "csv":
            units = None if settings.hr_units_url is None else HrFile(settings.hr_units_url, _basic(given))
            return CsvSource(HrHttp(), HrFile(given["hr_url"], _basic(given)), units, settings.hr_columns)
        case "fint":
            return FintSource(FintClient(_fint_access(given)))
        case "scim":
            return ScimSource(ScimClient(_scim_access(given)), settings.hr_filter)
        case "unit4":
            return Unit4Source(HrHttp(), HrFile(given["hr_url"], _basic(given)))
        case "visma":
            return VismaSource(HrHttp(), given["hr_url"], settings.hr_company, _basic(given))
        case _:
            assert_never(settings.hr_kind)


def _given(settings: Settings) -> dict[str, str]:
    """What is set of an HR system's address and credentials."""
    secrets = {
        "hr_client_secret": settings.hr_client_secret,
        "hr_password": settings.hr_password,
        "hr_token": settings.hr_token,
    }
    plain = {
        "hr_url": settings.hr_url,
        "hr_token_url": settings.hr_token_url,
        "hr_client_id": settings.hr_client_id,
        "hr_username": settings.hr_username,
    }
    values = {**plain, **{name: secret and secret.get_secret_value() for name, secret in secrets.items()}}
    given = {name: value for name, value in values.items() if value}
    missing = [PREFIX + name.upper() for name in HR_REQUIRED[settings.hr_kind] if name not in given]
    if missing:
        raise SettingsError(f"missing for HK_HR_KIND={settings.hr_kind}: {', '.join(missing)}")
    return given


def _basic(given: dict[str, str]) -> AuthBase:
    if "hr_username" not in given:
        return NoAuth()
    return HTTPBasicAuth(given["hr_username"].encode(), given.get("hr_password", "").encode())


def _fint_access(given: dict[str, str]) -> Access:
    return Access(
        url=given["hr_url"],
        token_url=given["hr_token_url"],
        client_id=given["hr_client_id"],
        client_secret=given["hr_client_secret"],
        username=given["hr_username"],
        password=given["hr_password"],
    )


def _scim_access(given: dict[str, str]) -> ScimAccess:
    return ScimAccess(
        url=given["hr_url"],
        token=given.get("hr_token"),
        token_url=given.get("hr_token_url"),
        client_id=given.get("hr_client_id"),
        client_secret=given.get("hr_client_secret"),
    )
