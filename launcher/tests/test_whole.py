"""The launcher as its users meet it: real PostgreSQL, real Valkey, real signals."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from launcher.datadir import DataDir
from launcher.environment import users_own
from launcher.guardian import is_alive
from launcher.paths import PROJECT
from launcher.tests.conftest import Gp, all_gone, family, linux_only, wait_for

ASLEEP = "import time; open(r'{}', 'w').close(); time.sleep(60)"
# A grandchild in a session of its own: neither its group nor its parent can be used to find it.
ESCAPED = (
    "import subprocess, sys; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True); "
)


def shell_asleep(gp: Gp, data: Path, mark: Path, first: str = "") -> "tuple[int, list[int]]":
    """`./gp manage shell` that sleeps with its services up: its pid and its whole family's."""
    process = gp("manage", "--data", str(data), "shell", "-c", first + ASLEEP.format(mark))
    assert wait_for(lambda: mark.exists() or process.poll() is not None, 30)
    assert process.poll() is None, process.communicate(timeout=10)
    return process.pid, family(process.pid)


@linux_only
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_launcher(gp: Gp, tmp_path: Path, signum: int) -> None:
    pid, everyone = shell_asleep(gp, tmp_path / "data", tmp_path / "mark", ESCAPED)
    words = [Path(f"/proc/{one}/cmdline").read_bytes() for one in everyone]
    assert any(b"valkey-server" in word for word in words), "the services are part of what must go"
    assert any(b"guardian.py" in word for word in words)
    assert sum(b"time.sleep(60)" in word for word in words[1:]) == 2, "the program and the grandchild that escaped"
    os.kill(pid, signum)
    assert all_gone(everyone[1:], 9), [Path(f"/proc/{one}/cmdline").read_bytes() for one in everyone if is_alive(one)]


@linux_only
def test_after_sigkill_the_next_start_finds_everything_in_order(gp: Gp, tmp_path: Path) -> None:
    data = tmp_path / "data"
    pid, _ = shell_asleep(gp, data, tmp_path / "mark")
    os.kill(pid, signal.SIGKILL)
    again = gp("manage", "--data", str(data), "shell", "-c", "print('still here')")
    out, err = again.communicate(timeout=30)
    assert (again.returncode, out.strip()) == (0, "still here"), err
    assert not (data / "run.json").exists()
    assert not (data / "postgres" / "postmaster.pid").exists()


@linux_only
def test_what_a_dead_guardian_left_is_cleared_at_the_next_start(gp: Gp, tmp_path: Path) -> None:
    data = tmp_path / "data"
    pid, _ = shell_asleep(gp, data, tmp_path / "mark")
    state = json.loads((data / "run.json").read_text())
    os.kill(state["guardian"], signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    again = gp("manage", "--data", str(data), "shell", "-c", "print('still here')")
    out, err = again.communicate(timeout=30)
    assert (again.returncode, out.strip()) == (0, "still here"), err
    assert not any(is_alive(child["pid"]) for child in state["children"].values())


def test_a_directory_in_use_is_named_with_who_uses_it(gp: Gp, tmp_path: Path) -> None:
    data = tmp_path / "data"
    pid, _ = shell_asleep(gp, data, tmp_path / "mark")
    second = gp("run", "--data", str(data), "--port", "8937")
    out, err = second.communicate(timeout=30)
    assert second.returncode == 1
    assert f"in use by `./gp manage` (process {pid}): stop that first" in err
    assert out == ""
    assert is_alive(pid), "who was there first is not disturbed"


def test_the_commands_status_and_output_are_the_users(gp: Gp, tmp_path: Path) -> None:
    code = "import sys; print('asked'); sys.exit(7)"
    process = gp("manage", "--data", str(tmp_path / "a folder"), "shell", "-c", code)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip()) == (7, "asked"), err


def test_two_roles_and_what_they_may_not(gp: Gp, tmp_path: Path) -> None:
    code = (
        "import os, psycopg\n"
        "for name in ('DATABASE_URL', 'DATABASE_OWNER_URL'):\n"
        "    with psycopg.connect(os.environ[name]) as connection:\n"
        "        print(*connection.execute('SELECT current_user, rolsuper, rolcreatedb, rolbypassrls, "
        "(SELECT count(*) FROM pg_extension) FROM pg_roles WHERE rolname = current_user').fetchone())\n"
    )
    process = gp("manage", "--data", str(tmp_path / "data"), "shell", "-c", code)
    out, err = process.communicate(timeout=30)
    assert out.splitlines() == ["gp_app False False False 4", "gp_owner False False False 4"], err


def test_secrets_are_for_the_owner_only(gp: Gp, tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = gp("manage", "--data", str(data), "shell", "-c", "pass")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    secret = DataDir(data).secrets()
    for path in (data / "secrets.json", data / "valkey" / "valkey.conf", *(data / "logs").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    assert data.stat().st_mode & 0o077 == 0
    for path in (data / "logs").iterdir():
        assert not any(value in path.read_text() for value in secret.values()), path


def test_a_taken_port_is_one_sentence(gp: Gp, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = gp("run", "--data", str(tmp_path / "data"), "--port", str(port))
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"gp: Port {port} is in use by another program: choose another with ./gp run --port" in err
    assert out == ""
    assert not (tmp_path / "data" / "postgres").exists(), "nothing was set up for a start that cannot be"


def test_half_a_database_is_refused_by_name(gp: Gp, tmp_path: Path) -> None:
    process = gp("run", "--data", str(tmp_path / "data"), DATABASE_URL="postgresql://someone@elsewhere/db")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "DATABASE_OWNER_URL (the role that migrates) is not set" in err
    assert not (tmp_path / "data").exists()


def test_the_users_own_services_replace_ours(gp: Gp, tmp_path: Path) -> None:
    urls = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:9/x", "DATABASE_OWNER_URL": "postgresql://o:b@127.0.0.1:9/x"}
    code = "import os; print(os.environ['DATABASE_OWNER_URL'], os.environ['REDIS_URL'])"
    process = gp(
        *("manage", "--data", str(tmp_path / "data"), "shell", "-c", code),
        **urls,
        REDIS_URL="redis://127.0.0.1:9/3",
    )
    out, err = process.communicate(timeout=30)
    assert out.split() == [urls["DATABASE_OWNER_URL"], "redis://127.0.0.1:9/3"], err
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "valkey").exists()


def test_nothing_but_a_path_is_needed(tmp_path: Path, gp: Gp, project: Path) -> None:
    bare = ("env", "-i", f"PATH={os.environ['PATH']}", sys.executable, str(project / "gp"))
    process = gp("manage", "--data", str(tmp_path / "data"), "shell", "-c", "print('ä')", program=bare)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip()) == (0, "ä"), err


def test_no_argument_prints_the_help(gp: Gp) -> None:
    process = gp()
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert all(f"./gp {name}" in out for name in ("run", "test", "check", "bench", "manage"))
    assert err == ""


def test_an_unknown_command_says_so(gp: Gp) -> None:
    process = gp("rnu")
    _, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "no command 'rnu'" in err


def test_an_old_python_is_told_what_is_needed(gp: Gp, tmp_path: Path) -> None:
    old = "import sys; sys.version_info = (3, 9, 0, 'final', 0); sys.argv = ['gp']; exec(open(r'{}').read())"
    code = f"__file__ = r'{PROJECT / 'gp'}'; " + old.format(PROJECT / "gp")
    process = gp("-c", code, program=(sys.executable,), PATH=str(tmp_path))
    out, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "needs Python 3.11 or newer, and this is Python 3.9" in err
    assert out == ""


def test_what_an_outer_launcher_set_is_not_the_users_wish() -> None:
    given = {"DATABASE_URL": "x", "MINE": "y", "GP_SET_BY_LAUNCHER": "DATABASE_URL GP_TEST", "GP_TEST": "1"}
    assert users_own(given) == {"MINE": "y"}


def test_stopping_is_quick(gp: Gp, tmp_path: Path) -> None:
    pid, _ = shell_asleep(gp, tmp_path / "data", tmp_path / "mark")
    began = time.monotonic()
    os.kill(pid, signal.SIGINT)
    assert wait_for(lambda: not is_alive(pid), 10)
    assert time.monotonic() - began < 9
