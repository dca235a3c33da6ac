"""The nights that came to their end, by our own word: what is asked when Prefect does not answer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import integrations.database.instants

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "nights",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("ended_at", integrations.database.instants.UtcDateTime(timezone=True), nullable=False),
        sa.Column("is_well", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nights")),
    )


def downgrade() -> None:
    op.drop_table("nights")
