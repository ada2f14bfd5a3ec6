"""The house rules that a tool for imports cannot see."""

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string

from access.permissions import PERMISSIONS, Permission

ROOT = Path(__file__).resolve().parents[2]
APPS = ["access", "ui", "work", "exchange", "records", "referrals", "socialcare", "gpportal"]


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in names.split(b"\0") if name]


def ours(*, tests: bool = False) -> Iterator[tuple[Path, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" in path.parts or ("tests" in path.parts and not tests):
                continue
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def test_views_panels_and_api_reach_clinical_data_only_through_reach() -> None:
    """`.objects` there would be a query that no relationship stands behind."""
    offenders = []
    for path, tree in ours():
        if path.name in ("views.py", "panels.py", "fhir_api.py") or "views" in path.parts:
            offenders += [
                f"{path}:{node.lineno}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager")
            ]
    assert offenders == []


def test_system_urls_have_one_home() -> None:
    """Identifier and code systems are members of exchange.fhir.systems.System, and no literal elsewhere."""
    known = re.compile(
        r"https?://(fhir\.nhs\.uk|fhir\.hl7\.org\.uk|hl7\.org|terminology\.hl7\.org|snomed\.info|loinc\.org|unitsofmeasure\.org|dmd\.nhs\.uk)"
    )
    offenders = []
    for path, tree in ours():
        if path.as_posix() == "exchange/fhir/systems.py" or path.parts[:2] == ("gpportal", "demonstration"):
            continue
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        offenders += [
            f"{path}:{node.lineno} {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and known.search(node.value)
        ]
    assert offenders == []


def test_no_class_is_named_by_what_it_is_for_everybody() -> None:
    # FHIR HealthcareService; the hook that Django looks for
    allowed = {"exchange/models/directory.py:Service", "access/models.py:UserManager"}
    found, files = set(), set()
    for path, tree in ours(tests=True):
        files.add(path.name)
        found |= {
            f"{path.as_posix()}:{node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Service", "Manager", "Helper"))
        }
    assert found <= allowed
    assert not files & {"utils.py", "helpers.py", "services.py", "managers.py", "signals.py"}


def test_there_are_no_signals() -> None:
    signal_modules = {"django.dispatch", "django.db.models.signals"}
    offenders = [
        str(path)
        for path, tree in ours()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in signal_modules
    ]
    assert offenders == []


def test_every_act_says_by_whom() -> None:
    """Public functions of actions.py take keyword arguments only, `by=` among them (signing in acts on oneself)."""
    exempt = {"access/actions.py:take_role"}
    offenders = []
    for path, tree in ours():
        if path.name != "actions.py":
            continue
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            where = f"{path.as_posix()}:{node.name}"
            keywords = {argument.arg for argument in node.args.kwonlyargs}
            if where not in exempt and ("by" not in keywords or len(node.args.args) > 1):
                offenders.append(where)
    assert offenders == []


def test_every_permission_is_used_by_a_page_and_held_by_a_role() -> None:
    used: set[Permission] = set()

    def walk(patterns: list[URLPattern | URLResolver]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns)
            else:
                used.update(getattr(pattern.callback, "required_permissions", ()))

    walk(get_resolver().url_patterns)
    source = "\n".join(path.read_text() for path in (ROOT / p for p, _ in ours()))
    asked = {p for p in Permission if f".may(Permission.{p.name})" in source}
    held = {permission for permissions in PERMISSIONS.values() for permission in permissions}
    assert set(Permission) == used | asked
    assert set(Permission) == held


def test_every_event_and_happening_is_routed_to_something_that_exists() -> None:
    messages = importlib.import_module(settings.MESSAGES)
    for path in messages.EVENTS.values():
        handler = _resolve(path)
        assert callable(handler.handle), path
        assert callable(handler.precheck), path
    for name, paths in messages.HAPPENINGS.items():
        for path in paths:
            assert callable(import_string(path)), (name, path)
    for path in messages.KEPT:
        assert callable(import_string(path)), path
    source = "\n".join((ROOT / path).read_text() for path, _ in ours())
    announced = set(re.findall(r"happen\(\s*\"([a-z_]+)\"", source))
    assert announced == set(messages.HAPPENINGS)


def _resolve(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        return import_string(path)


def test_no_tracked_file_names_an_index_or_a_path_of_one_machine() -> None:
    hosts = re.compile(
        rb"(pypi\.org/simple|files\.pythonhosted|registry\.npmjs|--index-url|--extra-index-url|\"resolved\":)"
    )
    allowed = {"tests/architecture/test_house.py"}
    offenders = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if name in allowed or not path.is_file() or path.suffix in (".png", ".gz", ".ico", ".woff2"):
            continue
        text = path.read_bytes()
        if hosts.search(text) and not name.startswith("launcher/"):
            offenders.append(name)
        if str(ROOT.parent).encode() + b"/" in text and len(str(ROOT.parent)) > 1:
            offenders.append(f"{name}: a path of this machine")
    assert offenders == []


def test_no_check_is_skipped_silently() -> None:
    """A skip must say what is missing; an xfail or a swallowed error has no place."""
    offenders = []
    for path in [*tracked("*.py")]:
        if path.name == "test_house.py" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        offenders += [f"{path.name}: {m}" for m in re.findall(r"pytest\.mark\.xfail|except[^\n]*:\n\s+pass\b", text)]
    assert offenders == []
