"""Who in HR registered an answer in a form."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("registered_by", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("inbox", "registered_by")
