"""Alembic's entry point: always handed an open connection by `integrations.database.migrate`."""

from alembic import context

from integrations.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
