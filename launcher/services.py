"""PostgreSQL and Valkey around whatever needs them: the user's if given, else our own in the data directory."""

import signal
from collections.abc import Callable, Mapping

from launcher import postgres, valkey
from launcher.children import Child, Children
from launcher.datadir import DataDir
from launcher.environment import brings_services
from launcher.guardian import TAG, strike
from launcher.postgres_cluster import Cluster
from launcher.processes import is_same_process
from launcher.words import say

START_SECONDS = 60.0


def addresses(user: Mapping[str, str], secrets: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL."""
    own_database, own_broker = brings_services(user)
    names: dict[str, str] = {}
    if own_database:
        names |= {name: user[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    else:
        names["DATABASE_URL"] = postgres.url("gp_app", secrets["app"], ports["postgres"])
        names["DATABASE_OWNER_URL"] = postgres.url("gp_owner", secrets["owner"], ports["postgres"])
    names["REDIS_URL"] = user["REDIS_URL"] if own_broker else valkey.url(secrets["valkey"], ports["valkey"])
    return names


def start(
    children: Children,
    directory: DataDir,
    ports: Mapping[str, int],
    user: Mapping[str, str],
    *,
    testing: bool = False,
    makes_databases: bool = False,
) -> None:
    """Start what the user did not bring, and wait until it answers. Raises CannotGoOn."""
    own_database, own_broker = brings_services(user)
    secrets = directory.secrets()
    waits = []
    if not own_database:
        cluster = Cluster(directory.path / "postgres", secrets, testing=testing, makes_databases=makes_databases)
        waits.append(_postgres(children, directory, ports["postgres"], cluster))
    if not own_broker:
        waits.append(_valkey(children, directory, ports["valkey"], secrets["valkey"], testing=testing))
    for child, is_ready in waits:
        children.wait_until(is_ready, child, START_SECONDS)


def _postgres(children: Children, directory: DataDir, port: int, cluster: Cluster) -> tuple[Child, Callable[[], bool]]:
    data = cluster.data
    postgres.clear_the_way(data)
    cluster.prepare(port)
    child = Child(
        name="postgres",
        words="PostgreSQL",
        command=postgres.command(cluster),
        log=directory.log("postgres"),
        ends_with=signal.SIGINT,  # fast shutdown: sessions are ended, everything is written
        on_our_death=signal.SIGINT,
        grace=4.0,
        run_as=cluster.run_as,
        env=cluster.env | {TAG: children.guardian.tag},
        before=lambda: postgres.clear_the_way(data),
    )
    children.start(child)
    return child, lambda: postgres.is_ready(data)


def _valkey(
    children: Children, directory: DataDir, port: int, password: str, *, testing: bool
) -> tuple[Child, Callable[[], bool]]:
    child = Child(
        name="valkey",
        words="Valkey",
        command=valkey.prepare(directory.path / "valkey", port, password, testing=testing),
        log=directory.log("valkey"),
        on_our_death=signal.SIGTERM,
        grace=3.0,
        env={"LC_ALL": "C", TAG: children.guardian.tag},
    )
    children.start(child)
    return child, lambda: valkey.is_ready(port, password)


def clear_leftovers(directory: DataDir) -> None:
    """Kill what a launch that died with its guardian left running here (its own pid and beginning must both match)."""
    for name, child in (directory.left_behind().get("children") or {}).items():
        pid, started = int(child["pid"]), str(child["started"])
        if name != "postgres" and is_same_process(pid, started):
            say(f"Stopping {name} (process {pid}), left behind by an earlier start")
            strike((pid, 0, True), signal.SIGKILL)
    postgres.clear_the_way(directory.path / "postgres")
