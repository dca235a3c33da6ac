"""arkivmelding.xml: what is filed, told to an archive system in the format it takes."""

from agreements.archive_plan import ArchivePlan, Format
from agreements.archiving import ArchiveMessage
from integrations.documents.arkivmelding import eformidling, fiks
from integrations.documents.arkivmelding.parts import written

MEDIA_TYPE = "application/xml"


def render_message(message: ArchiveMessage, plan: ArchivePlan) -> bytes:
    """The message as UTF-8 XML, valid by its published schema; the same input gives the same bytes."""
    if plan.format is Format.EFORMIDLING:
        return written(eformidling.arkivmelding(message, plan), eformidling.NAMESPACE, eformidling.CATALOGUE)
    if message.registration is None:
        return written(fiks.update(message, plan), fiks.UPDATE, fiks.CATALOGUE)
    return written(fiks.creation(message, message.registration, plan), fiks.CREATE, fiks.CATALOGUE)
