"""Bring the database to the newest schema, or say that it is not."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from config.errors import ExpectedError
from integrations.database.engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaOutdatedError(ExpectedError):
    """The database is older than the program. One line that names the command to run."""


def migrate(database: Database, revision: str = "head") -> None:
    """Run what migrations are missing up to `revision`, the newest by default; harmless when none are."""
    configuration = _configuration()
    with database.engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)


def has_tables(database: Database) -> bool:
    """Whether any migration has ever been run on it, or it is used for something else."""
    return bool(inspect(database.engine).get_table_names())


def revision_of(database: Database) -> str | None:
    """The last migration that was run on it."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Whether this program has it; one that a newer program has made cannot be gone on from."""
    return revision in {each.revision for each in ScriptDirectory.from_config(_configuration()).walk_revisions()}


def must_be_migrated(database: Database) -> None:
    """Raises SchemaOutdatedError unless every migration has been run."""
    if revision_of(database) != ScriptDirectory.from_config(_configuration()).get_current_head():
        raise SchemaOutdatedError("The database is not up to date: run `hjemmekontor migrate`.")


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return configuration
