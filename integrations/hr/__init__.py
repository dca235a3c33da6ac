"""HR systems, read to one common picture (`agreements.people.Snapshot`)."""

from typing import assert_never

from config.settings import PREFIX, Settings, SettingsError
from integrations.hr.fint.client import Access, FintClient
from integrations.hr.fint.source import FintSource
from integrations.hr.source import HrSource, HrUnreadable

__all__ = ["HrSource", "HrUnreadable", "open_source"]


def open_source(settings: Settings) -> HrSource:
    """The HR system that `HK_HR_KIND` names. Nothing is connected to before it is read.

    Raises:
        SettingsError: settings that this kind needs are missing; the message names them.
    """
    match settings.hr_kind:
        case "fint":
            return FintSource(FintClient(_fint_access(settings)))
        case _:
            assert_never(settings.hr_kind)


def _fint_access(settings: Settings) -> Access:
    secret, password = settings.hr_client_secret, settings.hr_password
    needed = {
        "hr_url": settings.hr_url,
        "hr_token_url": settings.hr_token_url,
        "hr_client_id": settings.hr_client_id,
        "hr_client_secret": secret and secret.get_secret_value(),
        "hr_username": settings.hr_username,
        "hr_password": password and password.get_secret_value(),
    }
    given = {name: value for name, value in needed.items() if value}
    missing = [PREFIX + name.upper() for name in needed if name not in given]
    if missing:
        raise SettingsError(f"missing for HK_HR_KIND=fint: {', '.join(missing)}")
    return Access(
        url=given["hr_url"],
        token_url=given["hr_token_url"],
        client_id=given["hr_client_id"],
        client_secret=given["hr_client_secret"],
        username=given["hr_username"],
        password=given["hr_password"],
    )
