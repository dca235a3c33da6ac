"""An archive system that takes packages from a library as they do, and one night's filing to hand them over."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from lxml import etree
from msgspec.structs import replace

from agreements.actions import Action
from agreements.case import Assessment, AssessmentOutcome, Case, Requirement, RequirementKind, State
from agreements.policy import Policy
from config.sharepoint import IMPORT_LIBRARY
from integrations.database.cases import Decided, load_cases, save_decisions
from integrations.database.outgoing import keep_document
from integrations.graph.client import Graph
from integrations.graph.drive import drive_id
from tasks.archiving import file_messages, update_archive
from tasks.delivering import file_documents
from tasks.filing import write_documents
from tests.database.samples import STAMP, TODAY, decide_all
from tests.documents.samples import jpeg
from tests.documents.test_uploads import pdf_with
from tests.graph.conftest import Office
from tests.graph.fuse import Fuse, Point
from tests.graph.one_night import quick_night
from tests.graph.town import Town

NUMBER = "HK-2027-00001"
MARKER = "ferdig.txt"


def approve(town: Town, policy: Policy, number: str = NUMBER) -> None:
    """The case is approved with a photo and a signed agreement, and its filing has begun."""
    uploads = {RequirementKind.PHOTO: jpeg(), RequirementKind.SIGNED_AGREEMENT: pdf_with()}
    received = tuple(Requirement(kind, TODAY, sha256(file).hexdigest()) for kind, file in uploads.items())
    assessed = Assessment(AssessmentOutcome.APPROVED, None, "0900", TODAY)
    with town.database.transaction() as connection:
        for requirement, file in zip(received, uploads.values(), strict=True):
            keep_document(connection, requirement.document or "", "application/octet-stream", file, TODAY)
    last_day = TODAY.replace(year=TODAY.year + 1)
    change(
        town, policy, number, state=State.APPROVED, assessment=assessed, start_on=TODAY, end_on=last_day,
        requirements=received,
    )  # fmt: skip
    decide_all(town.database, policy, [number])


def change(town: Town, policy: Policy, number: str = NUMBER, **changes: object) -> Case:
    with town.database.transaction() as connection:
        version, case = load_cases(connection, [number])[number]
        after = replace(case, **changes)
        save_decisions(connection, [Decided(version, after, [Action("test", case, after)])], policy, STAMP)
    return after


def file_everything() -> dict[str, int]:
    """One night's filing, as `to_the_archive` has it but without Prefect."""
    with quick_night():
        steps = (write_documents, update_archive, file_documents, file_messages)
        return dict(sum((step.fn() for step in steps), Counter()))


def file_everything_in_child(environment: Mapping[str, str], point: Point) -> None:
    """The same in a process that kills itself at this point."""
    os.environ.update(environment)
    Fuse(point).lay()
    file_everything()


@dataclass(slots=True)
class ArchiveSystem:
    """Takes every whole package, oldest name first, and takes it away.

    Attributes:
        taken: names of the packages, with what was in each but the marker.
        folders: what it has been told last of each folder, by its key: unit, who is responsible, status.
        entries: keys of the journal entries it has, each with how often it came.
    """

    office: Office
    taken: dict[str, dict[str, bytes]] = field(default_factory=dict)
    folders: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)

    def look(self) -> list[str]:
        """What lies in the library, and has not been taken."""
        return sorted(file.path for file in self.office.tenant.files(IMPORT_LIBRARY))

    def take(self) -> list[str]:
        """The names of the packages that were whole."""
        whole = sorted({path.split("/")[0] for path in self.look() if path.endswith(f"/{MARKER}")})
        for name in whole:
            paths = [path for path in self.look() if path.startswith(f"{name}/")]
            read = self.office.tenant.read
            files = {path.rpartition("/")[2]: read(IMPORT_LIBRARY, path) for path in paths}
            self.office.run(lambda graph, name=name: self._remove(graph, name))  # type: ignore[misc]
            del files[MARKER]
            assert name not in self.taken, "a package came twice"
            self.taken[name] = files
            self._import(files)
        return whole

    async def _remove(self, graph: Graph, name: str) -> None:
        drive = await drive_id(graph, IMPORT_LIBRARY)
        item = await graph.get(f"/drives/{drive}/root:/{name}", "GET package")
        await graph.repeatable("DELETE", f"/drives/{drive}/items/{item['id']}", "DELETE package")

    def _import(self, files: dict[str, bytes]) -> None:
        message = etree.fromstring(files["arkivmelding.xml"])
        said = {name: texts(message, name) for name in ("antallFiler", "referanseDokumentfil", "sjekksum", "noekkel")}
        others = {name: content for name, content in files.items() if name != "arkivmelding.xml"}
        assert sorted(said["referanseDokumentfil"]) == sorted(others), "what it names is what came"
        for name, digest in zip(said["referanseDokumentfil"], said["sjekksum"], strict=True):
            assert sha256(others[name]).hexdigest() == digest
        if said["antallFiler"]:
            assert said["antallFiler"] == [str(len(others))]
            self.entries[said["noekkel"][-1]] = self.entries.get(said["noekkel"][-1], 0) + 1
        responsible = [texts(part(message, name), "navn")[0] for name in ("administrativEnhet", "saksansvarlig")]
        status = texts(part(message, "saksstatus"), "beskrivelse")[0]
        self.folders[said["noekkel"][0]] = (responsible[0], responsible[1], status)


def part(message: etree._Element, name: str) -> etree._Element:
    return next(message.iter("{*}" + name))


def texts(message: etree._Element, name: str) -> list[str]:
    return [each.text or "" for each in message.iter("{*}" + name)]
