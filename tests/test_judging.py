"""Is the system well: each thing that can be wrong, from figures alone, and what is offered to repair it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from agreements.freshness import GoodRun
from config.deployments import NIGHT, REPLAY, REVIEW_HOLD, SEND_AGAIN, STAFF
from integrations.database.health import Figures, Held
from integrations.database.nights import EndedNight
from integrations.graph.expiry import Credential
from tasks.judging import LastNight, Nights, backup_line, is_all_well, judge

TODAY = date(2027, 3, 1)
NOW = datetime(2027, 3, 1, 6, 0, tzinfo=UTC)
OURS = EndedNight(TODAY, NOW - timedelta(hours=6), is_well=True, counts={})
WELL = Figures(
    on=TODAY,
    last_night=OURS,
    last_sync=GoodRun(NOW - timedelta(hours=5), None, 300),
    held=[],
    set_aside=3,
    given_up=0,
    tried_again=0,
    throttled_until=NOW - timedelta(minutes=1),
    stuck=[],
)
LAST = LastNight(NOW - timedelta(hours=5), "gikk bra", is_well=True)
NIGHTS = Nights(LAST, NOW + timedelta(hours=19))
CREDENTIAL = Credential("certificate", NOW + timedelta(days=300))
LIMIT = 50


@pytest.mark.parametrize(
    ("hours", "said", "is_well"),
    [
        (None, "ingen er tatt ennå", False),
        (24, "tatt 28.02.2027 kl. 07:00", True),
        (26, "tatt 28.02.2027 kl. 05:00 (for lenge siden)", False),
    ],
)
def test_the_backup(hours: int | None, said: str, is_well: bool) -> None:  # noqa: FBT001 - a column of the table
    line = backup_line(None if hours is None else NOW - timedelta(hours=hours), NOW)
    assert (line.what, line.said, line.is_well) == ("Sikkerhetskopi", said, is_well)


def test_all_is_well() -> None:
    lines = judge(WELL, NIGHTS, CREDENTIAL, LIMIT, NOW)
    assert is_all_well(lines)
    assert [(line.what, line.said) for line in lines] == [
        ("Siste natt", "gikk bra, ferdig 01.03.2027 kl. 02:00"),
        ("Neste natt", "02.03.2027 kl. 02:00"),
        ("Ansattdata", "hentet for 5 timer siden"),
        ("Stansede kjøringer", "ingen"),
        ("Avvik satt til side", "3"),
        ("Leveranser oppgitt", "0"),
        ("Struping", "nei"),
        ("Sertifikatet for Microsoft 365", "gjelder til 26.12.2027"),
        ("Saker som står fast", "ingen"),
    ]


@pytest.mark.parametrize(
    ("figures", "what", "said", "repairs"),
    [
        ({"last_sync": None}, "Ansattdata", "aldri hentet fra HR-systemet", (STAFF,)),
        (
            {"last_sync": GoodRun(NOW - timedelta(hours=27), None, 300)},
            "Ansattdata",
            "hentet for 27 timer siden",
            (STAFF,),
        ),
        (
            {"last_sync": GoodRun(NOW - timedelta(hours=5), NOW - timedelta(hours=60), 300)},
            "Ansattdata",
            "hentet for 5 timer siden; HR-systemets egne data er 60 timer gamle",
            (STAFF,),
        ),
        (
            {"last_sync": GoodRun(NOW - timedelta(hours=27), NOW + timedelta(hours=24), 300)},
            "Ansattdata",
            "hentet for 27 timer siden; HR-systemets egne data er 0 timer gamle",
            (STAFF,),
        ),
        (
            {"held": [Held("a1b2", ["40 ansatte ville sluttet", "30 ville endret"])]},
            "Stansede kjøringer",
            "venter på avgjørelse (a1b2): 40 ansatte ville sluttet; 30 ville endret",
            (REVIEW_HOLD,),
        ),
        ({"set_aside": LIMIT + 1}, "Avvik satt til side", "51, over grensen på 50", (REPLAY,)),
        ({"given_up": 2, "tried_again": 1}, "Leveranser oppgitt", "2, 1 prøves igjen", (SEND_AGAIN,)),
        (
            {"throttled_until": NOW + timedelta(minutes=5)},
            "Struping",
            "ja, Microsoft 365 ber oss vente til 01.03.2027 kl. 07:05",
            (),
        ),
        (
            {"stuck": [f"HK-2027-0000{number}" for number in range(1, 8)]},
            "Saker som står fast",
            "7: HK-2027-00001, HK-2027-00002, HK-2027-00003, HK-2027-00004, HK-2027-00005 …",
            (NIGHT, "Vis sak"),
        ),
    ],
)
def test_one_thing_is_wrong(figures: dict[str, object], what: str, said: str, repairs: tuple[str, ...]) -> None:
    lines = judge(replace(WELL, **figures), NIGHTS, CREDENTIAL, LIMIT, NOW)  # type: ignore[arg-type]
    [wrong] = [line for line in lines if not line.is_well]
    assert (wrong.what, wrong.said, tuple(wrong.repairs)) == (what, said, repairs)


@pytest.mark.parametrize(
    ("nights", "wrong"),
    [
        (Nights(None, None, is_answered=False), {"Neste natt": "Prefect svarer ikke"}),
        (replace(NIGHTS, last=None), {}),
        (replace(NIGHTS, next_at=None), {"Neste natt": "ingen er satt opp; se tidsplanen"}),
        (
            replace(NIGHTS, last=replace(LAST, how="feilet", is_well=False)),
            {"Siste natt": "feilet, ferdig 01.03.2027 kl. 02:00"},
        ),
        (
            # Killed, so that our own database knows of the one before only.
            replace(NIGHTS, last=replace(LAST, how="stoppet uten å bli ferdig", is_well=False)),
            {"Siste natt": "stoppet uten å bli ferdig, ferdig 01.03.2027 kl. 02:00"},
        ),
    ],
)
def test_the_nights(nights: Nights, wrong: dict[str, str]) -> None:
    lines = judge(WELL, nights, CREDENTIAL, LIMIT, NOW)
    assert {line.what: line.said for line in lines if not line.is_well} == wrong


@pytest.mark.parametrize(
    ("last_night", "said"),
    [
        (None, "ingen natt er kjørt ennå"),
        (replace(OURS, is_well=False), "feilet, ferdig 01.03.2027 kl. 01:00"),
        (
            replace(OURS, ended_at=NOW - timedelta(hours=27)),
            "gikk bra, ferdig 28.02.2027 kl. 04:00 (for lenge siden)",
        ),
    ],
)
def test_our_own_word_is_enough_where_prefect_does_not_answer(last_night: EndedNight | None, said: str) -> None:
    lines = judge(replace(WELL, last_night=last_night), Nights(None, None, is_answered=False), CREDENTIAL, LIMIT, NOW)
    assert {line.what: line.said for line in lines if not line.is_well} == {
        "Siste natt": said,
        "Neste natt": "Prefect svarer ikke",
    }
