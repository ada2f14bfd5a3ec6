"""Flags: what anyone who deals with the person should know first."""

from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE, STATUS, Code
from gpportal.demonstration.places import organisation
from gpportal.demonstration.shapes import concept


def add_flag(chart: Chart, category: str, text: str, since: str, code: Code | None = None, **more: Any) -> str:
    """FHIR Flag; `category` is adjustment, respect, information or safeguarding."""
    return chart.add(
        "Flag",
        status="active",
        category=[concept(STATUS[f"flag.{category}"])],
        code=concept(code, text=text),
        period={"start": since},
        author=organisation(chart.source),
        **more,
    )


def add_flags(chart: Chart, problems: set[str]) -> None:
    """Reasonable adjustments and ReSPECT forms where the problems make them likely."""
    random = chart.random("flags")
    since = chart.ago(random.randrange(60, 380)).isoformat()
    if "hearing_loss" in problems and random.random() < 0.35:
        add_flag(chart, "adjustment", "Hearing aid: face when speaking", since, STATUS["adjust.hearing"])
    if {"cataract", "glaucoma"} & problems and random.random() < 0.25:
        add_flag(chart, "adjustment", "Large print", since, STATUS["adjust.large_print"])
    if "autism" in problems and random.random() < 0.7:
        add_flag(chart, "adjustment", "Longer appointment, quiet place to wait", since, STATUS["adjust.longer"])
    if {"alzheimers", "vascular_dementia"} & problems and random.random() < 0.5:
        add_flag(chart, "adjustment", "Write things down; daughter to be present", since, STATUS["adjust.easy_read"])
    if chart.age >= 82 and random.random() < 0.3:
        add_flag(chart, "respect", f"ReSPECT form, {since[:4]}", since, CARE["respect"])
