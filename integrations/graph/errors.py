"""What can go wrong with Microsoft Graph, said so that a person can act. Never quotes a body: it may name people."""

from datetime import datetime
from http import HTTPStatus

from config.errors import ExpectedError

ABOUT_THE_MESSAGE = frozenset({"ErrorInvalidRecipients", "ErrorMessageSizeExceeded"})
"""Codes that say what is wrong with one mail, whatever the status."""


class GraphError(ExpectedError):
    """Graph answered, and the answer was no."""

    def __init__(self, status: int, code: str, request_id: str, doing: str) -> None:
        """`doing` names the kind of request without personal data, e.g. `POST mail/send`."""
        super().__init__(f"Microsoft Graph: {doing} was answered {status} {code} (request-id {request_id})")
        self.status = status
        self.code = code

    @property
    def is_final(self) -> bool:
        """Whether trying the same mail again cannot help: the message or whom it goes to was refused.

        404 and 403 are not among them: a mailbox that is not found is a wrong setting, and one that we may not use yet
        is Exchange's, whose roles take up to two hours to work. The mails wait until it is right.
        """
        if self.status == HTTPStatus.FORBIDDEN:
            return self.code in ABOUT_THE_MESSAGE
        return self.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}

    @property
    def may_pass(self) -> bool:
        """Whether it was throttled or failed in the service: then nobody knows whether it has been done."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class GraphUnreachableError(ExpectedError):
    """Graph did not answer at all, or not as Graph does. The address is in the message, the remedy as well."""


class GraphThrottledError(GraphUnreachableError):
    """A service behind Graph has asked to be left alone for longer than we wait."""

    def __init__(self, resource: str, until: datetime) -> None:
        super().__init__(
            f"Microsoft Graph: the {resource} is throttled until {until:%Y-%m-%d %H:%M:%S} UTC, longer than we wait; "
            "what is left is done next time."
        )


class GraphCredentialsError(ExpectedError):
    """Entra ID refused our credentials. Names the settings to look at."""
