"""An older database is put back after mails have gone out and documents have been filed: nothing goes twice."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hjemmekontor.backup import backup, restore
from tests.database.samples import TODAY
from tests.graph.one_night import deliver
from tests.graph.town import Town

NOW = datetime(2027, 3, 1, 1, 30, tzinfo=UTC)


def test_what_was_delivered_after_the_backup_is_found_and_not_done_again(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prefect.db").touch()
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}")
    settings = town.settings.model_copy(
        update={"database_url": town.environment["HK_DATABASE_URL"], "state_dir": tmp_path}
    )
    folder = backup(settings, tmp_path / "backups", NOW)
    deliver()
    sent = [message.headers for message in town.tenant.sent_messages()]
    assert sent
    restore(settings, folder, TODAY, replace=True)
    deliver()
    assert [message.headers for message in town.tenant.sent_messages()] == sent
    town.assert_all_delivered_once()
