"""The reviewed file that says who leads whom in spite of what HR says.

A TOML file, `HK_MANAGER_OVERRIDES`. Each entry names an employee or a unit, the manager, and who has approved it:

    [[override]]
    employee = "100217"        # or: unit = "O-2003"
    manager = "100105"
    approved_by = "Personalsjefen"
    approved_on = 2026-11-01
    until = 2027-06-30         # may be left out
"""

from datetime import date
from pathlib import Path

import msgspec

from agreements.people import Overrides
from config.errors import ExpectedError


class OverridesError(ExpectedError):
    """The file cannot be used. One line that names it and what is wrong."""


class _Override(msgspec.Struct, forbid_unknown_fields=True):
    manager: str
    approved_by: str
    approved_on: date
    employee: str | None = None
    unit: str | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if (self.employee is None) == (self.unit is None):
            raise ValueError("an override names either an employee or a unit")
        if not self.approved_by.strip():
            raise ValueError("approved_by must say who has approved the override")
        if self.manager == self.employee:
            raise ValueError("nobody is their own manager")

    def holds_on(self, day: date) -> bool:
        return self.approved_on <= day and (self.until is None or day <= self.until)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    override: list[_Override] = []


def load_overrides(path: Path | None, today: date) -> Overrides:
    """The overrides that hold today; none without a file.

    Raises:
        OverridesError: the file cannot be read, or an entry is wrong or stands twice.
    """
    if path is None:
        return Overrides()
    try:
        file = msgspec.toml.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise OverridesError(f"HK_MANAGER_OVERRIDES: {path} cannot be read ({error.strerror}).") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OverridesError(f"HK_MANAGER_OVERRIDES: {path}: {error}") from None
    holding = [(number, each) for number, each in enumerate(file.override, 1) if each.holds_on(today)]
    return Overrides(
        _once(path, [(number, each.employee, each.manager) for number, each in holding]),
        _once(path, [(number, each.unit, each.manager) for number, each in holding]),
    )


def _once(path: Path, entries: list[tuple[int, str | None, str]]) -> dict[str, str]:
    """Messages name the entry by its place in the file: an employee number has no business in a log."""
    managers: dict[str, str] = {}
    for number, key, manager in entries:
        if key is not None and managers.setdefault(key, manager) != manager:
            raise OverridesError(
                f"HK_MANAGER_OVERRIDES: {path}: override number {number} gives a second manager for the same day."
            )
    return managers
