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
    def is_about_the_sender(self) -> bool:
        """Whether it is the mailbox we send from that is refused, when a mail is put into it."""
        is_closed = self.status == HTTPStatus.FORBIDDEN and self.code not in ABOUT_THE_MESSAGE
        return is_closed or self.status == HTTPStatus.NOT_FOUND

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


class SenderRefusedError(GraphUnreachableError):
    """The mailbox we send from is closed to us, or is not there: no mail at all can go out."""

    def __init__(self, refusal: GraphError) -> None:
        super().__init__(
            f"{refusal}. No mail can be sent from the mailbox of HK_MAIL_SENDER; `hjemmekontor check`, line Mailbox, "
            "says what to grant. The mails wait until it is right."
        )


class GraphCredentialsError(ExpectedError):
    """Entra ID refused our credentials. Names the settings to look at."""
