"""Which figures in two units may stand on one line: those that UCUM converts by a power of ten and nothing else.

Figures keep the precision in which they were written: 13.20 g/dL are 132.0 g/L. What needs a molar mass (mg/dL and
mmol/L), a formula (% and mmol/mol of HbA1c, Cel and [degF]) or an infinite fraction (mm[Hg] and kPa) is not
converted. Why this and no library: docs/adr/0020. Source: the UCUM specification, tables 1 and 4 and section 2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

#: Prefix -> power of ten. The micro sign in both its forms is what laboratories print for `u`.
_PREFIXES: Final = {
    **{"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3},
    **{"c": -2, "d": -1, "da": 1, "h": 2, "k": 3, "M": 6, "G": 9},
}
#: Units that take a prefix, each with the name under which it is compared. Nothing here is converted into another.
_METRIC: Final = {
    **{"g": "g", "m": "m", "s": "s", "L": "L", "l": "L", "mol": "mol", "eq": "eq", "osm": "osm", "U": "U"},
    **{"[iU]": "[iU]", "[IU]": "[iU]", "kat": "kat", "Pa": "Pa", "J": "J", "cal": "cal", "Hz": "Hz", "V": "V"},
}
_PLAIN: Final = ("%", "min", "h", "d", "wk", "Cel", "[degF]", "mm[Hg]", "[pH]", "[in_i]", "[lb_av]", "{}")
_TERM: Final = re.compile(
    r"(?P<ten>10[*^](?P<power>[+-]?\d{1,2}))|(?P<unit>\[\w+\]|[A-Za-zµμ%]+(?:\[\w+\])?)(?P<exponent>[+-]?\d)?"
)
_NOTE: Final = re.compile(r"\{[^{}]*\}")
#: More digits than a stored figure can have (400 characters): nothing is ever rounded.
_EXACT: Final = Context(prec=1000)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a power of ten times what it is compared by, e.g. `umol/L` is (-6, mol and L below the line)."""

    power: int
    #: Sorted (name, exponent), those above the line before those below: nothing is cancelled, mol/mol stays mol/mol.
    above: tuple[tuple[str, int], ...]
    below: tuple[tuple[str, int], ...]

    @property
    def measures(self) -> tuple[object, object]:
        """Equal for two units that differ by a power of ten only."""
        return (self.above, self.below)


@lru_cache(maxsize=2048)
def read(written: str) -> Unit | None:
    """A unit in UCUM's case-sensitive form; None for what is none or is not in the tables above."""
    if not written or len(written) > 60:
        return None
    power = 0
    above: list[tuple[str, int]] = []
    below: list[tuple[str, int]] = []
    for sign, component in _components(written):
        found = _component(component, lonely=component == written)
        if found is None:
            return None
        ten, name, exponent = found
        power += sign * ten
        if name:
            (above if sign * exponent > 0 else below).append((name, abs(exponent)))
    return Unit(power, tuple(sorted(above)), tuple(sorted(below)))


def _components(written: str) -> Iterator[tuple[int, str]]:
    """The parts between "." and "/", each with +1, or -1 when it stands behind a "/"."""
    sign = 1
    for part in re.split(r"([./](?![^{]*\}))", written):
        if part in (".", "/"):
            sign = 1 if part == "." else -1
        elif part:
            yield sign, part


def _component(text: str, *, lonely: bool) -> tuple[int, str, int] | None:
    """(power of ten, name, exponent) of one part. A note such as {beats} counts only where it is all there is."""
    note = _NOTE.search(text)
    bare = _NOTE.sub("", text)
    if note and not bare:
        return (0, note[0], 1) if lonely or note[0][1:2].isdigit() else (0, "", 1)
    found = _TERM.fullmatch(bare)
    if found is None:
        return (0, "", 1) if bare == "1" and not note else None
    if found["ten"]:
        return int(found["power"]), "", 1
    named = _named(found["unit"])
    if named is None:
        return None
    power, name = named
    exponent = int(found["exponent"] or 1)
    return power * exponent, name + (note[0] if note else ""), exponent


def _named(unit: str) -> tuple[int, str] | None:
    if unit in _PLAIN:
        return 0, unit
    if unit in _METRIC:
        return 0, _METRIC[unit]
    for length in (2, 1):
        prefix, rest = unit[:length], unit[length:]
        if prefix in _PREFIXES and rest in _METRIC:
            return _PREFIXES[prefix], _METRIC[rest]
    return None


def steps(written: str, wanted: str) -> int | None:
    """By which power of ten a figure in one unit is multiplied to be in another; None if it cannot be.

    The same text is the same unit even where UCUM does not know it.
    """
    if written == wanted:
        return 0
    one, other = read(written), read(wanted)
    if one is None or other is None or one.measures != other.measures:
        return None
    return one.power - other.power


def convert(figure: str, step: int) -> str:
    """A figure times a power of ten, with the digits it was written with and no exponent: ("13.20", 1) is "132.0"."""
    return format(Decimal(figure).scaleb(step, _EXACT), "f") if step else figure
