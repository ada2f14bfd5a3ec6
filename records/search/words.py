"""Words as they are kept and asked for: one way of taking text apart for both, so that they cannot drift. Pure.

A word is kept without case, accents or the British "ae" and "oe", so that haemoglobin, hæmoglobin and hemoglobin are
one. Figures and what stands after them are two words: "5mg" is "5 mg". Nothing is dropped as too common: "no" and
"not" matter in a record.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from markupsafe import Markup, escape

from records.people.names import unaccented

#: How many characters of one entry's text are searched.
SEARCHED: Final = 200_000
#: PostgreSQL's limits: the last position of a word it tells from others, and how often it remembers a word.
_LAST_POSITION: Final = 16_383
_POSITIONS: Final = 255
_LONGEST: Final = 80
_MOST_ASKED: Final = 12
_AROUND: Final = 90

_WORD: Final = re.compile(r"\d+(?:\.\d+)?|[^\W\d_][^\W_]*")
_BRITISH: Final = re.compile(r"[ao]e")
_ASKED: Final = re.compile(r'"([^"]*)("|$)|(\S+)')


def taken_apart(text: str) -> list[str]:
    """The words of a text, in order."""
    return [word[:_LONGEST] for word in _WORD.findall(_BRITISH.sub("e", unaccented(text)))]


def vector(text: str) -> str:
    """The words with their places, as PostgreSQL writes a tsvector: `'hba1c':1 '58':2`."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(taken_apart(text), start=1):
        known = places.setdefault(word, [])
        if len(known) < _POSITIONS and place <= _LAST_POSITION:
            known.append(place)
    return " ".join(f"'{word}':{','.join(map(str, known))}" if known else f"'{word}'" for word, known in places.items())


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow one another; the last one may go on unless it is a figure or was closed by a quotation mark."""

    words: tuple[str, ...]
    goes_on: bool

    @property
    def query(self) -> str:
        *first, last = self.words
        ends = " | ".join(f"'{one}':*" for one in one_or_several(last)) if self.goes_on else f"'{last}'"
        return " <-> ".join([*(f"'{word}'" for word in first), f"({ends})"])


@dataclass(frozen=True)
class Asked:
    """What somebody looks for: every phrase must occur."""

    typed: str = ""
    phrases: tuple[Phrase, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.phrases)

    @property
    def query(self) -> str:
        """As PostgreSQL writes a tsquery. It holds letters and figures between quotes, and nothing that was typed."""
        return " & ".join(f"({phrase.query})" for phrase in self.phrases)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_likeness, self.phrases)) or r"(?!)", re.IGNORECASE)

    def marked(self, text: str) -> Markup:
        """The text with what was found between `<mark>`s, all else escaped."""
        made, end = [], 0
        for found in self._pattern.finditer(text):
            made += [escape(text[end : found.start()]), Markup("<mark>"), escape(found[0]), Markup("</mark>")]
            end = found.end()
        return Markup("").join([*made, escape(text[end:])])

    def around(self, text: str) -> Markup:
        """The piece of a text around the first thing found, marked; empty where nothing is to be seen."""
        found = self._pattern.search(text)
        if found is None:
            return Markup("")
        start, end = max(0, found.start() - _AROUND), min(len(text), found.end() + _AROUND)
        before = text[start : found.start()].partition(" ")[2] if start else text[: found.start()]
        after = text[found.end() : end].rpartition(" ")[0] if end < len(text) else text[found.end() :]
        lines = f"{before}{found[0]}{after}".strip("\n").splitlines()
        piece = " · ".join(" ".join(line.split()) for line in lines if line.strip())
        return Markup("{}{}{}").format("… " if start else "", self.marked(piece), " …" if end < len(text) else "")

    def all_in(self, text: str) -> bool:
        """Whether a line shows everything that was asked for."""
        return all(re.search(_likeness(phrase), text, re.IGNORECASE) for phrase in self.phrases)


def asked(typed: str) -> Asked:
    """What was typed as phrases: what stands in quotation marks or without a space in between belongs together."""
    phrases = []
    for found in _ASKED.finditer(typed.replace("“", '"').replace("”", '"')):
        quoted, closed, word = found.groups()
        words = tuple(taken_apart(quoted or word or ""))
        if words:
            phrases.append(Phrase(words, goes_on=closed != '"' and not words[-1][0].isdigit()))
    return Asked(typed, tuple(dict.fromkeys(phrases))[:_MOST_ASKED])


def one_or_several(word: str) -> list[str]:
    """A word and what it may be in the singular or the plural: diagnoses, diagnosis; allergies, allergy."""
    endings = (("ies", "y"), ("y", "ies"), ("ses", "sis"), ("sis", "ses"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"))
    found = [word]
    if len(word) > 3:
        found += [word[: -len(old)] + new for old, new in endings if word.endswith(old)]
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            found.append(word[:-1])
    return _shortest(found)


def _shortest(found: Iterable[str]) -> list[str]:
    """Without those that begin with another one: a beginning finds them all."""
    unique = sorted(set(found))
    return [one for one in unique if not any(one != other and one.startswith(other) for other in unique)]


# What a kept word looks like in the text it came from -----------------------------------------------------------------
def _letters() -> dict[str, str]:
    """Each plain letter with those it stands for."""
    found: dict[str, str] = {}
    for one in map(chr, range(0xC0, 0x250)):
        plain = unaccented(one)
        if len(plain) == 1 and plain != one:
            found[plain] = found.get(plain, "") + one
    return found


_LETTERS: Final = _letters()


def _like(word: str) -> str:
    made = (f"[{re.escape(one)}{_LETTERS.get(one, '')}]" for one in word)
    return "".join(f"(?:[aàáâäoòóôö]?{one}|[æœ])" if one.startswith("[e") else one for one in made)


def _likeness(phrase: Phrase) -> str:
    *first, last = phrase.words
    ends = "|".join(map(_like, one_or_several(last))) if phrase.goes_on else _like(last)
    after = r"[^\W_]*" if phrase.goes_on else r"(?!\.?\d)" if last[0].isdigit() else r"(?![^\W_])"
    before = r"(?<![\d.])" if phrase.words[0][0].isdigit() else r"(?<![^\W\d_])"
    return before + r"[\W_]*".join([*map(_like, first), f"(?:{ends})"]) + after
