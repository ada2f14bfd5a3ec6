"""What is known of the connection with a partner: what its system says it can do, how tests went, who switched it."""

from datetime import timedelta
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from exchange.models.partners import Partner

#: No test goes on for longer: its steps give up sooner.
TEST_AT_MOST: Final = timedelta(minutes=5)


class Flow(models.TextChoices):
    """What is exchanged with a partner, each switched by itself, or all of it."""

    ALL = "all", "Everything"
    SENDING = "sending", "Sending them messages"
    RECEIVING = "receiving", "Receiving their messages"
    READING = "reading", "Reading their records"


class Switching(models.Model):
    """Somebody switched a partner or one flow off or on. Never changed; the newest says who did it and when."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="switchings")
    flow = models.CharField(max_length=12, choices=Flow.choices)
    on = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)
    #: Who, as they were called then.
    by = models.CharField(max_length=120)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["partner", "flow", "-at"], name="switching_newest")]

    def __str__(self) -> str:
        return f"{self.flow} {'on' if self.on else 'off'}"


class Capability(models.Model):
    """What a partner's system says of itself at `metadata` (FHIR CapabilityStatement), as we last read it."""

    partner = models.OneToOneField(Partner, on_delete=models.CASCADE, related_name="capability")
    #: When it was last read; empty while it never was. What stands below is from then.
    read_at = models.DateTimeField(null=True)
    #: When we last tried, and why that failed: a code of exchange.errors, empty when it did not.
    tried_at = models.DateTimeField()
    trouble = models.CharField(max_length=40, blank=True)
    fhir_version = models.CharField(max_length=20, blank=True)
    software = models.CharField(max_length=120, blank=True)
    #: Events of messages that it receives, such as servicerequest-request; null when it does not say.
    messages = models.JSONField(null=True)
    #: Versions of messages or of BaRS that it names; null when it does not say.
    versions = models.JSONField(null=True)
    #: Resource type -> what may be done with it ("read", "search-type" …), "" for the system as a whole.
    interactions = models.JSONField(default=dict)
    #: Names of operations, such as process-message.
    operations = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"capability of {self.partner_id}"


class ConnectionTest(models.Model):
    """A test of the connection with a partner, asked for by a person: step by step how far it came."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="tests")
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: Each step: phase, ended ("passed", "failed", "warned", "skipped"), milliseconds, sentence, turn.
    steps = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"test {self.pk}"

    @property
    def left(self) -> bool:
        """Whether it was not finished in its time: whoever ran it died, or nobody took it up."""
        return self.ended_at is None and timezone.now() - (self.started_at or self.asked_at) > TEST_AT_MOST
