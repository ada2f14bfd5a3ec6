"""What the desk says of anything: one sentence of what is, one of whose turn it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of what is, one of whose turn it is. `tone`: "bad", "soon", "ok" or "" (quiet)."""

    sentence: str
    turn: str
    tone: str = ""
    ours: bool = False
