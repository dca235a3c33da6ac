"""Changes of an agreement, pauses, documentation asked for again, renewals that bring with them what is valid."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("position_percentage", sa.Float(), nullable=True))
    op.add_column("cases", sa.Column("hold_begun_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("hold_until", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("holds", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("discussed_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("asked_again", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("assessment_package", sa.String(), nullable=True))
    op.add_column("cases", sa.Column("assessment_lacking", sa.JSON(), nullable=True))
    op.add_column("requirements", sa.Column("carried_from", sa.String(), nullable=True))
    op.add_column("evaluations", sa.Column("is_extra", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "changes",
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("by_employee", sa.Boolean(), nullable=False),
        sa.Column("days_per_week", sa.Float(), nullable=False),
        sa.Column("weekdays", sa.String(), nullable=True),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("last_sent_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("in_force_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_changes_case_number_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_number", "sequence", name=op.f("pk_changes")),
    )


def downgrade() -> None:
    op.drop_table("changes")
    op.drop_column("evaluations", "is_extra")
    op.drop_column("requirements", "carried_from")
    for name in (
        "assessment_lacking",
        "assessment_package",
        "asked_again",
        "discussed_on",
        "holds",
        "hold_until",
        "hold_begun_on",
        "position_percentage",
    ):
        op.drop_column("cases", name)
