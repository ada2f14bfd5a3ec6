"""The keys of the pages: one list for the help, for the page that explains them and for the script that obeys them."""

from typing import Final, NamedTuple


class Key(NamedTuple):
    """One key: where it goes (id of an element; the page offers the key where there is one) and what it does."""

    key: str
    target: str
    says: str


#: Single letters, never while typing; each person can switch them off (WCAG 2.1.4).
SINGLE: Final = (
    Key("/", "find", "Find a patient"),
    Key("u", "changed", "Changed since you last looked"),
    Key("p", "problems", "Problems"),
    Key("m", "medicines", "Medicines"),
    Key("a", "allergies", "Allergies"),
    Key("e", "results", "Results"),
    Key("l", "letters", "Letters"),
    Key("f", "referrals", "Referrals"),
    Key("c", "care", "Social care"),
    Key("n", "to-enter", "Still to enter"),
    Key("t", "timeline", "Timeline"),
    Key("s", "search", "Search in this record"),
    Key("r", "refer", "Refer this patient"),
    Key("?", "keys", "This help"),
)
#: Keys that are no letters, or work only inside a list; these stay.
ALWAYS: Final = (
    ("↓ ↑", "Next and previous in a list"),
    ("Enter", "Open what is chosen"),
    ("Esc", "Close, or go back to the find box"),
)
