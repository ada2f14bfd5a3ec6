"""The Jinja environment: NHS.UK macros, our filters, nothing that reads data."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader


def environment(**options: Any) -> Environment:
    """What settings.TEMPLATES names."""
    options["undefined"] = ChainableUndefined  # the NHS macros read optional parameters by attribute
    env = Environment(**options)
    assert env.loader is not None
    env.loader = ChoiceLoader([env.loader, PackageLoader("nhsuk_frontend_jinja")])
    env.globals.update(static=static, url=reverse)
    return env
