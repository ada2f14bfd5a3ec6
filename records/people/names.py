"""Names and postcodes as they are compared: without accents, case or punctuation."""

import re
import unicodedata
from typing import Final

# Letters that Unicode does not take apart into a letter and an accent.
_WHOLE: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
_APOSTROPHES: Final = re.compile(r"['’‘`´ʼ]")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")


def unaccented(text: str) -> str:
    """The text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_WHOLE)
    return "".join(c for c in plain if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Lower-case words without accents; an apostrophe or hyphen parts them: "O'Brien" → "o brien"."""
    return _NO_WORD.sub(" ", unaccented(text)).strip()


def close_up(text: str) -> str:
    """The same, with apostrophes and hyphens closed up: "O'Brien" → "obrien"."""
    return fold(_APOSTROPHES.sub("", text).replace("-", ""))


def search_text(*, family: str, given: str, postcode: str) -> str:
    """What find matches on: family and given names, both ways of writing compound ones, and the postcode."""
    words = [*fold(family).split(), *close_up(family).split(), *fold(given).split(), *close_up(given).split()]
    return " ".join(dict.fromkeys([*words, fold(postcode).replace(" ", "")])).strip()[:400]
