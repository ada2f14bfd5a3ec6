"""The programs of `./gp run`: web, worker, beat and the sandbox partners. PostgreSQL and Valkey are in services.py."""

import signal
from collections.abc import Mapping

from launcher.children import Child
from launcher.environment import is_demo
from launcher.launch import Launch
from launcher.paths import PYTHON

# One web process with threads: the memory budget of the whole stack is 900 MB.
THREADS = 8
GRACE = 5.0  # with PostgreSQL's and Valkey's own it stays under the 10 s in which everything is down


def all_of(launch: Launch, port: int, workers: int) -> list[Child]:
    """What is started once the database is up to date. No access log: a search stands in its URL."""
    python = str(PYTHON)
    schedule = launch.directory.path / "beat"
    schedule.mkdir(exist_ok=True)
    web = [python, "-m", "gunicorn", "gpportal.wsgi:application", "--bind", f"127.0.0.1:{port}", "--worker-class"]
    web += ["gthread", "--workers", "1", "--threads", str(THREADS), "--graceful-timeout", "4", "--no-control-socket"]
    worker = [python, "-m", "celery", "-A", "gpportal", "worker", "--concurrency", str(workers), "--loglevel", "INFO"]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [python, "-m", "celery", "-A", "gpportal", "beat", "--schedule", str(schedule / "schedule"), "--pidfile", ""]
    return [
        _child(launch, "web", "The web server", web),
        _child(launch, "worker", "The Celery worker", worker),
        _child(launch, "beat", "Celery beat", beat),
        *(
            _partner(launch, name, port)
            for name in ("hospital", "pharmacy", "socialcare", "pds")
            if is_demo(launch.user)
        ),
    ]


def _partner(launch: Launch, name: str, port: int) -> Child:
    """A pretend partner: it knows our public address and none of our secrets."""
    folder = launch.directory.path / "sandbox" / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(PYTHON), "-m", f"sandbox.{name}", "--port", str(launch.ports[name]), "--data", str(folder)]
    command += ["--gpportal", f"http://127.0.0.1:{port}"]
    secret = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "GP_SECRET_KEY", "GP_SECRET_BOX_KEYS")
    env = {key: value for key, value in launch.env.items() if key not in secret}
    return _child(launch, name, f"The sandbox {name}", command, env)


def _child(launch: Launch, name: str, words: str, command: list[str], env: Mapping[str, str] | None = None) -> Child:
    return Child(
        name=name,
        words=words,
        command=command,
        log=launch.directory.log(name),
        ends_with=signal.SIGTERM,
        grace=GRACE,
        env=launch.env if env is None else env,
    )
