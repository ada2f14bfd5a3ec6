"""Whether a new version says anything new to a clinician. Pure.

Senders renumber, send again and add ids; none of that is news. What counts is what screens draw (records.kinds) and
what is read in full: notes, letters' text, answers.
"""

from typing import Any, Final

from records import kinds
from records.drawing import Json, text_at

#: Drawn, but only to find and to protect it.
_TECHNICAL: Final = ("tokens", "security")
#: Read in full where the resource is opened, beyond what is drawn. `text` only of what has no other words.
_READ: Final = ("note", "content", "presentedForm", "section", "payload", "item", "activity", "data", "dosage")


def _named(reference: Any) -> str:
    """Who is meant, by where the reference leads: names may come later, and that is no change."""
    return text_at(reference, "reference", "display") if isinstance(reference, dict) else ""


def meaning(resource: Json) -> Json:
    """What a clinician reads of a resource, so that two versions can be compared. Ids and meta are none of it."""
    drawn = kinds.draw(resource, _named)
    said = {name: getattr(drawn, name) for name in kinds.Columns.__dataclass_fields__ if name not in _TECHNICAL}
    read: Json = {element: resource[element] for element in _READ if element in resource}
    if not drawn.display:
        read["text"] = (resource.get("text") or {}).get("div")
    return said | {"read": read}


def says_more(before: Json, after: Json) -> bool:
    """Whether a clinician would read something else in `after` than in `before`: two versions of one resource."""
    return meaning(before) != meaning(after)
