"""The Jinja environment: NHS.UK macros, our filters, nothing that reads data."""

import json
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django_htmx.jinja import htmx_script
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from ui import charts, dates, keys, numbers, units
from ui.htmx import CONFIG

FILTERS = {
    "date_short": dates.date_short,
    "date_month": dates.date_month,
    "date_full": dates.date_full,
    "date_plain": dates.date_plain,
    "date_long": dates.date_long,
    "age": dates.age,
    "when": dates.when,
    "since": dates.since,
    "ago": dates.ago,
    "time_words": dates.ago,
    "clock": dates.clock,
    "nhs_number": numbers.nhs_number,
    "figure": numbers.figure,
    "unit": units.unit,
    "phone_link": numbers.phone_link,
}


def environment(**options: Any) -> Environment:
    """What settings.TEMPLATES names."""
    options["undefined"] = ChainableUndefined  # the NHS macros read optional parameters by attribute
    options["trim_blocks"] = options["lstrip_blocks"] = True
    env = Environment(**options)  # noqa: S701 Django passes autoescape=True
    assert env.loader is not None
    env.loader = ChoiceLoader([env.loader, PackageLoader("nhsuk_frontend_jinja")])
    env.filters.update(FILTERS)
    env.globals.update(
        static=static,
        url=reverse,
        htmx_script=htmx_script,
        htmx_config=json.dumps(CONFIG),
        sparkline=charts.sparkline,
        mark=charts.legend_mark,
        count=numbers.count,
        keys=keys.SINGLE,
        other_keys=keys.ALWAYS,
    )
    return env
