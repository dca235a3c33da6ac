"""Logs for people: an expected failure is one line, a stack trace is for bugs, and no address of a person is logged."""

import logging

from config.errors import ExpectedError

_ENGINE_LOGGERS = ("prefect.task_runs", "prefect.flow_runs", "prefect.task_engine", "prefect.flow_engine")
_NO_EXCEPTION = "Unexpected result for failed state"
"""What a worker's engine says, with a trace, of a state that failed without an exception."""
_TALKATIVE = ("httpx", "httpcore", "azure", "msal", "urllib3", "alembic")


def quiet_logs() -> None:
    """Set up once a process; calling it again changes nothing."""
    for name in _ENGINE_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, _OneLine) for known in logger.filters):
            logger.addFilter(_OneLine())
    for name in _TALKATIVE:  # their request lines name mailboxes and people
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # what it warns of is our own error's one line


def leave_failures_to_the_caller() -> None:
    """For a command that prints what failed itself: the engine's own lines about expected failures stay out."""
    for name in _ENGINE_LOGGERS:
        logging.getLogger(name).addFilter(_NotTwice())


class _NotTwice(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], ExpectedError):
            return False
        return not str(record.msg).startswith("Finished in state")


class _OneLine(logging.Filter):
    """`_said` is what the engine calls the last expected failure: its own line about the end would say it again."""

    _said: str | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if self._said is not None and str(record.msg).startswith("Finished in state") and self._said in str(record.msg):
            return False
        if record.exc_info and str(record.exc_info[1]).startswith(_NO_EXCEPTION):
            return False  # the run has failed with a message and counts, and that is all there is to say
        if record.exc_info and isinstance(record.exc_info[1], ExpectedError):
            self._said = f"encountered an exception {type(record.exc_info[1]).__name__}:"
            record.msg, record.args = str(record.exc_info[1]), ()
            record.exc_info = None
            record.exc_text = None
        return True
