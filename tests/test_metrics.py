"""Our own figures for Prometheus: counters that grow night by night, and how things stand."""

from datetime import UTC, date, datetime

from sqlalchemy import insert

from config.settings import Settings
from hjemmekontor.metrics import metrics
from integrations.database.engine import Database
from integrations.database.nights import EndedNight, record_night
from integrations.database.tables import outbox

ON = date(2027, 3, 2)
ENDED_AT = datetime(2027, 3, 1, 0, 30, tzinfo=UTC)


def test_before_the_first_night(sqlite_url: str) -> None:
    said = metrics(Settings(database_url=sqlite_url), ON)
    assert 'hjemmekontor_nights_total{well="true"} 0\n' in said
    assert 'hjemmekontor_night_deliveries_total{what="e-poster sendt"} 0\n' in said
    assert "timestamp" not in said


def test_nights_add_up_and_every_line_says_whose_it_is(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    with database.transaction() as connection:
        for is_well, sent, waited in ((True, 40, 0), (False, 2, 17)):
            counts = {"e-poster sendt": sent, "sekunder ventet (struping)": waited, "lest": 300}
            record_night(connection, EndedNight(ON, ENDED_AT, is_well, counts))
        rows = [("a", "done"), ("b", "done"), ("c", "failed")]
        values = [{"key": key, "kind": "mail", "status": status} for key, status in rows]
        connection.execute(insert(outbox).values(payload={}, attempts=1, created_on=ON), values)
    database.close()

    said = metrics(Settings(database_url=sqlite_url, installation="sandvik"), ON)

    assert said.endswith("\n")
    samples = [line for line in said.splitlines() if not line.startswith("#")]
    assert all(line.partition("{")[2].startswith('installation="sandvik"') for line in samples)
    assert [line.replace('installation="sandvik",', "") for line in samples[:11]] == [
        'hjemmekontor_nights_total{well="true"} 1',
        'hjemmekontor_nights_total{well="false"} 1',
        'hjemmekontor_night_deliveries_total{what="e-poster sendt"} 42',
        'hjemmekontor_night_deliveries_total{what="e-poster som feilet"} 0',
        'hjemmekontor_night_deliveries_total{what="e-poster i retur"} 0',
        'hjemmekontor_night_deliveries_total{what="e-poster som venter til neste virkedag"} 0',
        'hjemmekontor_night_deliveries_total{what="e-poster som lå igjen som utkast, og sendes på nytt"} 0',
        'hjemmekontor_night_deliveries_total{what="utkast til e-post fjernet"} 0',
        'hjemmekontor_night_deliveries_total{what="leveranser som feilet"} 0',
        'hjemmekontor_night_deliveries_total{what="forespørsler gjentatt"} 0',
        'hjemmekontor_night_deliveries_total{what="sekunder ventet (struping)"} 17',
    ]
    assert f'hjemmekontor_night_good_timestamp_seconds{{installation="sandvik"}} {ENDED_AT.timestamp():.0f}' in samples
    assert 'hjemmekontor_outbox{installation="sandvik",kind="mail",status="done"} 2' in samples
    assert 'hjemmekontor_outbox{installation="sandvik",kind="mail",status="failed"} 1' in samples
    assert "lest" not in said
