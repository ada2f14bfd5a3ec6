"""Who has to act on what, by when; every step of it; and how long a practice lets things take."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from access.models import Organisation

_PERSON = settings.AUTH_USER_MODEL


class Clock(models.Model):
    """Something that somebody has to act on, or hear of, by a day (FHIR Task).

    It knows what it is about by kind and id only. An open clock has an owner and a day; a closed one has an outcome
    and never fires. Written only by `work.actions`, `work.silence` and `work.limits`.
    """

    class Level(models.IntegerChoices):
        """How far silence has gone. Each is reached once for each deadline."""

        QUIET = 0, "In time"
        SOON = 1, "Soon due"
        OVERDUE = 2, "Overdue"
        SECOND = 3, "With a second person"
        MANAGER = 4, "With the practice manager"

    concerns = models.CharField(max_length=20)
    concerns_id = models.CharField(max_length=60)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    priority = models.CharField(max_length=20)
    #: What is awaited now: a stage of the declaration (work.rules).
    stage = models.CharField(max_length=20)
    #: When it began; nothing that happens later changes this.
    started_at = models.DateTimeField()
    #: The day from which the stage's limit counts.
    counted_from = models.DateField()
    #: By when the stage's limit wants it. Stays when somebody was promised another day.
    limit_on = models.DateField()
    #: By when it is expected now: the limit, or what a chase moved it to.
    due_on = models.DateField()
    #: When this deadline was set, and the how-manieth it is.
    set_at = models.DateTimeField()
    turn = models.PositiveIntegerField(default=1)
    owner = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")
    manager = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.QUIET)
    #: When silence reaches the next level; None when it has reached the last, or is over.
    next_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_at"], name="clock_next", condition=Q(next_at__isnull=False)),
            models.Index(fields=["organisation", "due_on"], name="clock_due", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["owner", "due_on"], name="clock_owner", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["organisation", "stage"], name="clock_stage", condition=Q(closed_at__isnull=True)),
            models.Index(
                fields=["organisation", "level"],
                name="clock_brought",
                condition=Q(closed_at__isnull=True, level__gte=3),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["concerns", "concerns_id"], name="one_clock_each"),
            models.CheckConstraint(
                name="clock_open_has_owner", condition=Q(closed_at__isnull=False) | Q(owner__isnull=False, outcome="")
            ),
            models.CheckConstraint(
                name="clock_closed_is_over",
                condition=Q(closed_at__isnull=True) | (Q(next_at__isnull=True) & ~Q(outcome="")),
            ),
        ]

    def __str__(self) -> str:
        return f"clock of {self.concerns} {self.concerns_id}"

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def promised(self) -> bool:
        """Somebody was promised another day than the limit's."""
        return self.due_on != self.limit_on


class ClockEvent(models.Model):
    """One step of a clock. Never changed: the app's role may only add rows."""

    class Kind(models.TextChoices):
        STARTED = "started", "Clock started"
        MOVED_ON = "moved-on", "What is awaited changed"
        GIVEN = "given", "Given to somebody"
        CHASED = "chased", "Chased"
        LIMITS = "limits", "The practice's deadlines changed"
        CLOSED = "closed", "Closed"
        SOON = "soon", "Soon due"
        OVERDUE = "overdue", "Overdue"
        SECOND = "second", "Told a second person"
        MANAGER = "manager", "Told the practice manager"

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    #: Which deadline of the clock it belongs to.
    turn = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    by_kind = models.CharField(max_length=10)
    #: {"stage", "due"} where a deadline was set; {"to"} whom it was given to; {"note"} what was said; {"outcome"};
    #: {"fell"} the moment at which silence was due to be heard.
    says = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clock", "turn", "kind"],
                name="silence_fires_once",
                condition=Q(kind__in=["soon", "overdue", "second", "manager"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of clock {self.clock_id}"


class Limits(models.Model):
    """How long a practice lets things of one kind take, from a day on. Replaced by a newer row, never changed."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    concerns = models.CharField(max_length=20)
    valid_from = models.DateField()
    #: Priority -> stage -> number of days (work.rules).
    numbers = models.JSONField()
    #: Who is told when the owner is silent, unless a clock names another.
    second = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=120)
    #: When running clocks were set by it; None while its day has not come.
    applied_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = [F("valid_from").desc(), F("made_at").desc()]
        indexes: ClassVar = [models.Index(fields=["organisation", "concerns", "-valid_from"], name="limits_valid")]

    def __str__(self) -> str:
        return f"limits of {self.concerns} from {self.valid_from}"
