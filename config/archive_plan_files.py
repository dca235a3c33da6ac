"""A municipality's archive plan (`HK_ARCHIVE_PLAN`), checked when it is read. `archive_plans/mal.toml` explains it."""

from pathlib import Path

import msgspec

from agreements.archive_plan import ArchivePlan
from config.errors import ExpectedError
from config.toml_errors import sentence


class ArchivePlanError(ExpectedError):
    """The file cannot be used. One line: which file, which key, what is allowed."""


def load_archive_plan(path: Path | None) -> ArchivePlan | None:
    """The plan by which an arkivmelding is written; without a file none is written.

    Raises:
        ArchivePlanError: the file cannot be read, or a key in it is missing, unknown or out of range.
    """
    if path is None:
        return None
    try:
        return msgspec.toml.decode(path.read_bytes(), type=ArchivePlan)
    except OSError as error:
        raise ArchivePlanError(f"HK_ARCHIVE_PLAN: {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ArchivePlanError(f"HK_ARCHIVE_PLAN: {path.name}: the file is not UTF-8 text. Save it as UTF-8.") from None
    except msgspec.DecodeError as error:
        raise ArchivePlanError(f"HK_ARCHIVE_PLAN: {path.name}: {sentence(error, ArchivePlan)}") from None
