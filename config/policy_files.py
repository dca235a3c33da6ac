"""The shipped policies (`config/policies/*.toml`) and a municipality's own, checked when they are read."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from agreements.policy import Policy
from config.clause_files import read_clauses
from config.errors import ExpectedError
from config.toml_errors import sentence

SHIPPED = Path(__file__).parent / "policies"
SHIPPED_NAMES = ("prosedyre-websak", "midt-telemark", "oslo", "troms", "baerum")
"""The policies of the five source documents; `mal` explains every key."""

TEMPLATES = Path(__file__).parent / "templates"


class PolicyError(ExpectedError):
    """A policy that does not exist or cannot be used. One line: which file, which key, what is allowed."""


def load_policy(name: str) -> Policy:
    """Read a shipped policy by name, or a file by its path (anything that ends in .toml).

    Raises:
        PolicyError: no such policy, or a key in it is missing, unknown or out of range.
    """
    path = Path(name) if name.endswith(".toml") else SHIPPED / f"{name}.toml"
    try:
        content = path.read_bytes()
    except OSError:
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
        raise PolicyError(f"HK_POLICY: there is no policy «{name}». Choose one of: {known}; or a .toml file.") from None
    try:
        found = msgspec.toml.decode(content)
        if found.get("clause_folder") is not None:
            found["clauses"] = _clauses_in_files(path, found)
        policy = msgspec.convert(found, Policy, builtin_types=(date,))
    except UnicodeDecodeError:
        raise PolicyError(f"HK_POLICY: {path.name}: the file is not UTF-8 text. Save it as UTF-8.") from None
    except msgspec.DecodeError as error:
        raise PolicyError(f"HK_POLICY: {path.name}: {sentence(error, Policy)}") from None
    if not (TEMPLATES / policy.language).is_dir():
        there = ", ".join(sorted(folder.name for folder in TEMPLATES.iterdir()))
        raise PolicyError(
            f"HK_POLICY: {path.name}: language: there are no texts in {policy.language} yet, only {there}"
        )
    return policy


def _clauses_in_files(path: Path, found: dict[str, Any]) -> list[Any]:
    """Texts for HR to edit, in a folder beside the policy."""
    folder = found["clause_folder"]
    if "clauses" in found:
        raise PolicyError(f"HK_POLICY: {path.name}: clause_folder and [[clauses]] cannot both be given")
    if not isinstance(folder, str) or not folder or Path(folder).name != folder:
        raise PolicyError(f"HK_POLICY: {path.name}: clause_folder: must be the name of a folder beside the policy")
    try:
        return [msgspec.to_builtins(clause) for clause in read_clauses(path.with_name(folder))]
    except ValueError as error:
        raise PolicyError(f"HK_POLICY: {path.name}: clause_folder: {error}") from None
