"""TLS with an authority of the partner's own, made on its first start: one good certificate and one that has expired.

`ca.pem` in the folder `tls` is what others have to trust. The authority is kept; the two certificates are made anew on
every start.
"""

import datetime as dt
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

_DAY: Final = dt.timedelta(days=1)
_PRIVATE: Final = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Certificates:
    """How a connection is encrypted: as it should be, or with a certificate whose time is over."""

    good: ssl.SSLContext
    expired: ssl.SSLContext


def certificates(directory: Path, name: str) -> Certificates:
    """Both, for 127.0.0.1 and localhost, signed by the authority in `directory`, which is made if there is none."""
    folder = directory / "tls"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority, key = _authority(folder, name)
    now = dt.datetime.now(dt.UTC)
    good = _served(folder / "good.pem", authority, key, (now - _DAY, now + 365 * _DAY))
    expired = _served(folder / "expired.pem", authority, key, (now - 90 * _DAY, now - _DAY))
    return Certificates(good, expired)


def _authority(folder: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate, private = folder / "ca.pem", folder / "ca-key.pem"
    if certificate.exists() and private.exists():
        key = load_pem_private_key(private.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return x509.load_pem_x509_certificate(certificate.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = _name(f"{name} (sandbox authority)"), dt.datetime.now(dt.UTC)
    made = _begun(subject, subject, key, (now - 365 * _DAY, now + 3650 * _DAY))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    signed = made.sign(key, hashes.SHA256())
    _keep(private, key.private_bytes(*_PRIVATE))
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    return signed, key


def _served(
    file: Path, authority: x509.Certificate, key: ec.EllipticCurvePrivateKey, valid: tuple[dt.datetime, dt.datetime]
) -> ssl.SSLContext:
    own = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = _begun(_name("127.0.0.1"), authority.subject, own, valid)
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    signed = made.add_extension(issued_by, critical=False).sign(key, hashes.SHA256())
    _keep(file, own.private_bytes(*_PRIVATE) + signed.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(file)
    return context


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, valid: tuple[dt.datetime, dt.datetime]
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(valid[0]).not_valid_after(valid[1])


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _keep(file: Path, content: bytes) -> None:
    """Write a file for its owner alone, in the place of one that is there."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
