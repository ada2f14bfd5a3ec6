"""The reckoning after the fire: what was sent, where each message ended, and whether any was lost or doubled. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sent:
    """One message and what became of it, put together from both sides."""

    id: str
    #: It was made so beforehand that only a person can settle it.
    undeliverable: bool
    #: How many messages there are of it where it is sent from or stored; one, whatever was repeated.
    copies: int = 0
    #: How often its receiver counts it as taken.
    taken: int = 0
    #: It stands on a worklist.
    listed: bool = False
    #: Its sender knows that it was taken.
    confirmed: bool = False
    #: Each different (ids, SHA-256 of the bytes) under which it was sealed, sent or arrived: one.
    forms: set[tuple[str, ...]] = field(default_factory=set)
    arrivals: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The counts, and a line with its id for everything that is not as it must be."""

    sent: int
    delivered: int
    listed: int
    lost: int
    doubled: int
    arrivals: int
    #: Arrivals or tries beyond the first of each.
    repeats: int
    troubles: tuple[str, ...]

    @property
    def line(self) -> str:
        """What is printed at the end."""
        return (
            f"sent {self.sent} delivered {self.delivered} listed {self.listed} lost {self.lost} doubled {self.doubled}"
        )


def settle(messages: Iterable[Sent]) -> Account:
    """Count the messages. A message is lost if it neither arrived nor is on a worklist, doubled if it counts twice."""
    every = list(messages)
    lost = [one for one in every if not one.taken and not one.listed]
    doubled = [one for one in every if one.taken > 1 or one.copies > 1]
    delivered = [one for one in every if one.taken == 1 and one.copies == 1 and not one.listed]
    troubles = [f"lost: {one.id}" for one in lost] + [f"doubled: {one.id}" for one in doubled]
    for one in every:
        troubles += [f"{what}: {one.id}" for what in _wrong(one)]
    return Account(
        sent=len(every),
        delivered=len(delivered),
        listed=sum(one.listed for one in every),
        lost=len(lost),
        doubled=len(doubled),
        arrivals=sum(one.arrivals for one in every),
        repeats=sum(max(0, one.arrivals - 1) for one in every),
        troubles=tuple(troubles),
    )


def _wrong(one: Sent) -> Iterable[str]:
    """What is wrong with a message besides being lost or doubled."""
    if one.listed and not one.undeliverable:
        yield "on a worklist although it could be delivered"
    if one.undeliverable and not one.listed:
        yield "made undeliverable and not on a worklist"
    if one.listed and one.taken:
        yield "taken and on a worklist as well"
    if one.taken and not one.confirmed:
        yield "taken, and its sender does not know"
    if one.confirmed and not one.taken and not one.listed:
        yield "its sender believes that it was taken"
    if len(one.forms) > 1:
        yield "repeated with other ids or bytes"
