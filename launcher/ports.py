"""Loopback ports: which are free, and the ones a data directory used last time."""

import random
import socket

# Below the range systems hand out to outgoing connections, so that none of those takes it between our look and our use.
LOWEST, HIGHEST = 20_000, 31_999


def is_free(port: int) -> bool:
    """Whether we could listen there now."""
    return trouble_with(port) is None


def pick(taken: set[int]) -> int:
    """A free loopback port that is not in `taken`."""
    while True:
        port = random.randint(LOWEST, HIGHEST)
        if port not in taken and is_free(port):
            return port


def remembered(names: tuple[str, ...], before: dict[str, int]) -> dict[str, int]:
    """A free port for each name: last time's where it is still free, since partners' addresses are stored."""
    ports: dict[str, int] = {}
    for name in names:
        last = before.get(name)
        ports[name] = last if last and last not in ports.values() and is_free(last) else pick(set(ports.values()))
    return ports


def trouble_with(port: int) -> str | None:
    """Why we cannot listen on a port, in words; None if we can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return f"Port {port} may be used by root only"
        except OSError:
            return f"Port {port} is in use by another program"
    return None
