"""The one kind of failure that is expected: something outside us is wrong, and a person can put it right."""


class ExpectedError(Exception):
    """The message is a single line: what is wrong, where, what to do. It holds no personal data and no secret.

    Shown as it is, without a stack trace; everything that is not one of these is a bug and keeps its trace.
    """
