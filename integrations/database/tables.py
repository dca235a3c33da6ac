"""The tables: one installation's whole memory. The same on SQLite and PostgreSQL."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
)

from integrations.database.instants import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- Who works where (from the HR system) -----------------------------------------------------------------------

units = Table(
    "units",
    metadata,
    Column("unit_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("parent_id", String),
    Column("manager_number", String),
    Column("content_hash", LargeBinary, nullable=False),
)

employees = Table(
    "employees",
    metadata,
    Column("employee_number", String, primary_key=True),
    Column("given_name", String, nullable=False),
    Column("family_name", String, nullable=False),
    Column("email", String),
    Column("user_principal_name", String),
    Column("start_on", Date),
    Column("end_on", Date),
    Column("substitute_number", String),
    Column("unit_id", String),
    Column("manager_number", String, index=True),
    Column("manager_found_by", String, nullable=False),
    Column("absent_since", Date),  # the first complete walk this person was missing from, while still missing
    Column("left_on", Date),  # the last day of the employment, said by HR or concluded from absence
    Column("is_away", Boolean, nullable=False, server_default=false()),  # on leave, as of the last sync
    # Not HR's words: what Microsoft Entra ID says of those whom HR gives no address. The sync leaves them alone.
    Column("directory_mail", String),
    Column("directory_principal_name", String),
    Column("directory_read_on", Date),
    Column("content_hash", LargeBinary, nullable=False),
)
ADDRESS_COLUMNS = ("email", "user_principal_name", "directory_mail", "directory_principal_name")
"""People are looked up by any of these, without regard to case."""
for _address in ADDRESS_COLUMNS:
    Index(f"ix_employees_lower_{_address}", func.lower(employees.c[_address]))

leaves = Table(
    "leaves",
    metadata,
    # Dates only: why somebody is on leave is never read.
    Column("employee_number", ForeignKey("employees.employee_number", ondelete="CASCADE"), primary_key=True),
    Column("start_on", Date, primary_key=True),
    Column("end_on", Date),
)

positions = Table(
    "positions",
    metadata,
    Column("employee_number", ForeignKey("employees.employee_number", ondelete="CASCADE"), primary_key=True),
    Column("position_id", String, primary_key=True),
    Column("unit_id", String),
    Column("percentage", Float, nullable=False),
    Column("is_main", Boolean, nullable=False),
    Column("manager_number", String),
    Column("start_on", Date),
    Column("end_on", Date),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business_date", Date, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("source", String, nullable=False, server_default="fint"),
    Column("published_at", UtcDateTime),  # the source's own word on how fresh its data is, where it has one
    Column("outcome", String, nullable=False),  # applied | held
    Column("digest", String, nullable=False),  # of the diff
    Column("input_digest", String),  # of what was read
    Column("total", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("left", Integer, nullable=False),
    Column("absent", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("without_manager", Integer, nullable=False, server_default="0"),
    Column("seconds", Float, nullable=False),
    Index(None, "finished_at"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", String, nullable=False),  # what is held: "sync-employees"
    Column("digest", String, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("diff", JSON, nullable=False),
    Column("business_date", Date),
    Column("snapshot", LargeBinary),  # what was read, compressed: an approval applies exactly this; then it goes
    Column("held_at", UtcDateTime, nullable=False),
    Column("status", String, nullable=False),  # waiting | discarded | applied | superseded
    Column("decided_by", String),
    UniqueConstraint("subject", "digest"),
)

# --- Cases ------------------------------------------------------------------------------------------------------

cases = Table(
    "cases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String, nullable=False, unique=True),
    Column("employee_number", ForeignKey("employees.employee_number"), nullable=False, index=True),
    Column("manager_number", String, index=True),
    Column("state", String, nullable=False),
    Column("applied_on", Date, nullable=False),
    Column("days_per_week", Float, nullable=False),
    Column("weekdays", String),
    Column("requested_start_on", Date, nullable=False),
    Column("requested_end_on", Date),
    Column("place", String, nullable=False),
    Column("led_by", String),  # the manager it was last handed to
    Column("handed_over_on", Date),
    Column("unit_id", String),
    Column("placed_in", String),  # the unit the policy was last checked for
    Column("away", Boolean, nullable=False, server_default=false()),
    Column("paused_on", Date),
    Column("position_percentage", Float),  # all positions together when the case was opened
    Column("hold_begun_on", Date),
    Column("hold_until", Date),
    Column("holds", Integer, nullable=False, server_default="0"),
    Column("imposed", Boolean, nullable=False, server_default=false()),
    Column("discussed_on", Date),  # an imposed period, with the unions
    Column("renews", String),
    Column("renewed_by", String),
    Column("equipment", JSON),
    Column("is_leader", Boolean, nullable=False, server_default=false()),
    Column("documentation_asked_on", Date),
    Column("documentation_stage", Integer),
    Column("documentation_last_sent_on", Date),
    Column("asked_again", Integer, nullable=False, server_default="0"),
    Column("assessment_asked_on", Date),
    Column("assessment_stage", Integer),
    Column("assessment_last_sent_on", Date),
    Column("assessment_outcome", String),
    Column("assessment_measures", Text),
    Column("assessment_answers", JSON),
    Column("assessment_given_by", String),
    Column("assessment_given_on", Date),
    Column("assessment_package", String),
    Column("assessment_lacking", JSON),
    Column("start_on", Date),
    Column("end_on", Date),
    Column("expiry_notified_on", Date),
    Column("termination_last_day", Date),
    Column("termination_given_by", String),
    Column("left_on", Date),
    Column("ended_on", Date),
    Column("end_reason", String),
    Column("next_action_on", Date),  # the first day a rule has something to do: what the night selects by
    Column("version", Integer, nullable=False, server_default="0"),
    Index(None, "state", "next_action_on"),
)

requirements = Table(
    "requirements",
    metadata,
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("received_on", Date),
    Column("document", String),
    Column("answers", JSON, nullable=False),
    Column("carried_from", String),  # the case it was delivered in, when a renewal uses it
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("due_on", Date, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("last_sent_on", Date, nullable=False),
    Column("outcome", String),
    Column("note", Text),
    Column("given_by", String),
    Column("given_on", Date),
    Column("answers", JSON),  # (column, score) of the questions in numbers
    Column("is_extra", Boolean, nullable=False, server_default=false()),
)

changes = Table(
    "changes",
    metadata,
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("proposed_by", String, nullable=False),
    Column("proposed_on", Date, nullable=False),
    Column("by_employee", Boolean, nullable=False),
    Column("days_per_week", Float, nullable=False),
    Column("weekdays", String),
    Column("start_on", Date, nullable=False),
    Column("asked_on", Date),
    Column("stage", Integer),
    Column("last_sent_on", Date),
    Column("outcome", String),
    Column("answered_by", String),
    Column("answered_on", Date),
    Column("settled_on", Date),
    Column("in_force_on", Date),
)

filings = Table(
    "filings",
    metadata,
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("library", String),  # where it is filed: set together with the path
    Column("path", String),
    Column("sha256", String),
    Column("quick_xor_hash", String),
    Column("size", Integer),
    Column("drive_item_id", String),
    Column("verified_at", UtcDateTime),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("business_date", Date, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String, nullable=False),  # a flow, the number of who answered, or "HR" and the adviser's
    Column("rule", String, nullable=False),
    Column("from_state", String, nullable=False),
    Column("to_state", String, nullable=False),
    Column("policy_version", String, nullable=False),
)

# --- In and out -------------------------------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False),  # the list or library it came from
    Column("external_id", String, nullable=False),
    Column("external_version", String, nullable=False),
    Column("sender", String),  # user id of the signed-in identity
    Column("sender_mail", String),
    Column("registered_by", String),  # the adviser's employee number, when HR registered it in a form
    Column("payload", JSON, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("status", String, nullable=False),  # new | taken_in | set_aside | refused | replaced | withdrawn | purged
    Column("case_number", String),
    UniqueConstraint("source", "external_id", "external_version"),
    Index(None, "status", "source"),
)

watermarks = Table(
    "watermarks",
    metadata,
    Column("source", String, primary_key=True),
    Column("token", Text, nullable=False),
)

rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_seen_on", Date, nullable=False),
    Column("last_seen_on", Date, nullable=False),
    Column("resolved_on", Date),
)

notices = Table(
    "notices",
    metadata,
    Column("key", String, primary_key=True),  # case/rule/role: the same thing is told once
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE")),  # none: to HR, about the scheme
    Column("rule", String, nullable=False),
    Column("template", String, nullable=False),
    Column("role", String, nullable=False),
    Column("reply_by", Date),
    Column("detail", Text),
    Column("business_date", Date, nullable=False),
    Column("outbox_key", ForeignKey("outbox.key"), index=True),  # the mail it went into
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),  # mail, file_report, or an errand: agreements.actions.ErrandKind
    Column("case_number", ForeignKey("cases.number", ondelete="CASCADE")),
    Column("payload", JSON, nullable=False),
    Column("created_on", Date, nullable=False),
    Column("status", String, nullable=False),  # pending | done | failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("remote_id", String),
    Column("message_id", String, index=True),  # the Internet message id a mail goes out under; after a return another
    Column("reason", String),
    Column("done_at", UtcDateTime),
    Index(None, "status", "kind"),
)

documents = Table(
    "documents",
    metadata,
    # Content on its way to the archive; gone when the archive's copy is verified.
    Column("sha256", String, primary_key=True),
    Column("media_type", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("stored_on", Date, nullable=False),
)

# --- What stays when a case has been kept long enough ------------------------------------------------------------

purged_cases = Table(
    "purged_cases",
    metadata,
    # For the statistics: months instead of days, and nobody.
    Column("case_number", String, primary_key=True),
    Column("unit_id", String),
    Column("applied_in", Date, nullable=False),
    Column("started_in", Date),
    Column("ended_in", Date),
    Column("end_reason", String),
    Column("days_per_week", Float, nullable=False),
    Column("imposed", Boolean, nullable=False),
    Column("evaluations", Integer, nullable=False),
    Column("purged_on", Date, nullable=False),
)

purged_filings = Table(
    "purged_filings",
    metadata,
    # The proof that it was filed; not the path, which has the employee's number in it.
    Column("case_number", ForeignKey("purged_cases.case_number", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("quick_xor_hash", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("drive_item_id", String, nullable=False),
    Column("verified_at", UtcDateTime, nullable=False),
)

# --- The scheme as a whole --------------------------------------------------------------------------------------

scheme_reports = Table(
    "scheme_reports",
    metadata,
    Column("as_of", Date, primary_key=True),  # the day after the last one it reports on: one report a day
    Column("period_from", Date, nullable=False),
    Column("made_on", Date, nullable=False),
    Column("policy_version", String, nullable=False),
    Column("figures", JSON, nullable=False),  # what it says in numbers, groups under five people left out
)

scheme_files = Table(
    "scheme_files",
    metadata,
    Column("as_of", ForeignKey("scheme_reports.as_of", ondelete="CASCADE"), primary_key=True),
    Column("format", String, primary_key=True),  # pdf | csv
    Column("path", String, nullable=False),  # in the report library
    Column("sha256", String, nullable=False),
    Column("quick_xor_hash", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("drive_item_id", String),
    Column("verified_at", UtcDateTime),
)

nights = Table(
    "nights",
    metadata,
    # Each one that came to its end, well or not; what was killed on the way has no row, and a dry run has none.
    Column("id", Integer, primary_key=True),
    Column("business_date", Date, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("is_well", Boolean, nullable=False),  # no step failed
    Column("counts", JSON, nullable=False),  # of all steps together, by what was counted
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

throttles = Table(
    "throttles",
    metadata,
    # What all workers together have asked of a service behind Microsoft Graph.
    Column("resource", String, primary_key=True),  # mailbox | sharepoint | directory | sign-in
    Column("spent_until", UtcDateTime, nullable=False),  # the budget of the time before this is spent
    Column("blocked_until", UtcDateTime, nullable=False),  # the service has asked to be left alone so long
)
