"""What the app may do in the tenant, each permission by the smallest call that proves it, and what it should not.

Three looks leave their mark for a moment: a folder in the case library, a draft in the sender's mailbox, and an upload
to the archive that is begun and called off. All are taken away again, and nobody is told of them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from agreements.policy import Policy
from config.errors import ExpectedError
from config.policy_files import load_policy
from config.settings import Settings
from config.sharepoint import ARCHIVE_LIBRARY, CASE_LIBRARY, IMPORT_LIBRARY, ListDefinition, Template, site_of
from hjemmekontor.verdicts import Line, Verdict
from integrations.graph import mail
from integrations.graph.answers import json_object
from integrations.graph.claims import roles_in_token
from integrations.graph.client import Graph, open_graph
from integrations.graph.drive import drive_id, ensure_folder, share, site_address
from integrations.graph.errors import GraphError
from integrations.graph.lists import FoundList, lists_on_site
from integrations.graph.patience import Patience
from integrations.graph.provisioning import columns_of, compare

ONE_TRY = Patience(tries=1)
NEEDED = frozenset({"Sites.Selected", "User.Read.All"})
"""Consent in Entra ID. Mail comes from Exchange Online, for one mailbox."""
TRACE = "hjemmekontor-check"
MAILBOXES_TRIED = 5
MANUAL = "see docs/tenant.md"
GRANT_SITE = f"grant Sites.Selected in Entra ID, and the role owner on this site ({MANUAL})"
GRANT_SHARING = f"the role on the site must be owner, so that case folders can be made and shared ({MANUAL})"
GRANT_ARCHIVE = f"the role on the site must be owner ({MANUAL})"
GRANT_DIRECTORY = f"grant User.Read.All as an application permission in Entra ID ({MANUAL})"
GRANT_MAILBOX = f"grant «Application Mail.ReadWrite» for the sender's mailbox in Exchange Online ({MANUAL})"
EVERYBODY = (
    *("besøkende på ", "medlemmer av ", "vitjande på ", "medlemer av ", " visitors", " members"),
    *("spo-grid-all-users", "c:0(.s|true", "everyone", "alle unntatt eksterne", "alle unnateke eksterne"),
)
"""In names of the groups that SharePoint makes with a site, and of those that are all who can sign in."""
OPEN_LINKS = frozenset({"anonymous", "organization"})

Found = tuple[Verdict, str]


@dataclass(frozen=True, slots=True)
class Look:
    """One line to come. `grant` is what a refusal (403) means is missing."""

    what: str
    look: Callable[[], Awaitable[Found]]
    grant: str = GRANT_SITE


async def graph_lines(settings: Settings) -> list[Line]:
    """A line for each look. Without a token, or without the site, what rests on it is not asked."""
    try:
        roles = await roles_in_token(settings)
        policy = load_policy(settings.policy)
        async with open_graph(settings, ONE_TRY) as graph:
            inspection = _Inspection(graph, settings, policy, roles)
            site = await _line(Look("Site", inspection.site))
            looks = [*(inspection.of_site() if site.verdict is Verdict.WELL else ()), *inspection.of_tenant()]
            return [Line("Token", Verdict.WELL, "accepted"), site, *[await _line(look) for look in looks]]
    except ExpectedError as error:
        return [Line("Microsoft Graph", Verdict.FAILURE, str(error))]


async def _line(look: Look) -> Line:
    try:
        verdict, said = await look.look()
    except GraphError as error:
        missing = f"{look.grant}: " if error.status == HTTPStatus.FORBIDDEN else ""
        return Line(look.what, Verdict.FAILURE, f"{missing}{error}")
    except ExpectedError as error:
        return Line(look.what, Verdict.FAILURE, str(error))
    return Line(look.what, verdict, said)


class _Inspection:
    def __init__(self, graph: Graph, settings: Settings, policy: Policy, roles: frozenset[str] | None) -> None:
        self._graph = graph
        self._settings = settings
        self._definitions = site_of(policy, has_imports=settings.has_imports)
        self._roles = roles
        self._sender = settings.mail_sender or ""
        self._lists: dict[str, FoundList] = {}

    def of_site(self) -> Sequence[Look]:
        kinds = {Template.LIST: "List", Template.LIBRARY: "Library"}
        return [
            *(Look(f"{kinds[each.template]} {each.name}", self._list_look(each)) for each in self._definitions),
            Look("Case folders", self._case_folders, GRANT_SHARING),
            Look("Archive", self._archive, GRANT_ARCHIVE),
            *(Look(f"Access to {each}", self._access_look(each), GRANT_SHARING) for each in self._libraries()),
        ]

    def of_tenant(self) -> Sequence[Look]:
        return [
            Look("Directory", self._directory, GRANT_DIRECTORY),
            Look("Mailbox", self._mailbox, GRANT_MAILBOX),
            Look("Sending", self._sending),
            Look("Other mailboxes", self._other_mailboxes, GRANT_DIRECTORY),
            Look("Permissions", self._permissions),
        ]

    async def site(self) -> Found:
        address = await site_address(self._graph)
        self._lists = await lists_on_site(self._graph)
        return Verdict.WELL, address

    def _list_look(self, definition: ListDefinition) -> Callable[[], Awaitable[Found]]:
        async def look() -> Found:
            return await self._list(definition)

        return look

    async def _list(self, definition: ListDefinition) -> Found:
        """There, with every column of the needed kind. Titles and choices are no reason to stop."""
        found = self._lists.get(definition.name)
        if found is None:
            return Verdict.FAILURE, "is missing; `hjemmekontor provision-sharepoint` makes it"
        if found.template != definition.template:
            return Verdict.FAILURE, f"is a {found.template} and should be a {definition.template}"
        comparison = compare(definition, await columns_of(self._graph, found))
        if comparison.wrong:
            return Verdict.FAILURE, " ".join(comparison.wrong)
        if comparison.missing:
            names = ", ".join(column.name for column in comparison.missing)
            return Verdict.FAILURE, f"lacks the columns {names}; `hjemmekontor provision-sharepoint` makes them"
        if comparison.patches or found.title != definition.title:
            advice = "`hjemmekontor provision-sharepoint --dry-run` shows how"
            return Verdict.WARNING, f"differs from the policy in titles, choices or indexes; {advice}"
        return Verdict.WELL, f"{len(definition.columns)} columns as the policy has them"

    async def _case_folders(self) -> Found:
        folder = await ensure_folder(self._graph, CASE_LIBRARY, TRACE)
        try:
            if await share(self._graph, CASE_LIBRARY, folder, [self._sender]):
                return Verdict.WARNING, "sharing could not be proven: SharePoint does not know the sender as a user"
        finally:
            address = f"/drives/{await drive_id(self._graph, CASE_LIBRARY)}/items/{folder}"
            await self._graph.repeatable("DELETE", address, "DELETE folder")
        return Verdict.WELL, "can be made, shared and removed"

    async def _archive(self) -> Found:
        """An upload that is called off leaves nothing, not even where a retention label forbids to delete."""
        library = IMPORT_LIBRARY if self._settings.has_imports else ARCHIVE_LIBRARY
        drive = await drive_id(self._graph, library)
        address, doing = f"/drives/{drive}/root:/{TRACE}.txt:/createUploadSession", "POST upload session"
        body = {"item": {"@microsoft.graph.conflictBehavior": "fail"}}
        opened = await self._graph.repeatable("POST", address, doing, body=body)
        await self._graph.handed_out("DELETE", json_object(opened, doing)["uploadUrl"], "DELETE upload session")
        return Verdict.WELL, "can be written to"

    def _libraries(self) -> list[str]:
        return [each.name for each in self._definitions if each.template == Template.LIBRARY]

    def _access_look(self, library: str) -> Callable[[], Awaitable[Found]]:
        async def look() -> Found:
            return await self._access(library)

        return look

    async def _access(self, library: str) -> Found:
        """Whom the library lets in. That is for HR and the archive; a person is not named."""
        address = f"/drives/{await drive_id(self._graph, library)}/root/permissions"
        shown = await self._graph.pages(address, "GET library permissions")
        open_to = sorted({who_is(each) for each in shown if is_for_everybody(each)})
        if open_to:
            advice = f"stop inheriting permissions, and let in HR and the archive alone ({MANUAL})"
            return Verdict.WARNING, f"is open to {', '.join(open_to)}: {advice}"
        let_in = sorted({who_is(each) for each in shown})
        return Verdict.WELL, f"lets in {', '.join(let_in)}" if let_in else "lets in nobody but owners and the app"

    async def _directory(self) -> Found:
        """People whom HR gives no address are looked up here."""
        await self._graph.get("/users?$top=1&$select=id", "GET users")
        return Verdict.WELL, "can be read"

    async def _mailbox(self) -> Found:
        """A draft under a key of its own: one whose answer was lost is found, now or by the next check."""
        found = await mail.recover(self._graph, self._sender, TRACE)
        letter = mail.Mail([], TRACE, "")
        identity = found.identity if found else await mail.draft(self._graph, self._sender, TRACE, letter)
        await self._graph.delete(f"/users/{quote(self._sender)}/messages/{quote(identity, safe='')}", "DELETE draft")
        return Verdict.WELL, "drafts can be made and removed"

    async def _sending(self) -> Found:
        if self._roles is not None and "Mail.Send" in self._roles:
            return Verdict.WELL, "allowed in Entra ID"
        proof = f"Test-ServicePrincipalAuthorization in Exchange Online shows «Application Mail.Send» ({MANUAL})"
        return Verdict.WELL, f"cannot be seen without sending; {proof}"

    async def _other_mailboxes(self) -> Found:
        """The id of somebody's inbox is asked for, and should be refused."""
        people = await self._graph.get(f"/users?$top={MAILBOXES_TRIED}&$select=id,mail", "GET users")
        for person in people["value"]:
            if (person.get("mail") or self._sender).lower() == self._sender.lower():
                continue
            try:
                await self._graph.get(f"/users/{person['id']}/mailFolders/inbox?$select=id", "GET another mailbox")
            except GraphError as error:
                if error.status == HTTPStatus.FORBIDDEN:
                    return Verdict.WELL, "are closed to the app"
                continue
            advice = f"take Mail.* back in Entra ID and give it for the sender alone in Exchange Online ({MANUAL})"
            return Verdict.WARNING, f"are open to the app: {advice}"
        return Verdict.WELL, "none was found to try"

    async def _permissions(self) -> Found:
        if self._roles is None:
            return Verdict.WELL, "the token does not say"
        more = sorted(self._roles - NEEDED)
        if more:
            return Verdict.WARNING, f"more than needed: {', '.join(more)}; take them back in Entra ID ({MANUAL})"
        return Verdict.WELL, f"{', '.join(sorted(self._roles)) or 'none'} in Entra ID"


def is_for_everybody(permission: Mapping[str, Any]) -> bool:
    """What the site hands down, its own groups of visitors and members, Microsoft's groups of all, and links."""
    if "owner" in permission.get("roles", ()):
        return False
    names = [str(name).casefold() for each in _identities(permission) for name in each.values()]
    is_common = any(sign in name for name in names for sign in EVERYBODY)
    return is_common or "inheritedFrom" in permission or permission.get("link", {}).get("scope") in OPEN_LINKS


def who_is(permission: Mapping[str, Any]) -> str:
    """A group by its name."""
    if "link" in permission:
        return "whoever has a link"
    granted = permission.get("grantedToV2") or permission.get("grantedTo") or {}
    group = granted.get("siteGroup") or granted.get("group")
    return f"«{group.get('displayName', '?')}»" if group else "single persons or apps"


def _identities(permission: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    granted = permission.get("grantedToV2") or permission.get("grantedTo") or {}
    return [each for each in granted.values() if isinstance(each, dict)]
