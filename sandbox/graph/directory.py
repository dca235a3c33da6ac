"""The tenant's users: who they are, who leads them, which addresses exist."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from sandbox.graph.changes import CHANGE_COUNTER, GENERATION_COUNTER, ChangeFeed, DeltaQuery, paged
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.exchange import Answer, Call, Document, Route
from sandbox.graph.identity import TenantUser
from sandbox.graph.odata import Condition, fits, folded, nested_select, parse_filter, select, unsupported_query
from sandbox.store import Store

DEFAULT_PROPERTIES = (
    "businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,officeLocation,preferredLanguage,surname,"
    "userPrincipalName,id"
)
FILTERABLE = ("id", "mail", "userPrincipalName", "employeeId", "displayName", "accountEnabled")
DEFAULT_PAGE = 100
MAX_VALUE_LENGTH = 120
"""Of a value to compare with in $filter (Graph's known issue 13635)."""


class StoredUser(msgspec.Struct, frozen=True):
    user: TenantUser
    changed: int
    deleted: bool = False


class Directory:
    """Users by object id, principal name and e-mail address, the latter two without regard to case."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf = store.shelf("user", StoredUser)
        self._feed = ChangeFeed(self._shelf)
        self._by_name: dict[str, str] = {}
        self._by_employee_id: dict[object, list[TenantUser]] = {}
        self._domains: frozenset[str] = frozenset()
        self._index()

    def set_users(self, users: Iterable[TenantUser]) -> None:
        """Make `users` all there are: new ones appear, changed ones change, missing ones are removed."""
        with self._store.transaction():
            wanted = {user.user_id: user for user in users}
            for user_id, user in wanted.items():
                known = self._shelf.get(user_id)
                if known is None or known.deleted or known.user != user:
                    self._feed.put(user_id, StoredUser(user, self._store.next_number(CHANGE_COUNTER)))
            for user_id, known in list(self._shelf.items()):
                if user_id not in wanted and not known.deleted:
                    self._feed.put(
                        user_id, StoredUser(known.user, self._store.next_number(CHANGE_COUNTER), deleted=True)
                    )
            self._index()

    def all(self) -> list[TenantUser]:
        return [stored.user for stored in self._shelf.values() if not stored.deleted]

    def who_may_fit(self, conditions: Iterable[Condition]) -> list[TenantUser]:
        """Everybody who can meet all `conditions`, and others perhaps; by index where employee ids are named."""
        for condition in conditions:
            if condition.name == "employeeId" and condition.operation in {"eq", "in"} and None not in condition.values:
                wanted = dict.fromkeys(folded(value) for value in condition.values)
                return [user for value in wanted for user in self._by_employee_id.get(value, [])]
        return self.all()

    def find(self, key: str) -> TenantUser | None:
        """By object id, principal name or e-mail address."""
        stored = self._shelf.get(self._by_name.get(key.casefold(), key))
        return None if stored is None or stored.deleted else stored.user

    def can_receive(self, address: str) -> bool:
        """Whether mail to `address` is delivered; other organisations' addresses are taken on trust."""
        return address.casefold().partition("@")[2] not in self._domains or address.casefold() in self._by_name

    def changes(self, query: DeltaQuery) -> tuple[list[StoredUser], Mapping[str, str]]:
        page = query.page(self._feed, self._store.last_number(CHANGE_COUNTER))
        return page.documents, page.link

    def generation(self) -> int:
        return self._store.last_number(GENERATION_COUNTER)

    def _index(self) -> None:
        self._by_name, self._by_employee_id = {}, {}
        for user in self.all():
            self._by_employee_id.setdefault(folded(user.employee_id), []).append(user)
            for name in (user.user_principal_name, user.mail):
                if name is not None:
                    self._by_name[name.casefold()] = user.user_id
        self._domains = frozenset(name.partition("@")[2] for name in self._by_name)


class DirectoryRoutes:
    """`/users` and what lies directly below."""

    def __init__(self, directory: Directory, page_size: Callable[[], int]) -> None:
        self._directory = directory
        self._page_size = page_size

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/users", self._list),
            Route("GET", "/users/delta", self._delta),
            Route("GET", "/users/{user}", self._get),
            Route("GET", "/users/{user}/manager", self._manager),
        ]

    def _list(self, call: Call, _: Mapping[str, str]) -> Answer:
        text = call.option("filter")
        conditions = parse_filter(text, FILTERABLE) if text else []
        _check_lengths(conditions)
        users = [user for user in self._directory.who_may_fit(conditions) if fits(_document(user), conditions)]
        if call.option("orderby") == "displayName":
            users.sort(key=lambda user: user.display_name)
        return paged(call, users, lambda user: self._shown(call, user), min(DEFAULT_PAGE, self._page_size()))

    def _get(self, call: Call, names: Mapping[str, str]) -> Answer:
        return Answer(body=self._shown(call, find_user(self._directory, names["user"])))

    def _manager(self, call: Call, names: Mapping[str, str]) -> Answer:
        manager = self._manager_of(find_user(self._directory, names["user"]))
        if manager is None:
            raise user_not_found("manager")
        return Answer(body={"@odata.type": "#microsoft.graph.user"} | _selected(manager, call.option("select")))

    def _delta(self, call: Call, _: Mapping[str, str]) -> Answer:
        for forbidden in ("top", "expand", "orderby"):
            if call.option(forbidden) is not None:
                raise bad_request(f"'${forbidden}' is not supported on delta queries of users.")
        query = DeltaQuery(call, "users", self._directory.generation(), self._page_size())
        changed, link = self._directory.changes(query)
        names = call.option("select")
        value = [
            {"id": stored.user.user_id, "@removed": {"reason": "deleted"}}
            if stored.deleted
            else _selected(stored.user, names)
            for stored in changed
        ]
        return Answer(body={"value": value, **link})

    def _shown(self, call: Call, user: TenantUser) -> Document:
        shown = _selected(user, call.option("select"))
        wanted, names = nested_select(call.option("expand"), "manager")
        manager = self._manager_of(user) if wanted else None
        if manager is not None:
            shown["manager"] = {"@odata.type": "#microsoft.graph.user"} | _selected(manager, names)
        return shown

    def _manager_of(self, user: TenantUser) -> TenantUser | None:
        return None if user.manager_id is None else self._directory.find(user.manager_id)


def find_user(directory: Directory, key: str) -> TenantUser:
    """The user, as addressed in a path.

    Raises:
        GraphError: 404.
    """
    user = directory.find(key)
    if user is None:
        raise user_not_found(key)
    return user


def user_not_found(key: str) -> GraphError:
    message = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", message)


def _check_lengths(conditions: Iterable[Condition]) -> None:
    """GraphError 400 for a value that is longer than the directory compares."""
    for condition in conditions:
        if any(isinstance(value, str) and len(value) > MAX_VALUE_LENGTH for value in condition.values):
            message = "Unsupported or invalid query filter clause specified for property"
            raise unsupported_query(f"{message} '{condition.name}' of resource 'User'.")


def _selected(user: TenantUser, names: str | None) -> Document:
    return select(_document(user), names or DEFAULT_PROPERTIES)


def _document(user: TenantUser) -> Document:
    given_name, _, surname = user.display_name.rpartition(" ")
    return {
        "id": user.user_id,
        "businessPhones": [],
        "displayName": user.display_name,
        "givenName": given_name,
        "surname": surname,
        "jobTitle": None,
        "mail": user.mail,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": "nb-NO",
        "userPrincipalName": user.user_principal_name,
        "employeeId": user.employee_id,
        "accountEnabled": user.account_enabled,
        "userType": "Member",
    }
