"""Leave, units and handovers of cases; addresses from the directory; holds that can be applied exactly."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import integrations.database.instants

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ADDRESSES = ("email", "user_principal_name", "directory_mail", "directory_principal_name")
OF_EMPLOYEE = "(SELECT unit_id FROM employees WHERE employees.employee_number = cases.employee_number)"


def upgrade() -> None:
    op.create_table(
        "leaves",
        sa.Column("employee_number", sa.String(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["employee_number"],
            ["employees.employee_number"],
            name=op.f("fk_leaves_employee_number_employees"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("employee_number", "start_on", name=op.f("pk_leaves")),
    )
    op.drop_index(op.f("ix_employees_email"), "employees")
    op.drop_index(op.f("ix_employees_user_principal_name"), "employees")
    op.add_column("employees", sa.Column("is_away", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("employees", sa.Column("directory_mail", sa.String(), nullable=True))
    op.add_column("employees", sa.Column("directory_principal_name", sa.String(), nullable=True))
    op.add_column("employees", sa.Column("directory_read_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_employees_manager_number"), "employees", ["manager_number"])
    for name in ADDRESSES:
        op.create_index(f"ix_employees_lower_{name}", "employees", [sa.text(f"lower({name})")])
    _add_to_cases()
    _add_to_sync_runs_and_holds()


def _add_to_cases() -> None:
    """A case that exists is taken to be in the hands, and in the unit, that HR says now."""
    op.add_column("cases", sa.Column("led_by", sa.String(), nullable=True))
    op.add_column("cases", sa.Column("handed_over_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("unit_id", sa.String(), nullable=True))
    op.add_column("cases", sa.Column("placed_in", sa.String(), nullable=True))
    op.add_column("cases", sa.Column("away", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("paused_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("equipment", sa.JSON(), nullable=True))
    op.add_column("cases", sa.Column("is_leader", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("assessment_answers", sa.JSON(), nullable=True))
    op.execute(f"UPDATE cases SET led_by = manager_number, unit_id = {OF_EMPLOYEE}, placed_in = {OF_EMPLOYEE}")  # noqa: S608 - our own words


def _add_to_sync_runs_and_holds() -> None:
    instant = integrations.database.instants.UtcDateTime(timezone=True)
    op.add_column("sync_runs", sa.Column("source", sa.String(), nullable=False, server_default="fint"))
    op.add_column("sync_runs", sa.Column("published_at", instant, nullable=True))
    op.add_column("sync_runs", sa.Column("input_digest", sa.String(), nullable=True))
    op.add_column("sync_runs", sa.Column("without_manager", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("holds", sa.Column("business_date", sa.Date(), nullable=True))
    op.add_column("holds", sa.Column("snapshot", sa.LargeBinary(), nullable=True))
    # An approval is carried out at once now; one that has not been is asked for anew, with what HR says by then.
    op.execute("UPDATE holds SET status = 'superseded' WHERE status IN ('waiting', 'approved')")


def downgrade() -> None:
    for name in ("snapshot", "business_date"):
        op.drop_column("holds", name)
    for name in ("without_manager", "input_digest", "published_at", "source"):
        op.drop_column("sync_runs", name)
    for name in (
        "assessment_answers",
        "is_leader",
        "equipment",
        "paused_on",
        "away",
        "placed_in",
        "unit_id",
        "handed_over_on",
        "led_by",
    ):
        op.drop_column("cases", name)
    op.drop_index(op.f("ix_employees_manager_number"), "employees")
    for name in ADDRESSES:
        op.drop_index(f"ix_employees_lower_{name}", "employees")
    for name in ("directory_read_on", "directory_principal_name", "directory_mail", "is_away"):
        op.drop_column("employees", name)
    op.create_index(op.f("ix_employees_user_principal_name"), "employees", ["user_principal_name"])
    op.create_index(op.f("ix_employees_email"), "employees", ["email"])
    op.drop_table("leaves")
