"""Which substance a coded medicine holds: the loadable table by which its strengths and brands are one line.

`substances.csv` beside this file covers the demonstration and published examples; `GP_SUBSTANCES_FILE` names a file of
the same shape that is read after it and wins, such as one made from a dm+d or RxNorm release. A code that stands in
neither groups with equal codes only.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

from exchange.fhir.systems import System

#: Code system -> its name in the table. Codes of dm+d are SNOMED CT codes, and sources name either system.
_NAMES: Final = {str(System.SNOMED): "dmd", str(System.DMD): "dmd", str(System.RXNORM): "rxnorm"}
_OURS: Final = Path(__file__).with_name("substances.csv")


def of(code_system: str, code: str) -> str:
    """The substance, or substances joined by " + ", in lower case; "" where the table does not know the code."""
    name = _NAMES.get(code_system)
    return _table().get((name, code), "") if name and code else ""


def named_in(text: str) -> frozenset[str]:
    """The known substances whose name stands in a text."""
    words = set(re.findall(r"[a-z]+", text.casefold()))
    return frozenset(words & _single())


@cache
def _single() -> frozenset[str]:
    """Substances that are one word."""
    return frozenset(part for substance in _table().values() for part in substance.split(" + ") if " " not in part)


@cache
def _table() -> dict[tuple[str, str], str]:
    files = [_OURS, *([Path(settings.SUBSTANCES_FILE)] if settings.SUBSTANCES_FILE else [])]
    return {key: substance for file in files for key, substance in read(file)}


def read(file: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """((system, code), substance) of each line. Raises ValueError that names the line which is not of this shape."""
    with file.open(encoding="utf-8", newline="") as lines:
        said = (line for line in lines if not line.startswith("#"))
        for number, row in enumerate(csv.DictReader(said), 2):
            system, code, substance = (str(row.get(name) or "").strip() for name in ("system", "code", "substance"))
            if not (system in _NAMES.values() and code and substance):
                raise ValueError(f"{file.name}, line {number}: needs a system (dmd, rxnorm), a code and a substance")
            yield (system, code), substance.casefold()
