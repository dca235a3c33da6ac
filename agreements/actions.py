"""What a rule can bring about: a changed case, notices to people, errands to other systems."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from agreements.case import Case, FilingKind


class Role(StrEnum):
    """Whom a notice is for; who that is in person is looked up when the mail is written.

    The specialist is the role that looks at stays abroad (`abroad.assessed_by`).
    """

    EMPLOYEE = "employee"
    MANAGER = "manager"
    HR = "hr"
    SPECIALIST = "specialist"


class Notice(Struct, frozen=True, gc=False):
    """Something one person must be told. Notices to the same person in a night become one mail.

    `template` names the text, `reply_by` the day an answer is expected, if any; `detail` is a sentence for the reader.
    """

    template: str
    to: Role
    reply_by: date | None = None
    detail: str | None = None


class ErrandKind(StrEnum):
    OPEN_FOLDER = "open_folder"
    SHARE_FOLDER = "share_folder"
    CLOSE_FOLDER = "close_folder"
    FILE_DOCUMENT = "file_document"
    FILE_MESSAGE = "file_message"
    UPDATE_ARCHIVE = "update_archive"


class Errand(Struct, frozen=True, gc=False):
    """Work in another system, done through the outbox. `filing` and `sequence` say which document.

    A folder that is shared anew has the day's ordinal as its `sequence`, so that each day's sharing is an errand; one
    that is closed has the agreement's version, or 0 at the end of the case. The archive is told of a change under the
    day's ordinal as well, and of the end under 0. A message, which says in the archive's language what is filed, is no
    rule's affair: it comes with the documents.
    """

    kind: ErrandKind
    filing: FilingKind | None = None
    sequence: int = 1


class Action(Struct, frozen=True, gc=False):
    """One rule's effect on one case. `rule` answers "why did this happen?" for ever.

    `actor` is the employee number of the person who brought it about, empty when it was the night itself.
    """

    rule: str
    before: Case
    after: Case
    notices: tuple[Notice, ...] = ()
    errands: tuple[Errand, ...] = ()
    actor: str | None = None
