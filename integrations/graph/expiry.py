"""When what we prove ourselves with runs out. From then on Microsoft 365 refuses everything at once."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from agreements.calendar import OSLO
from config.settings import GraphCredential, Settings

WARN_BEFORE = timedelta(days=30)
"""Time for whoever administers the tenant to make a new one, and for us to put it in."""


class Validity(StrEnum):
    LASTING = "lasting"
    ENDING = "ending"
    ENDED = "ended"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Credential:
    """`ends_at` is None where we are not told: a managed identity, a secret without HK_GRAPH_SECRET_EXPIRES."""

    kind: GraphCredential
    ends_at: datetime | None = None
    is_readable: bool = True

    def validity(self, now: datetime) -> Validity:
        if not self.is_readable:
            return Validity.UNREADABLE
        if self.ends_at is None:
            return Validity.UNKNOWN
        if self.ends_at <= now:
            return Validity.ENDED
        return Validity.ENDING if self.ends_at - now <= WARN_BEFORE else Validity.LASTING

    def days_left(self, now: datetime) -> int:
        """Whole days; below nought when it has run out. Nought where it is not known."""
        return 0 if self.ends_at is None else (self.ends_at - now).days


def credential_of(settings: Settings) -> Credential:
    """What the settings name: of a certificate its own word, of a secret HK_GRAPH_SECRET_EXPIRES, its last day."""
    kind = settings.graph_credential_kind
    if kind == "certificate" and settings.graph_certificate_path is not None:
        try:
            return Credential(kind, _not_valid_after(settings.graph_certificate_path))
        except (OSError, ValueError, TypeError):
            return Credential(kind, is_readable=False)
    if kind == "secret" and settings.graph_secret_expires is not None:
        return Credential(kind, datetime.combine(settings.graph_secret_expires, time.max, OSLO))
    return Credential(kind)


def _not_valid_after(file: Path) -> datetime:
    """As azure-identity reads it: the first certificate of a PEM file, or the one of a PKCS #12 file."""
    content = file.read_bytes()
    if b"-----BEGIN" in content:
        return x509.load_pem_x509_certificate(content).not_valid_after_utc
    _, certificate, _ = pkcs12.load_key_and_certificates(content, None)
    if certificate is None:
        raise ValueError("no certificate")
    return certificate.not_valid_after_utc
