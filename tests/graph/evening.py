"""The evening before a busy night: something of everything a delivery does is due, and nothing of it has been done.

Two applicants are to get folder and mail; a folder is to be shared with a new manager; an agreement to be filed with a
photo and a signed copy that goes in fragments, to come into force and have its folder closed; an evaluation to be
filed; a case that lapsed to leave nothing behind; and the report over the scheme to be made and told.
"""

import random
from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from pikepdf import Pdf

from agreements.actions import Action, Errand, ErrandKind, Notice, Role
from agreements.case import (
    Assessment,
    AssessmentOutcome,
    Chase,
    Evaluation,
    EvaluationOutcome,
    Filing,
    FilingKind,
    State,
)
from agreements.policy import Policy
from config.policy_files import SHIPPED
from config.sharepoint import CASE_LIBRARY
from integrations.database.cases import Decided, add_cases, load_cases, save_decisions
from integrations.database.engine import Database
from integrations.graph.archive import SMALL_FILE
from sandbox.graph import GraphTenant
from tasks.delivering import open_folders
from tasks.mailing import write_and_send_mail
from tasks.reading import read_answers
from tasks.receiving import take_in_uploads
from tests.database.samples import STAMP, TODAY, decide_all, load_staff, new_case, staff
from tests.database.test_scheme import came_into
from tests.documents.samples import jpeg
from tests.documents.test_signed import claiming
from tests.graph.busy_night import (
    ALSO_APPLIED,
    APPLIED,
    APPROVED,
    EMPLOYEES,
    EVALUATED,
    HANDED_OVER,
    LAPSED,
    MANAGER,
    NEW_MANAGER,
    POLICY,
)
from tests.graph.one_night import quick_night
from tests.graph.town import user

LONG_AGO = date(2026, 9, 1)


def prepare(database: Database, tenant: GraphTenant, directory: Path) -> None:
    """Everything is due, and nothing of it has been done; what leads to database and tenant is in the environment."""
    _write_policy(directory / POLICY)
    load_staff(database, staff(*EMPLOYEES, NEW_MANAGER))
    received = [new_case(ordinal, number) for ordinal, number in enumerate(EMPLOYEES, 1)]
    with database.transaction() as connection:
        add_cases(connection, received)
    with quick_night() as running:
        decide_all(database, running.policy, [HANDED_OVER, APPROVED, LAPSED, EVALUATED])
        open_folders.fn()
        write_and_send_mail.fn()
        _upload(tenant)
        read_answers.fn([], uploads=True)
        take_in_uploads.fn()
        decide_all(database, running.policy, [APPLIED, ALSO_APPLIED])
        _bring_about(database, running.policy)
    came_into(database, EVALUATED, approved=LONG_AGO, active=LONG_AGO)


def _write_policy(own: Path) -> None:
    """A shipped one, under which the report over the scheme is due."""
    shipped = (SHIPPED / "prosedyre-websak.toml").read_text(encoding="utf-8")
    every_half_year = "[evaluation]\nscheme_every_months = 6\nscheme_from = 2026-08-25"
    own.write_text(shipped.replace("[evaluation]", every_half_year, 1), encoding="utf-8")


def _upload(tenant: GraphTenant) -> None:
    for number, employee in ((APPROVED, "0004"), (LAPSED, "0005")):
        tenant.upload(CASE_LIBRARY, number, "pult.jpg", jpeg(), user(employee))
    tenant.upload(CASE_LIBRARY, APPROVED, "signert.pdf", signed_agreement(), user("0004"))


def _bring_about(database: Database, policy: Policy) -> None:
    said_yes = Assessment(AssessmentOutcome.APPROVED, None, MANAGER, TODAY)
    evaluation = Evaluation(1, TODAY, Chase(TODAY, 0, TODAY), EvaluationOutcome.CONTINUE, "Går bra", MANAGER, TODAY)
    by_case: dict[str, tuple[dict[str, Any], tuple[Errand, ...]]] = {
        HANDED_OVER: (
            {"manager_number": NEW_MANAGER, "led_by": NEW_MANAGER},
            (Errand(ErrandKind.SHARE_FOLDER, sequence=TODAY.toordinal()),),
        ),
        APPROVED: ({"state": State.APPROVED, "assessment": said_yes, "start_on": TODAY, "end_on": TODAY}, ()),
        LAPSED: ({"state": State.ENDED}, (Errand(ErrandKind.CLOSE_FOLDER),)),
        EVALUATED: (
            {
                "state": State.ACTIVE,
                "start_on": LONG_AGO,
                "end_on": date(2027, 8, 31),
                "evaluations": (evaluation,),
                "filings": (Filing(FilingKind.EVALUATION, 1),),
            },
            (Errand(ErrandKind.FILE_DOCUMENT, FilingKind.EVALUATION, 1),),
        ),
    }
    told = {LAPSED: (Notice("lapsed", Role.EMPLOYEE),)}
    with database.transaction() as connection:
        decided = []
        for number, (version, case) in load_cases(connection, list(by_case)).items():
            changes, errands = by_case[number]
            after = replace(case, **changes)
            action = Action("test.evening-before", case, after, told.get(number, ()), errands)
            decided.append(Decided(version, after, [action]))
        save_decisions(connection, decided, policy, STAMP)


def signed_agreement() -> bytes:
    """PDF/A, so that it is kept to the last byte, and large enough to go in fragments."""
    scanned = random.Random(1).randbytes(SMALL_FILE)  # noqa: S311 - bytes that no compression makes smaller

    def with_a_scan(pdf: Pdf) -> None:
        pdf.Root.Scan = pdf.make_stream(scanned)

    return claiming("2", "b", with_a_scan)
