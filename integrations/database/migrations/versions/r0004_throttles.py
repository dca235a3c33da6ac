"""What all workers together have asked of Microsoft 365."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import integrations.database.instants

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    instant = integrations.database.instants.UtcDateTime(timezone=True)
    op.create_table(
        "throttles",
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("spent_until", instant, nullable=False),
        sa.Column("blocked_until", instant, nullable=False),
        sa.PrimaryKeyConstraint("resource", name=op.f("pk_throttles")),
    )


def downgrade() -> None:
    op.drop_table("throttles")
