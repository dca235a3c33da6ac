"""Refusals in Microsoft Graph's own words: HTTP status, error code, message."""

from collections.abc import Mapping


class GraphError(Exception):
    """What Graph would refuse with. `code` is Graph's error code, `headers` go with the answer."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def bad_request(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def invalid_request(message: str) -> GraphError:
    """SharePoint's code for a request that its rules forbid."""
    return GraphError(400, "invalidRequest", message)


def item_not_found(message: str = "The resource could not be found.") -> GraphError:
    return GraphError(404, "itemNotFound", message)


def access_denied(message: str = "Access denied") -> GraphError:
    return GraphError(403, "accessDenied", message)


def name_already_exists() -> GraphError:
    return GraphError(409, "nameAlreadyExists", "An item with the same name already exists under the parent")


def resource_modified() -> GraphError:
    return GraphError(412, "resourceModified", "ETag does not match current item's value")
