"""Reports on delivery, as Exchange Online writes them, and what Exchange makes of whatever comes in.

What a report looks like is taken from those that Exchange Online has sent (collected in sisimai/p5-sisimai,
set-of-emails, email-office365-*.eml); what message class it gets is [MS-OXCMAIL] 2.2.3.7.1.1.
"""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser
from email.utils import format_datetime
from typing import Literal

from sandbox.graph.identity import OSLO

NOTE = "IPM.Note"
SUFFIXES = {"failed": "NDR", "delayed": "Delayed.DR", "relayed": "Relayed.DR", "expanded": "Expanded.DR"}
"""By severity; whatever else it says is a receipt."""
SUBJECTS = {"failed": "Kan ikke leveres", "delayed": "Levering er forsinket"}
NOT_FOUND = "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one mail for one of its recipients. `original` is the mail itself, as sent.

    Attributes:
        about: the Internet message id of that mail; None where a system leaves it out.
        diagnosis: what the other system said, after the enhanced status code.
    """

    about: str | None
    recipient: str
    original: bytes
    status: str = NOT_FOUND[0]
    diagnosis: str = NOT_FOUND[1]
    action: Literal["failed", "delayed"] = "failed"

    def written(self, to: str, message_id: str, at: datetime) -> bytes:
        """The report as a mail to the sender."""
        domain = to.partition("@")[2]
        mail = MIMEMultipart("report")
        mail.set_param("report-type", "delivery-status")
        mail["From"] = f"Microsoft Outlook <postmaster@{domain}>"
        mail["To"] = to
        mail["Date"] = format_datetime(at.astimezone(OSLO))
        if self.action == "failed":
            mail["X-MS-Exchange-Message-Is-Ndr"] = ""
        mail["Message-ID"] = message_id
        original = BytesParser(policy=policy.default).parsebytes(self.original)
        if self.about is not None:
            mail["In-Reply-To"] = self.about
            mail["References"] = self.about
        mail["Subject"] = f"{SUBJECTS[self.action]}: {original['Subject'] or ''}"
        mail["Auto-Submitted"] = "auto-replied"
        mail.attach(MIMEText(f"Meldingen kunne ikke leveres til {self.recipient}.\n", "plain", "utf-8"))
        mail.attach(self._status(domain))
        mail.attach(MIMEMessage(original))
        return mail.as_bytes()

    def _status(self, domain: str) -> Message:
        """One part for the whole mail, and one for each recipient (RFC 3464)."""
        whole, one = Message(), Message()
        whole["Reporting-MTA"] = f"dns;OSL0001.{domain}"
        one["Final-Recipient"] = f"rfc822;{self.recipient}"
        one["Action"] = self.action
        one["Status"] = self.status
        one["Diagnostic-Code"] = f"smtp;550 {self.status} {self.diagnosis}"
        status = Message()
        status["Content-Type"] = "message/delivery-status"
        status.set_payload([whole, one])
        return status


def message_class(mail: EmailMessage) -> str:
    """The class Exchange gives a mail that comes in: a report has that of the worst it tells."""
    if mail.get_content_type() != "multipart/report" or mail.get_param("report-type") != "delivery-status":
        return NOTE
    told = {
        str(fields.get("Action", "")).strip().lower()
        for part in mail.iter_parts()
        if part.get_content_type() == "message/delivery-status"
        for fields in part.iter_parts()
    }
    return f"REPORT.{NOTE}.{next((suffix for action, suffix in SUFFIXES.items() if action in told), 'DR')}"
