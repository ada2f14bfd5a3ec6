"""How TLS is spoken with one partner: whose certificates are trusted, which is ours, and what went wrong.

Verification is always on: certificate, dates and host name, TLS 1.2 at least. A partner's own authority (`Partner.ca`)
takes the place of those the system trusts; it may be one that lies in between.
"""

import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

import httpx
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from exchange.errors import (
    CertificateNotTrusted,
    CertificateOfOthers,
    CertificateOver,
    OurCertificateRefused,
    TlsFailed,
)
from exchange.models import Partner, Secret

#: OpenSSL's X509_V_ERR_*: not yet valid, expired; names that do not match.
_DATES: Final = frozenset({9, 10})
_NAMES: Final = frozenset({62, 63, 64})
#: Alerts by which a server says, while connecting, that it wants another certificate of ours or any.
_OURS: Final = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "UNKNOWN_CA", "ACCESS_DENIED", "BAD_CERTIFICATE")
_OURS_TOO: Final = ("CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED", "CERTIFICATE_UNKNOWN", "UNSUPPORTED_CERTIFICATE")


@dataclass(frozen=True, slots=True)
class Identity:
    """What TLS with one partner is made of. `owner` is the partner's id, 0 for whoever needs nothing of their own."""

    owner: int = 0
    ca: str = ""
    certificate: str = ""
    #: The key of the certificate as the database keeps it: encrypted.
    sealed_key: str = ""


PLAIN: Final = Identity()


def of(partner: Partner) -> Identity:
    """A partner's; PLAIN when it has neither an authority nor a certificate of ours."""
    if not (partner.ca or partner.client_certificate):
        return PLAIN
    return Identity(partner.pk, partner.ca, partner.client_certificate, partner.client_key.sealed)


def context(identity: Identity) -> ssl.SSLContext:
    """The settings of OpenSSL for it. Raises TlsFailed when authority, certificate or key cannot be used."""
    try:
        made = ssl.create_default_context(cadata=identity.ca) if identity.ca else httpx.create_ssl_context()
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if identity.certificate:
            _show_ours(made, identity.certificate, Secret.stored(identity.sealed_key).reveal())
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise TlsFailed(f"our settings: {type(error).__name__}") from None
    return made


def _show_ours(made: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL reads a key from a file only: it lies there for a moment, for us alone, under a password used once."""
    password = token_hex(32).encode()
    private = load_pem_private_key(key.encode(), password=None)
    sealed = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.pem"
        path.write_bytes(certificate.strip().encode() + b"\n" + sealed)
        made.load_cert_chain(path, password=password)


def fault(error: BaseException, *, connecting: bool) -> TlsFailed | None:
    """The fault of TLS behind an error of a call, None if it was none.

    `connecting`: nothing was sent yet. With TLS 1.3 a server refuses our certificate only after we think that we are
    connected, and before it reads anything: that counts as connecting too.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_theirs(cause.verify_code)
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or ""
            if "ALERT" in reason and any(reason.endswith(one) for one in (*_OURS, *_OURS_TOO)):
                return OurCertificateRefused(reason)
            if connecting:
                return TlsFailed(reason or type(cause).__name__)
    return None


def _of_theirs(code: int) -> TlsFailed:
    if code in _DATES:
        return CertificateOver(str(code))
    return CertificateOfOthers(str(code)) if code in _NAMES else CertificateNotTrusted(str(code))


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
