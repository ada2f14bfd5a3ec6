"""Whether the words of an entry are about what it is coded as (UK Core hazard: text must match its code). Pure.

It does not cry wolf: where text and coded name have no word, no beginning of a word and no abbreviation in common, both
are shown, since one may be a lay name of the other. Only where they name two different known substances is the reader
told to check.
"""

import re
from typing import Final

from records import substances

#: Words that say nothing of what it is.
_EMPTY: Final = frozenset(
    {"a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with", "without", "not", "nos", "no"}
    | {"type", "left", "right", "both", "due", "history", "disorder", "finding", "procedure", "situation", "product"}
    | {"substance", "disease", "syndrome", "unspecified", "acute", "chronic"}
    # What many unlike things are called: an allergy, a vaccine, a level in serum, tablets.
    | {"allergy", "allergic", "allergies", "vaccine", "vaccination", "serum", "plasma", "level", "test", "count"}
    | {"tablet", "tablets", "capsule", "capsules", "oral", "solution", "injection", "cream", "total", "measurement"}
)
#: Abbreviations whose letters are not the first of the words they stand for.
_STANDS_FOR: Final = {
    "alp": "alkaline phosphatase",
    "alt": "alanine aminotransferase",
    "ast": "aspartate aminotransferase",
    "ggt": "gamma glutamyl transferase",
    "hba1c": "hemoglobin a1c",
    "hscrp": "c reactive protein",
    "respect": "recommended summary plan",
}
#: Words after which a number tells one disease from another.
_NUMBERED: Final = re.compile(r"\b(type|stage|grade|class)\s+(\d+[a-z]?|i{1,3}|iv|v)\b")
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_SIDES: Final = frozenset({"left", "right"})
#: Spellings that differ across the Atlantic, by what they begin with.
_SPELT: Final = (("haem", "hem"), ("oe", "e"), ("ae", "e"), ("our", "or"), ("isation", "ization"), ("sulph", "sulf"))
_STEM: Final = 4


#: How UK suppliers code what a record lost on its way to another practice.
_DEGRADED: Final = "transfer-degraded"


def remark(text: str, coded: str) -> str:
    """The sentence for the row, without its full stop; "" where text and coded name may well mean the same."""
    if not coded:
        return ""
    if coded.casefold().startswith(_DEGRADED):
        return "Its code was lost in transfer: the words are what was meant"
    written, meant = substances.named_in(text), substances.named_in(coded)
    if (written and meant and not written & meant) or clash(text, coded):
        return f"Written as {text}, coded as {coded}: check which is meant"
    return f"Coded as {coded}" if apart(text, coded) else ""


def clash(text: str, coded: str) -> bool:
    """Whether they name another side, or another type, stage, grade or class, of what may well be the same disease."""
    one, other = text.casefold(), coded.casefold()
    left, right = (_SIDES & set(re.findall(r"[a-z]+", said)) for said in (one, other))
    if len(left) == len(right) == 1 and left != right:
        return True
    numbered = [{word: _ROMAN.get(n, n) for word, n in _NUMBERED.findall(said)} for said in (one, other)]
    shared = numbered[0].keys() & numbered[1].keys()
    return any(not _precises(numbered[0][word], numbered[1][word]) for word in shared)


def _precises(one: str, other: str) -> bool:
    """ "3" and "3a" may be the same stage."""
    return one.startswith(other) or other.startswith(one)


def apart(text: str, coded: str) -> bool:
    """Whether the text and the code's own name have nothing in common."""
    said, named = _words(text), _words(coded)
    if not said or not named:
        return False
    alike = any(_akin(one, other) for one in said for other in named)
    return not (alike or _abbreviates(text, coded) or _abbreviates(coded, text))


def _words(text: str) -> list[str]:
    found = re.findall(r"[^\W_]+", text.casefold())
    return [
        _spelling(word)
        for word in found
        if word not in _EMPTY and not re.match(r"\d|mg$|ml$|g$|mcg$", word) and len(word) > 1
    ]


def _spelling(word: str) -> str:
    for british, other in _SPELT:
        word = word.replace(british, other)
    return word


def _akin(one: str, other: str) -> bool:
    short = min(len(one), len(other), _STEM)
    return one == other or (short >= _STEM and one[:short] == other[:short]) or (len(one) > 5 and one in other)


def _abbreviates(short: str, long: str) -> bool:
    """ "COPD" of "Chronic obstructive pulmonary disease", "MI" of "Myocardial infarction"."""
    if any(_STANDS_FOR.get(word, "-") in _spelling(long.casefold()) for word in re.findall(r"\w+", short.casefold())):
        return True
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", long.casefold()))
    return any(
        len(word) > 1 and re.sub(r"\d", "", word.casefold()) in initials
        for word in re.findall(r"\b[a-z]?[A-Z]\w*[A-Z]\w*\b", short)
    )
