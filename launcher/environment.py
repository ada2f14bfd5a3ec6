"""The environment every program of ours runs in: 12-factor, and what the user set wins."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher.guardian import TAG
from launcher.paths import PROJECT, VENV
from launcher.words import CannotGoOn

# Names the variables a launcher made, so that a launcher inside `./gp test` does not take them for the user's wishes.
MADE_BY_US = "GP_SET_BY_LAUNCHER"

# gunicorn and Celery fork. Apple's frameworks abort a forked process that touches them (proxy settings, Kerberos).
FORKING_ON_MACOS = {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES", "PGGSSENCMODE": "disable"}


def users_own(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The user's environment without what an outer launcher put there."""
    given = dict(os.environ if environment is None else environment)
    for name in [*given.pop(MADE_BY_US, "").split(), TAG]:
        given.pop(name, None)
    return given


def is_demo(user: Mapping[str, str]) -> bool:
    """Whether this is a demonstration: it is unless the user says no."""
    return (user.get("GP_DEMO") or "1").lower() in ("1", "true", "yes", "on", "y", "ok")


def brings_services(user: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether the user gives (a database, a broker) of their own. Raises CannotGoOn for half a database."""
    app, owner = bool(user.get("DATABASE_URL")), bool(user.get("DATABASE_OWNER_URL"))
    if app != owner:
        missing = "DATABASE_OWNER_URL (the role that migrates)" if app else "DATABASE_URL (the application's role)"
        raise CannotGoOn(
            f"{missing} is not set although the other is: set both, or none to use the embedded PostgreSQL."
        )
    return app, bool(user.get("REDIS_URL"))


def made(
    *,
    data: Path,
    tag: str,
    services: Mapping[str, str],
    ports: Mapping[str, int],
    secret_key: str,
    user: Mapping[str, str],
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment: the user's, then ours where the user has said nothing."""
    ours = {
        "GP_DEMO": "1",
        "GP_DATA_DIR": str(data),
        "GP_PUBLIC_URL": f"http://127.0.0.1:{ports['web']}",
        "GP_SANDBOX_HOSPITAL_URL": f"http://127.0.0.1:{ports['hospital']}",
        "GP_SANDBOX_PHARMACY_URL": f"http://127.0.0.1:{ports['pharmacy']}",
        "GP_SANDBOX_SOCIALCARE_URL": f"http://127.0.0.1:{ports['socialcare']}",
        "DJANGO_SETTINGS_MODULE": "gpportal.settings",
        "PYTHONUNBUFFERED": "1",
        **services,
        **(more or {}),
    }
    if is_demo(user):
        pds = f"http://127.0.0.1:{ports['pds']}"
        ours |= {
            "GP_SECRET_KEY": secret_key,
            "GP_PDS_URL": f"{pds}/personal-demographics/FHIR/R4",
            "GP_PDS_TOKEN_URL": f"{pds}/oauth2/token",
            "GP_PDS_API_KEY": "gpportal-demonstration",
        }
    if sys.platform == "darwin":
        ours |= FORKING_ON_MACOS
    kept = {name: value for name, value in ours.items() if name == "GP_DATA_DIR" or not user.get(name)}
    path = os.pathsep.join([str(VENV / "bin"), user.get("PATH", os.defpath)])
    extra = {"PYTHONDONTWRITEBYTECODE": "1"} if sys.dont_write_bytecode else {}
    names = " ".join(sorted(kept))
    return {**user, **kept, **extra, "PATH": path, "PYTHONPATH": str(PROJECT), TAG: tag, MADE_BY_US: names}
