"""What a receiver says when it has taken a message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and body; `duplicate` when it had the message already from an earlier try.

    `handed_over` when a post office took it, under its own id and from that mailbox of ours: the receiver has not
    collected it yet.
    """

    status: int
    text: str
    duplicate: bool = False
    handed_over: str = ""
    mailbox_id: int = 0
