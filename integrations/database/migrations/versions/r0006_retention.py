"""What stays of a case whose personal data has been kept long enough."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import integrations.database.instants

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "purged_cases",
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=True),
        sa.Column("applied_in", sa.Date(), nullable=False),
        sa.Column("started_in", sa.Date(), nullable=True),
        sa.Column("ended_in", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("days_per_week", sa.Float(), nullable=False),
        sa.Column("imposed", sa.Boolean(), nullable=False),
        sa.Column("evaluations", sa.Integer(), nullable=False),
        sa.Column("purged_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_purged_cases")),
    )
    op.create_table(
        "purged_filings",
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("quick_xor_hash", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("drive_item_id", sa.String(), nullable=False),
        sa.Column("verified_at", integrations.database.instants.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["purged_cases.case_number"],
            name=op.f("fk_purged_filings_case_number_purged_cases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("case_number", "kind", "sequence", name=op.f("pk_purged_filings")),
    )


def downgrade() -> None:
    op.drop_table("purged_filings")
    op.drop_table("purged_cases")
