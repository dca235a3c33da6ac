"""Reading single values: dates in every writing, percentages, links."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.hr.fint.records import Link, linked
from integrations.hr.values import oslo_day, percent_of_full_time
from sandbox.hr.rows import END_WRITINGS, NO_END_WRITINGS, START_WRITINGS

SPRING_NIGHT = date(2026, 3, 29)
AUTUMN_NIGHT = date(2026, 10, 25)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-05-01", date(2020, 5, 1)),
        ("2020-05-01T00:00:00", date(2020, 5, 1)),
        ("2020-05-01T00:00:00Z", date(2020, 5, 1)),
        ("2022-11-23T23:59:59Z", date(2022, 11, 23)),
        ("2022-11-23T23:59:59.999Z", date(2022, 11, 23)),
        ("2018-01-31T23:00:00Z", date(2018, 2, 1)),
        ("2020-04-30T22:00:00Z", date(2020, 5, 1)),
        ("2018-04-10T12:00:45Z", date(2018, 4, 10)),
        ("2020-05-01T00:00:00+02:00", date(2020, 5, 1)),
        # The nights in which the clocks change, and the ones after: midnight in Oslo, written in UTC.
        ("2026-03-28T23:00:00Z", SPRING_NIGHT),
        ("2026-03-29T22:00:00Z", date(2026, 3, 30)),
        ("2026-10-24T22:00:00Z", AUTUMN_NIGHT),
        ("2026-10-25T23:00:00Z", date(2026, 10, 26)),
        (1_774_738_800_000, SPRING_NIGHT),
        (1_792_879_200_000, AUTUMN_NIGHT),
        (-459_133_200_000, date(1955, 6, 15)),
        (0, date(1970, 1, 1)),
        ("0001-01-01T00:00:00Z", date(1, 1, 1)),
        ("2099-12-31", None),
        ("2099-12-30T23:00:00Z", None),
        ("2099-12-31T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59-01:00", None),
        (4_102_354_800_000, None),
        (253_402_300_799_000, None),
    ],
)
def test_dates(written: str | int, meant: date | None) -> None:
    assert oslo_day(written) == meant


@pytest.mark.parametrize(
    "written",
    ["", "i går", "31.12.2025", "2025-02-30", True, 1.5, None, [], 10**30, -(10**30), "0001-01-01T00:00+09:00"],
)
def test_what_is_not_a_date_is_said_without_quoting_it(written: object) -> None:
    with pytest.raises(ValueError, match=r"^verdien er ikke en dato$"):
        oslo_day(written)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 29)))
def test_every_way_of_writing_a_date_reads_as_that_date(day: date) -> None:
    # Before 1980 Oslo's midnight was not always at 22 or 23 o'clock in UTC, but it still is a moment in that date.
    assert {oslo_day(write(day)) for write in (*START_WRITINGS, *END_WRITINGS)} == {day}


@pytest.mark.parametrize("written", [written for written in NO_END_WRITINGS if written is not None])
def test_the_sandboxs_writings_of_no_end(written: object) -> None:
    assert oslo_day(written) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.datetimes(timezones=st.timezones()).map(datetime.isoformat)))
def test_any_value_is_a_date_or_a_fault(written: object) -> None:
    try:
        day = oslo_day(written)
    except ValueError:
        return
    assert day is None or day < date(2099, 12, 31)


@pytest.mark.parametrize(
    ("written", "meant"),
    [(10_000, 100.0), (100, 100.0), (8_000, 80.0), (80, 80.0), (6_250, 62.5), (62.5, 62.5), (0, 0.0), (101, 1.01)],
)
def test_percentages(written: float, meant: float) -> None:
    assert percent_of_full_time(written) == meant


@pytest.mark.parametrize("written", [None, True, "100", -1, 10_001, float("nan"), float("inf")])
def test_what_is_not_a_percentage(written: object) -> None:
    with pytest.raises(ValueError, match=r"^stillingsprosenten er "):
        percent_of_full_time(written)


@pytest.mark.parametrize(
    ("href", "value"),
    [
        ("https://api.example/organisasjon/organisasjonselement/organisasjonsId/O-1", "O-1"),
        ("https://api.example/organisasjon/organisasjonselement/organisasjonsid/O-1", "O-1"),
        ("${administrasjon.organisasjon.organisasjonselement}/organisasjonsid/O-1", "O-1"),
        ("/administrasjon/organisasjon/organisasjonselement/organisasjonsid/O%2F1%20a", "O/1 a"),
        ("/administrasjon/organisasjon/organisasjonselement/organisasjonskode/O-1", None),
        ("organisasjonsid", None),
        ("/organisasjonsid/", None),
        (None, None),
    ],
)
def test_links(href: str | None, value: str | None) -> None:
    assert linked([Link(href)], "organisasjonsid") == ([] if value is None else [value])


def test_midnight_in_utc_is_that_date_all_year() -> None:
    for month in range(1, 13):
        moment = datetime.combine(date(2026, month, 15), time(0), UTC)
        assert oslo_day(int(moment.timestamp() * 1_000)) == moment.date()
