"""What was found about stored data, in a sentence, and what somebody at the practice does about it."""

from typing import Final, NamedTuple

from records.models import Finding


class Told(NamedTuple):
    """What was found, and what to do about it."""

    what: str
    to_do: str


#: Every kind of finding (a test compares the two).
TOLD: Final[dict[str, Told]] = {
    Finding.Kind.SAME_NUMBER: Told(
        "Two patients have one NHS number",
        "Compare the two. If they are one person, join them. If not, find out whose number it is and have the other "
        "corrected in the clinical system.",
    ),
    Finding.Kind.FAILING_NUMBER: Told(
        "The NHS number fails its check digit",
        "Ask the patient, or look in the clinical system, for the right number and correct it where it was typed. "
        "Until then nothing is matched by it.",
    ),
    Finding.Kind.DANGLING: Told(
        "An entry refers to something that we do not have",
        "Usually a later import brings it, and this line then goes away by itself. If it stays, ask the sender for "
        "what is missing.",
    ),
    Finding.Kind.OTHER_PATIENT: Told(
        "A source moved an entry from this patient to another",
        "Ask the source whose it is. Check whether anything was done here because of it.",
    ),
    Finding.Kind.MIXED_UP: Told(
        "A source answered with another patient's entries",
        "Nothing of the answer was kept. Tell the source that it mixes two patients up: its record of this patient may "
        "be wrong too. It is asked again when the record is next opened.",
    ),
}


def told(kind: str) -> Told:
    """The same for one kind; of a kind without words, its name."""
    return TOLD.get(kind) or Told(kind.replace("-", " ").capitalize(), "Ask whoever said it.")
