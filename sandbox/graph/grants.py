"""What the tenant's administrators let the application do: consent in Entra ID, a role on the site, a mailbox."""

import re
from dataclasses import dataclass, field

from sandbox.graph.errors import GraphError, access_denied
from sandbox.graph.exchange import Call

SITE_ROLES = ("read", "write", "owner", "fullcontrol")
"""Each may do what those before it may (permissions-selected-overview.md)."""
STRUCTURE = re.compile(r"/sites/[^/]+/lists(/[^/]+(/columns(/[^/]+)?)?)?")
SHARING = re.compile(r"/drives/.*/(invite|permissions(/[^/]+)?)")
MAIL = re.compile(r"/users/[^/]+/(messages|mailFolders|sendMail)(/.*)?")
SENDING = re.compile(r"/users/[^/]+/(sendMail|messages/[^/]+/send)")
WIDE_SITE_ROLES = {
    "Sites.Read.All": "read",
    "Sites.ReadWrite.All": "owner",
    "Sites.Manage.All": "fullcontrol",
    "Sites.FullControl.All": "fullcontrol",
}
"""What consent to all sites amounts to on ours."""


@dataclass(slots=True)
class Grants:
    """Taken back or given while the tenant runs.

    Attributes:
        consented: application permissions in Entra ID; they stand in the token and hold for all sites and mailboxes,
            but for `Sites.Selected`, which needs `site_role` as well.
        site_role: the role on our site, `None` for none.
        mailbox: permissions on the sender's mailbox alone (RBAC for Applications); no token tells of them.
    """

    consented: set[str] = field(default_factory=lambda: {"Sites.Selected", "User.Read.All"})
    site_role: str | None = "fullcontrol"
    mailbox: set[str] = field(default_factory=lambda: {"Mail.ReadWrite", "Mail.Send"})

    def check(self, call: Call) -> None:
        """GraphError 403 for a call below `/v1.0` that nobody has allowed."""
        path = call.path.rstrip("/")
        if path.startswith(("/sites/", "/drives/")):
            self._check_site(_role_for(call.method, path))
        elif MAIL.fullmatch(path):
            wanted = "Mail.Send" if SENDING.fullmatch(path) else "Mail.ReadWrite"
            if wanted not in self.consented | self.mailbox:
                raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        elif path.startswith("/users") and "User.Read.All" not in self.consented:
            message = "Insufficient privileges to complete the operation."
            raise GraphError(403, "Authorization_RequestDenied", message)

    def reaches_every_mailbox(self) -> bool:
        return "Mail.ReadWrite" in self.consented

    def _check_site(self, wanted: str) -> None:
        roles = [WIDE_SITE_ROLES[name] for name in self.consented & WIDE_SITE_ROLES.keys()]
        if "Sites.Selected" in self.consented and self.site_role is not None:
            roles.append(self.site_role)
        if not any(SITE_ROLES.index(role) >= SITE_ROLES.index(wanted) for role in roles):
            raise access_denied()


def _role_for(method: str, path: str) -> str:
    if SHARING.fullmatch(path):
        return "owner"
    if method == "GET":
        return "read"
    return "fullcontrol" if STRUCTURE.fullmatch(path) else "write"
