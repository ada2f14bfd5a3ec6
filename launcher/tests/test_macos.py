"""What is different on macOS, played on Linux: no /proc, no prctl, no waitid, BSD's ps. Nobody has run it on a Mac yet.

The launcher, its guardian and the wrapper of its children run as processes of their own that believe to be there;
PostgreSQL, Valkey and the programs are Linux's.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import environment, packages, postgres, postgres_cluster, processes, unprivileged, watch
from launcher.guardian import is_alive
from launcher.processes import asked_of_ps, started_at
from launcher.tests.conftest import Gp, all_gone, family, linux_only, wait_for
from launcher.words import CannotGoOn

#: Run first in each process: what a Mac does not have is taken away, and what reads /proc finds nothing.
PRELUDE = """\
import os, pathlib, sys
vars(os).pop("waitid", None)
for name in ("read_text", "read_bytes", "exists", "glob"):
    def hidden(self, *given, _real=getattr(pathlib.Path, name), _name=name, **more):
        if not str(self).startswith("/proc"):
            return _real(self, *given, **more)
        if _name.startswith("read"):
            raise FileNotFoundError(2, "there is no /proc")
        return False if _name == "exists" else iter(())
    setattr(pathlib.Path, name, hidden)
"""
ASLEEP = "import time; open(r'{}', 'w').close(); time.sleep(60)"


@pytest.fixture
def mac(gp: Gp, project: Path, tmp_path: Path) -> Gp:
    """`./gp` whose processes believe that they run on macOS, but for root's way to run PostgreSQL."""
    wrapper, guardian = tmp_path / "wrapper.py", tmp_path / "guardian.py"
    there = 'sys.platform = "darwin"\n'
    for program, real in ((wrapper, processes.WRAPPER), (guardian, watch.PROGRAM)):
        program.write_text(PRELUDE + there + f"exec(compile(open({str(real)!r}).read(), 'x', 'exec'))\n")
    code = PRELUDE + (
        f"sys.path.insert(0, {str(project)!r})\n"
        "import types\n"
        "from launcher import environment, processes, watch\n"
        "watch.sys = environment.sys = types.SimpleNamespace(**{**vars(sys), 'platform': 'darwin'})\n"
        f"processes.WRAPPER, watch.PROGRAM = pathlib.Path({str(wrapper)!r}), pathlib.Path({str(guardian)!r})\n"
        "from launcher.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )

    def start(*arguments: str, **more: str) -> "subprocess.Popen[str]":
        return gp(*arguments, program=(sys.executable, "-c", code), **more)

    return start


def test_a_command_runs_and_leaves_nothing(mac: Gp, tmp_path: Path) -> None:
    data = tmp_path / "data"
    code = "import os; print(os.environ['OBJC_DISABLE_INITIALIZE_FORK_SAFETY'], os.environ['PGGSSENCMODE'])"
    process = mac("manage", "--data", str(data), "shell", "-c", code)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip()) == (0, "YES disable"), err
    assert not (data / "run.json").exists()
    assert not (data / "postgres" / "postmaster.pid").exists()


@linux_only
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_the_guardian_alone_takes_everything_down(mac: Gp, tmp_path: Path, signum: int) -> None:
    data, mark = tmp_path / "data", tmp_path / "mark"
    process = mac("manage", "--data", str(data), "shell", "-c", ASLEEP.format(mark))
    assert wait_for(lambda: mark.exists() or process.poll() is not None, 30)
    assert process.poll() is None, process.communicate(timeout=10)
    everyone = family(process.pid)
    assert len(everyone) >= 5, "guardian, PostgreSQL and its own, Valkey, the command"
    os.kill(process.pid, signum)
    assert all_gone(everyone[1:], 9), [asked_of_ps(one, "command") for one in everyone if is_alive(one)]


def test_who_uses_a_directory_is_known_by_ps(mac: Gp, tmp_path: Path) -> None:
    data, mark = tmp_path / "data", tmp_path / "mark"
    first = mac("manage", "--data", str(data), "shell", "-c", ASLEEP.format(mark))
    assert wait_for(lambda: mark.exists() or first.poll() is not None, 30)
    state = json.loads((data / "run.json").read_text())
    assert state["started"] == asked_of_ps(first.pid, "lstart")
    second = mac("run", "--data", str(data), "--port", "8938", LANG="de_DE.UTF-8", TZ="Asia/Tokyo")
    _, err = second.communicate(timeout=30)
    assert f"in use by `./gp manage` (process {first.pid})" in err


def test_ps_says_the_same_in_every_language_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = asked_of_ps(os.getpid(), "lstart")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LC_ALL", "cy_GB.UTF-8")
    assert asked_of_ps(os.getpid(), "lstart") == before != ""
    assert asked_of_ps(2**22 + 1, "lstart") == ""


def test_a_long_path_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BSD's ps cuts a line at the terminal's width: a server that lives would be taken for another program."""
    data = tmp_path / ("long " * 40) / "postgres"
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "postgres", "-D", str(data)])
    monkeypatch.setattr(Path, "read_bytes", _no_proc)
    monkeypatch.setenv("COLUMNS", "80")
    try:
        assert postgres._is_server_on(sleeper.pid, data)
        assert not postgres._is_server_on(sleeper.pid, tmp_path / "other")
    finally:
        sleeper.kill()
        sleeper.wait()


def _no_proc(self: Path) -> bytes:
    raise FileNotFoundError(self)


def test_orphans_are_not_looked_for_where_none_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "waitid", raising=False)
    watch.reap_orphans(set())
    watch.adopt_orphans()


def test_root_is_told_to_leave_sudo_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(CannotGoOn, match=r"start \./gp again without sudo"):
        unprivileged.for_postgres(tmp_path / "postgres", tmp_path / "data")


def test_forking_is_made_safe_there_and_only_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**user: str) -> dict[str, str]:
        ports = dict.fromkeys(("web", "hospital", "pharmacy", "socialcare", "pds"), 1)
        return environment.made(data=tmp_path, tag="t", services={}, ports=ports, secret_key="k", user=user)

    assert "PGGSSENCMODE" not in made()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert made()["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] == "YES"
    assert made(PGGSSENCMODE="prefer")["PGGSSENCMODE"] == "prefer", "what the user set wins"


@pytest.mark.parametrize("homebrew", ["/opt/homebrew/opt", "/usr/local/opt"])
def test_homebrews_postgresql_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, homebrew: str) -> None:
    """On an Intel Mac there is no wheel with PostgreSQL: it comes from Homebrew, which stands elsewhere there."""
    folder = tmp_path / "postgresql@17" / "bin"
    folder.mkdir(parents=True)
    (folder / "initdb").touch()
    (folder / "postgres").touch()
    real = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda self, pattern: real(tmp_path if str(self) == homebrew else tmp_path / "no", pattern)
    )
    monkeypatch.setattr(postgres_cluster, "site_packages", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert postgres_cluster.programs() == folder


@pytest.mark.parametrize(
    "said", ["ERROR: Failed building wheel for cryptography", "Failed to build 'cryptography' when"]
)
def test_an_intel_mac_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr("os.uname", lambda: os.uname_result(("Darwin", "x", "22", "x", "x86_64")))
    sentence = packages._explain(said)
    assert sentence.startswith("cryptography has no ready-made package for this platform (Darwin x86_64, Python 3.")
    assert "Apple silicon" in sentence


def test_a_process_that_is_gone_has_no_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", _no_proc)
    monkeypatch.setattr(Path, "exists", lambda self: False)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert started_at(gone.pid) == ""
    assert started_at(os.getpid()) == asked_of_ps(os.getpid(), "lstart")
