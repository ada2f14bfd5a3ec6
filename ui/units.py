"""Units as people print them: "×10⁹/L" for UCUM's 10*9/L, "µmol/L" for umol/L, "mmHg" for mm[Hg]. Pure.

Only for reading: what is compared, searched, stored and sent stays as the source wrote it. Source: the UCUM
specification, whose own column of print symbols this follows.
"""

import re
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

#: UCUM's code -> its print symbol, where the code is not what people write.
_PRINTS: Final = {
    **{"[iU]": "IU", "[IU]": "IU", "[arb'U]": "arb. units", "[pH]": "pH", "[degF]": "°F", "[Hg]": "Hg"},
    **{"[H2O]": "H₂O", "[in_i]": "in", "[ft_i]": "ft", "[lb_av]": "lb", "[oz_av]": "oz", "[drp]": "drops"},
}
#: Codes that are whole words within a unit.
_WORDS: Final = {"Cel": "°C", "degC": "°C", "degF": "°F", "wk": "week", "mo": "month"} | {
    **{"milligram": "mg", "milligrams": "mg", "gram": "g", "grams": "g", "kilogram": "kg"},
    **{"meter": "m", "metre": "m", "centimeter": "cm", "centimetre": "cm", "liter": "L", "litre": "L"},
    **{"milliliter": "mL", "millilitre": "mL"},
}
#: What a figure without a unit is coded as.
_NONE: Final = frozenset({"1", "{}", "{score}", "{ratio}", "{index}", "{#}", "{INR}", "[pH]"})
_TEN: Final = re.compile(r"(?<![\w.])(?:[x×]\s*)?10\s*(?:\*\*|[*^]|[eE](?=\d))\s*([+-]?\d{1,2})(?![\d.])")
_MICRO: Final = re.compile(r"(?<![A-Za-z])u(?=(?:g|mol|L|l|m|s|U|kat|Eq|eq|IU|V)(?![A-Za-z]))")
_SQUARE: Final = re.compile(r"(?<![A-Za-z])([cdkm]?m|s)([23])(?![\w.])")
_NOTE: Final = re.compile(r"(?<=[A-Za-z%\]])\{([^{}]*)\}|\{([^{}]*)\}")
_RAISED: Final = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER: Final = re.compile(r"×10([⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+)(?:/([a-zµ]?L)\b)?")
_VOLUMES: Final = {"L": "litre", "mL": "millilitre", "µL": "microlitre", "dL": "decilitre", "nL": "nanolitre"}


@lru_cache(maxsize=2048)
def printed(written: str) -> str:
    """A unit as it is printed; what is not UCUM, nor one of its habits, stays as its source wrote it."""
    text = written.strip()
    if text in _NONE:
        return ""
    text = _NOTE.sub(lambda m: f" {m[1]}" if m[1] is not None else m[2], text.replace("1.73_m2", "1.73 m2"))
    for code, symbol in _PRINTS.items():
        text = text.replace(code, symbol)
    text = _TEN.sub(lambda m: f"×10{m[1].removeprefix('+').translate(_RAISED)}", text)
    text = _MICRO.sub("µ", text)
    text = _SQUARE.sub(lambda m: m[1] + m[2].translate(_RAISED), text)
    text = re.sub(r"(?<![A-Za-z])[A-Za-z]+(?![A-Za-z])", lambda m: _WORDS.get(m[0], m[0]), text)
    return re.sub(r"(?<=[A-Za-z²³])\.(?=[A-Za-z])", "·", text).replace("_", " ").strip()


def unit(written: str | None) -> Markup:
    """The same for a page; a power of ten is also said in words for whoever listens, as raised figures may not be."""
    text = printed(written or "")
    said = _POWER.sub(_power_said, text)
    if said == text:
        return escape(text)
    return Markup('<span aria-hidden="true">{}</span><span class="vh">{}</span>').format(text, said)


def _power_said(match: re.Match[str]) -> str:
    power = f"times ten to the power {match[1].translate(_LOWERED)}"
    return f"{power} per {_VOLUMES.get(match[2], match[2])}" if match[2] else power
