"""What a receiver says when it has taken a message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and body; `duplicate` when it had the message already from an earlier try."""

    status: int
    text: str
    duplicate: bool = False
