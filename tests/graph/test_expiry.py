"""A certificate or a secret that runs out is told a month ahead: by `check`, by the status, and by an event."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from config.settings import Settings
from hjemmekontor.check import credential_line
from hjemmekontor.verdicts import Verdict
from integrations.graph.expiry import credential_of
from tasks.judging import credential_line as line_of_status

NOW = datetime(2027, 3, 1, 6, 0, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hjemmekontor")])

Write = Callable[[EllipticCurvePrivateKey, x509.Certificate], bytes]


def as_pem(key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """The key first, as often as not."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)


def as_pkcs12(key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"hjemmekontor", key, certificate, None, NoEncryption())


def with_a_certificate(folder: Path, ends_at: datetime, write: Write = as_pem) -> Settings:
    key = generate_private_key(SECP256R1())
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number())
    certificate = builder.not_valid_before(ends_at - timedelta(days=365)).not_valid_after(ends_at)
    file = folder / "certificate"
    file.write_bytes(write(key, certificate.sign(key, hashes.SHA256())))
    return Settings.model_construct(graph_certificate_path=file)


def said(settings: Settings) -> tuple[Verdict, str, bool, str]:
    """By `check`, and by the status."""
    credential = credential_of(settings)
    checked, shown = credential_line(credential, NOW), line_of_status(credential, NOW)
    return checked.verdict, f"{checked.what}: {checked.said}", shown.is_well, f"{shown.what}: {shown.said}"


@pytest.mark.parametrize("write", [as_pem, as_pkcs12])
@pytest.mark.parametrize(
    ("left", "verdict", "checked", "shown"),
    [
        (timedelta(days=31), Verdict.WELL, "lasts until 2027-04-01", "gjelder til 01.04.2027"),
        (
            timedelta(days=30),
            Verdict.WARNING,
            "runs out in 30 days (2027-03-31); make",
            "løper ut om 30 dager (31.03.2",
        ),
        (timedelta(hours=1), Verdict.WARNING, "runs out in 0 days (2027-03-01); make", "løper ut om 0 dager (01.03.20"),
        (timedelta(0), Verdict.FAILURE, "ran out 2027-03-01; make", "løp ut 01.03.2027; lag en ny"),
    ],
)
def test_a_certificate(  # noqa: PLR0913, PLR0917 - a case and what is said of it
    tmp_path: Path, write: Write, left: timedelta, verdict: Verdict, checked: str, shown: str
) -> None:
    found = said(with_a_certificate(tmp_path, NOW + left, write))
    assert (found[0], found[2]) == (verdict, verdict is Verdict.WELL)
    assert found[1].startswith(f"Certificate: {checked}")
    assert found[3].startswith(f"Sertifikatet for Microsoft 365: {shown}")


@pytest.mark.parametrize(
    ("last_day", "verdict", "checked", "shown"),
    [
        (date(2027, 4, 1), Verdict.WELL, "lasts until 2027-04-01", "gjelder til 01.04.2027"),
        (date(2027, 3, 11), Verdict.WARNING, "runs out in 10 days (2027-03-11); make", "løper ut om 10 dager (11.03.2"),
        (date(2027, 3, 1), Verdict.WARNING, "runs out in 0 days (2027-03-01); make", "løper ut om 0 dager (01.03.20"),
        (date(2027, 2, 28), Verdict.FAILURE, "ran out 2027-02-28; make", "løp ut 28.02.2027; lag en ny"),
        (
            None,
            Verdict.WELL,
            "when it runs out is not known; set HK_GRAPH_SECRET_EXPIRES",
            "utløpet er ikke kjent; sett",
        ),
    ],
)
def test_a_secret(last_day: date | None, verdict: Verdict, checked: str, shown: str) -> None:
    """Through the day that Entra ID shows."""
    found = said(Settings.model_construct(graph_client_secret=SecretStr("x"), graph_secret_expires=last_day))
    assert (found[0], found[2]) == (verdict, verdict is Verdict.WELL)
    assert found[1].startswith(f"Client secret: {checked}")
    assert found[3].startswith(f"Hemmeligheten for Microsoft 365: {shown}")


def test_a_managed_identity_does_not_run_out_by_our_doing() -> None:
    verdict, checked, is_well, shown = said(Settings.model_construct(graph_credential="managed-identity"))
    assert (verdict, is_well) == (Verdict.WELL, True)
    assert checked == "Managed identity: does not run out"
    assert shown == "Maskinens identitet for Microsoft 365: løper ikke ut"


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nnone\n", b"\x30\x82none"])
def test_a_certificate_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "certificate.pem"
    if content is not None:
        file.write_bytes(content)
    verdict, checked, is_well, shown = said(Settings.model_construct(graph_certificate_path=file))
    assert (verdict, is_well) == (Verdict.FAILURE, False)
    assert "HK_GRAPH_CERTIFICATE_PATH cannot be read" in checked
    assert shown == "Sertifikatet for Microsoft 365: kan ikke leses; se HK_GRAPH_CERTIFICATE_PATH"
