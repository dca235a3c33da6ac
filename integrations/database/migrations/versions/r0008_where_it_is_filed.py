"""Documents go to the personnel folders, or in packages to an archive system: each filing knows to which library."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("filings", sa.Column("library", sa.String(), nullable=True))
    op.execute("UPDATE filings SET library = 'Personalmapper' WHERE path IS NOT NULL")


def downgrade() -> None:
    op.drop_column("filings", "library")
