"""One launch: a data directory taken, services running, the environment made; everything down again at the end."""

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from launcher import environment, ports, services
from launcher.children import Children
from launcher.datadir import DataDir
from launcher.paths import PROJECT
from launcher.processes import end, start
from launcher.watch import Bell, Guardian, adopt_orphans, quiet_signals, stop_on_signals
from launcher.words import Interrupted

PORT_NAMES = ("web", "postgres", "valkey", "hospital", "pharmacy", "socialcare", "pds")


class Launch:
    """What a command works with while its services run."""

    def __init__(
        self,
        directory: DataDir,
        command: str,
        user: Mapping[str, str],
        *,
        testing: bool,
        makes_databases: bool = False,
    ) -> None:
        self.directory, self.command, self.user = directory, command, user
        self.testing, self.makes_databases = testing, makes_databases
        self.phase = "starting"
        self.ports: dict[str, int] = {}
        self.env: dict[str, str] = {}
        self.guardian = Guardian(directory.lock_fd)
        self.children = Children(self.guardian, Bell())
        self.children.changed = self.tell

    def tell(self, phase: str = "") -> None:
        """Write run.json anew."""
        self.phase = phase or self.phase
        self.directory.write_state(
            self.command,
            self.phase,
            ports=self.ports,
            guardian=self.guardian.process.pid,
            children=self.children.pids(),
        )

    def start_services(self, web_port: int | None = None, more: Mapping[str, str] | None = None) -> None:
        """PostgreSQL and Valkey up (or the user's named), and the environment for everything else made."""
        services.clear_leftovers(self.directory)
        before = self.directory.ports()
        kept = ports.remembered(tuple(name for name in PORT_NAMES if name != "web"), before)
        self.ports = {**kept, "web": web_port or before.get("web") or 8000}
        if web_port or not before.get("web"):
            self.directory.keep_ports(self.ports)
        else:
            self.directory.keep_ports(kept)
        self.env = environment_of(self.directory, self.ports, self.user, self.guardian.tag, more)
        services.start(
            self.children,
            self.directory,
            self.ports,
            self.user,
            testing=self.testing,
            makes_databases=self.makes_databases,
        )
        self.tell("services")

    def foreground(self, command: Sequence[str], *, quiet: bool = False, cwd: Path = PROJECT) -> int:
        """Run one program at the user's terminal and wait for it; `quiet` sends its output to standard error."""
        return foreground(self.children, command, self.env, to_stderr=quiet, cwd=cwd)

    def close(self) -> None:
        """Everything down, in order."""
        self.children.changed = lambda: None
        self.children.stop_all()
        self.guardian.close()


def environment_of(
    directory: DataDir,
    its_ports: Mapping[str, int],
    user: Mapping[str, str],
    tag: str,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The environment for programs that use this directory's services."""
    secrets = directory.secrets()
    return environment.made(
        data=directory.path,
        tag=tag,
        services=services.addresses(user, secrets, its_ports),
        ports=its_ports,
        secret_key=secrets["secret_key"],
        user=user,
        more=more,
    )


def foreground(
    children: Children,
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    to_stderr: bool = False,
    cwd: Path = PROJECT,
) -> int:
    """Run a program in the foreground: it shares our terminal, and Ctrl-C is its own to answer."""
    stdout = sys.stderr.fileno() if to_stderr else None
    at_terminal = sys.stdin is not None and sys.stdin.isatty() and not to_stderr
    process = start(command, env=env, ends_with=signal.SIGTERM, own_group=False, stdin=None, stdout=stdout, cwd=cwd)
    children.guardian.watch(process.pid, signal.SIGTERM, group=False)
    before = signal.signal(signal.SIGINT, lambda *_: None) if at_terminal else None
    try:
        return _status(children.wait_for(process))
    except Interrupted as interrupted:
        end(process, interrupted.signum, 6.0, group=False)
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
        if process.poll() is None:
            end(process, signal.SIGKILL, 1.0, group=False)
        children.guardian.forget(process.pid)


def _status(returncode: int) -> int:
    """A shell's exit status: 128 plus the signal for a program that was killed."""
    return 128 - returncode if returncode < 0 else returncode


@contextmanager
def launched(
    directory: DataDir,
    command: str,
    *,
    needs_mb: int,
    user: Mapping[str, str],
    testing: bool = False,
    makes_databases: bool = False,
) -> Iterator[Launch]:
    """Take the directory, give the caller a Launch, and leave nothing behind. Raises CannotGoOn."""
    adopt_orphans()
    directory.create(needs_mb)
    directory.lock()
    launch = None
    try:
        stop_on_signals()
        launch = Launch(directory, command, user, testing=testing, makes_databases=makes_databases)
        launch.tell()
        yield launch
    finally:
        quiet_signals()
        if launch:
            launch.close()
            directory.clear_state()
        directory.unlock()
