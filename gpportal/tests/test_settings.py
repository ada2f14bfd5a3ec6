"""Production refuses to start without a secret, a host or a TLS setting, and names what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "GP_PUBLIC_URL": "https://portal.example",
    "GP_SECRET_KEY": "s" * 60,
    "GP_HOSTS": "portal.example",
    "GP_TLS": "proxy",
    "GP_ODS_CODE": "Y90001",
    "GP_SERVICE_ID": "9000000101",
    "GP_SECRET_BOX_KEYS": "n" * 43 + "=," + "o" * 43 + "=",
    "DATABASE_URL": "postgres://app:secret@127.0.0.1:1/gpportal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def load(**changes: str | None) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own with production's environment, changed as asked."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    environment |= {name: value for name, value in (PRODUCTION | changes).items() if value is not None}
    code = (
        "from gpportal import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, getattr(s, 'SECURE_SSL_REDIRECT', False), s.DEMO)"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )


def test_a_whole_production_environment_starts_with_secure_cookies() -> None:
    result = load()
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["True", "True", "False"]


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_a_missing_setting_stops_start_up_and_is_named(name: str) -> None:
    result = load(**{name: None})
    assert result.returncode != 0
    assert f"{name} " in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"GP_PUBLIC_URL": "http://portal.example"}, "GP_PUBLIC_URL must begin with https://"),
        ({"GP_TLS": "off"}, "GP_TLS must be"),
        ({"GP_SECRET_BOX_KEYS": "short"}, "GP_SECRET_BOX_KEYS must be Fernet keys"),
    ],
)
def test_production_insists_on_tls(changes: dict[str, str], sentence: str) -> None:
    result = load(**changes)
    assert result.returncode != 0
    assert sentence in result.stderr


def test_demo_defaults_exist_only_under_gp_demo() -> None:
    assert load(GP_DEMO="1", GP_HOSTS=None, GP_TLS=None, GP_ODS_CODE=None, GP_SERVICE_ID=None).returncode == 0
