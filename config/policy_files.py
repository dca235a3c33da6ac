"""The shipped policies (`config/policies/*.toml`) and a municipality's own, checked when they are read."""

from pathlib import Path

import msgspec

from agreements.policy import Policy
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
        policy = msgspec.toml.decode(content, type=Policy)
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
