"""The lock files name everything: the launcher installs them without letting pip look for more."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from launcher.paths import DEV_LOCK, LOCK

PIN = re.compile(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")


def pins(lock: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(lock.read_text())}


def asked_for(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> Iterator[tuple[str, str]]:
    """Each package `name` needs on this machine, with who asks, to the last; extras open what they stand for."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    for line in metadata.requires(name) or ():
        needed = Requirement(line)
        if needed.marker and not any(needed.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            continue
        yield canonicalize_name(needed.name), f"{name} needs {needed.name}{needed.specifier}"
        yield from asked_for(canonicalize_name(needed.name), frozenset(needed.extras), seen)


def is_installed(name: str) -> bool:
    """A universal lock also holds packages of other platforms."""
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.parametrize("lock", [LOCK, DEV_LOCK], ids=lambda lock: lock.name)
def test_every_package_that_one_of_the_lock_needs_is_in_the_lock(lock: Path) -> None:
    locked = pins(lock)
    seen: set[tuple[str, frozenset[str]]] = set()
    needed = [pair for name in locked if is_installed(name) for pair in asked_for(name, frozenset(), seen)]
    assert len(needed) > 50
    assert [why for name, why in needed if name not in locked] == []


def test_what_is_installed_is_what_the_lock_says() -> None:
    locked = pins(DEV_LOCK)
    assert {name: metadata.version(name) for name in locked if is_installed(name)}.items() <= locked.items()
