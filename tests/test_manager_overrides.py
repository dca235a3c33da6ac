"""The reviewed file of who leads whom: what holds today, and what can be wrong with it, in one line."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from agreements.people import Overrides
from config.errors import ExpectedError
from config.manager_overrides import OverridesError, load_overrides

TODAY = date(2027, 3, 1)
DAY = timedelta(days=1)
APPROVED = 'approved_by = "Personalsjefen"\napproved_on = 2026-11-01'


def entry(who: str, manager: str = "100105", approved: str = APPROVED, until: str = "") -> str:
    return f'[[override]]\n{who}\nmanager = "{manager}"\n{approved}\n{until}\n'


def employee(number: str = "100217", manager: str = "100105", until: str = "") -> str:
    return entry(f'employee = "{number}"', manager, until=until)


def unit(unit_id: str = "O-2003", manager: str = "100106") -> str:
    return entry(f'unit = "{unit_id}"', manager)


def load(path: Path, content: str, today: date = TODAY) -> Overrides:
    path.write_text(content, encoding="utf-8")
    return load_overrides(path, today)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "overstyringer.toml"


def test_without_a_file_nobody_is_overridden() -> None:
    assert load_overrides(None, TODAY) == Overrides({}, {})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", Overrides(), id="an empty file"),
        pytest.param("# ingen for tiden\n", Overrides(), id="only a remark"),
        pytest.param(employee(), Overrides({"100217": "100105"}), id="an employee"),
        pytest.param(unit(), Overrides({}, {"O-2003": "100106"}), id="a unit"),
        pytest.param(employee("007") + unit(), Overrides({"007": "100105"}, {"O-2003": "100106"}), id="one of each"),
        pytest.param(
            employee("1") + employee("01"), Overrides({"1": "100105", "01": "100105"}), id="leading zeros matter"
        ),
        pytest.param(
            employee("7", "1") + unit("7", "2"), Overrides({"7": "1"}, {"7": "2"}), id="numbers and units apart"
        ),
        pytest.param(employee() + employee(), Overrides({"100217": "100105"}), id="twice, and agreed"),
        pytest.param(unit("Økonomi", "æ1"), Overrides({}, {"Økonomi": "æ1"}), id="Norwegian letters"),
    ],
)
def test_what_the_file_says_holds(path: Path, content: str, expected: Overrides) -> None:
    assert load(path, content) == expected


@pytest.mark.parametrize(
    ("today", "holds"),
    [
        (date(2026, 11, 1) - DAY, False),
        (date(2026, 11, 1), True),
        (date(2027, 6, 30), True),
        (date(2027, 6, 30) + DAY, False),
    ],
)
def test_an_override_holds_from_its_approval_to_its_last_day(path: Path, today: date, *, holds: bool) -> None:
    loaded = load(path, employee(until="until = 2027-06-30"), today)
    assert loaded.of_employees == ({"100217": "100105"} if holds else {})


def test_one_manager_after_the_other(path: Path) -> None:
    """The next one is approved from the day after the first one's last."""
    from_july = APPROVED.replace("2026-11-01", "2027-07-01")
    content = employee(until="until = 2027-06-30") + entry('employee = "100217"', "100999", from_july)
    assert load(path, content, date(2027, 6, 30)).of_employees == {"100217": "100105"}
    assert load(path, content, date(2027, 7, 1)).of_employees == {"100217": "100999"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("employee;manager\n1;2\n", "line 1", id="not TOML"),
        pytest.param("[[override]]\nmanager = ", "at end of document", id="cut short"),
        pytest.param(employee() + 'reason = "barnet"\n', "unknown field `reason`", id="an unknown key"),
        pytest.param(employee().replace("[[override]]", "[[overide]]"), "`overide`", id="an unknown table"),
        pytest.param(employee().replace("[[override]]", "[override]"), "`array`", id="one table instead of several"),
        pytest.param(
            employee().replace('approved_by = "Personalsjefen"\n', ""), "field `approved_by`", id="not approved"
        ),
        pytest.param(employee().replace("Personalsjefen", " "), "who has approved", id="approved by nobody"),
        pytest.param(
            employee().replace("approved_on = 2026-11-01", ""), "field `approved_on`", id="approved on no day"
        ),
        pytest.param(employee().replace('manager = "100105"', ""), "field `manager`", id="no manager"),
        pytest.param(employee().replace('"100217"', "100217"), "$.override[0].employee", id="a number without quotes"),
        pytest.param(employee(until='until = "sommeren"'), "$.override[0].until", id="not a day"),
        pytest.param(entry(""), "either an employee or a unit", id="about nobody"),
        pytest.param(
            entry('employee = "1"\nunit = "2"'), "either an employee or a unit", id="about an employee and a unit"
        ),
        pytest.param(employee("7", "7"), "their own manager", id="their own manager"),
        pytest.param(
            employee() + employee(manager="2"),
            "override number 2 gives a second manager",
            id="an employee's two managers",
        ),
        pytest.param(
            unit() + unit(manager="2"), "override number 2 gives a second manager", id="a unit's two managers"
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(path: Path, content: str, complaint: str) -> None:
    with pytest.raises(OverridesError) as error:
        load(path, content)
    check(error.value, path, complaint)


def check(error: OverridesError, path: Path, complaint: str) -> None:
    assert isinstance(error, ExpectedError)
    message = str(error)
    assert message.startswith("HK_MANAGER_OVERRIDES: ")
    assert str(path) in message
    assert complaint in message
    assert len(message.splitlines()) == 1
    assert error.__cause__ is None


def test_an_entry_that_is_wrong_is_wrong_before_it_holds(path: Path) -> None:
    with pytest.raises(OverridesError, match="their own manager"):
        load(path, employee("7", "7"), date(2020, 1, 1))


def test_a_file_that_is_missing_is_said(path: Path) -> None:
    with pytest.raises(OverridesError) as error:
        load_overrides(path, TODAY)
    check(error.value, path, "cannot be read (No such file or directory)")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(OverridesError) as error:
        load_overrides(tmp_path, TODAY)
    check(error.value, tmp_path, "cannot be read (Is a directory)")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_is_said(path: Path, encoding: str) -> None:
    path.write_text(unit("Økonomi"), encoding=encoding)
    with pytest.raises(OverridesError) as error:
        load_overrides(path, TODAY)
    check(error.value, path, "utf-8")
