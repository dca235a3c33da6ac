"""Reports over the scheme: evaluations answered in numbers, the reports with their files, notices without a case."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import integrations.database.instants

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ALONE = {"resolve_fks": False}
"""SQLite copies the table to alter a column: what it refers to need not be read, and has indexes that cannot be."""


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("answers", sa.JSON(), nullable=True))
    with op.batch_alter_table("notices", reflect_kwargs=ALONE) as batch:
        batch.alter_column("case_number", existing_type=sa.String(), nullable=True)
    op.create_table(
        "scheme_reports",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", name=op.f("pk_scheme_reports")),
    )
    op.create_table(
        "scheme_files",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("quick_xor_hash", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("drive_item_id", sa.String(), nullable=True),
        sa.Column("verified_at", integrations.database.instants.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["as_of"], ["scheme_reports.as_of"], name=op.f("fk_scheme_files_as_of_scheme_reports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("as_of", "format", name=op.f("pk_scheme_files")),
    )


def downgrade() -> None:
    op.drop_table("scheme_files")
    op.drop_table("scheme_reports")
    op.execute("DELETE FROM notices WHERE case_number IS NULL")
    with op.batch_alter_table("notices", reflect_kwargs=ALONE) as batch:
        batch.alter_column("case_number", existing_type=sa.String(), nullable=False)
    op.drop_column("evaluations", "answers")
