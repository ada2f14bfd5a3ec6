"""Our mailboxes at MESH, and every message that was handed over there."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from access.models import Organisation
from exchange.models.incoming import InboxMessage
from exchange.models.outgoing import OutboxMessage
from exchange.models.partners import Partner
from exchange.models.sealed import SealedTextField


class Mailbox(models.Model):
    """A mailbox of an organisation here at MESH, and what opens it.

    `poll_due_at` is when it is next looked into, `leased_until` belongs to the worker that looks now.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mailboxes")
    #: As MESH names it, such as X26HC005.
    mailbox_id = models.CharField(max_length=100, unique=True)
    #: Of the MESH server, without /messageexchange.
    url = models.URLField(max_length=300)
    password = SealedTextField()
    #: The environment's shared secret, part of every authorisation.
    shared_key = SealedTextField()
    #: Our certificate towards MESH (PEM) and its key, and the authority that alone is trusted to vouch for MESH.
    client_certificate = models.TextField(blank=True, default="", db_default="")
    client_key = SealedTextField()
    ca = models.TextField(blank=True, default="", db_default="")
    #: Workflow ids that are expected here; what comes under another waits for a person.
    workflows = ArrayField(models.CharField(max_length=300), default=list)
    enabled = models.BooleanField(default=True)
    shook_hands_at = models.DateTimeField(null=True)
    poll_due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    #: When a look into it last came to its end.
    succeeded_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    #: Why the last look failed: one of exchange.errors' codes.
    trouble = models.CharField(max_length=40, blank=True)
    #: When whoever runs the exchange was last told that it cannot be reached; empty while it can.
    alerted_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["mailbox_id"]
        constraints: ClassVar = [
            # One to send from: which one a message leaves by must not be chance.
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(enabled=True), name="one_open_mailbox_each"
            ),
        ]

    def __str__(self) -> str:
        return self.mailbox_id


class PartnerMailbox(models.Model):
    """A partner's mailbox at MESH: what comes from it is from this partner, whatever the partner's transport.

    Large organisations have several; messages go to the one with a workflow.
    """

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="mailboxes")
    mailbox_id = models.CharField(max_length=100, unique=True)
    #: The workflow id under which messages are handed over for it; empty where nothing is sent.
    workflow = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner"], condition=~models.Q(workflow=""), name="one_mailbox_to_send_to"
            ),
        ]

    def __str__(self) -> str:
        return self.mailbox_id


class Handover(models.Model):
    """A message of ours that MESH took: not delivered until the receiver has collected it.

    A message that is sent again is handed over again, under another id.
    """

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="handovers")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="+")
    mesh_message_id = models.CharField(max_length=100, unique=True)
    handed_at = models.DateTimeField(default=timezone.now)
    #: When MESH is next asked what became of it; empty once that is known.
    look_at = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)
    collected_at = models.DateTimeField(null=True)
    #: When MESH said that nobody collected it or that it cannot be passed on, and its code for why.
    returned_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering: ClassVar = ["handed_at", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["look_at"], condition=models.Q(look_at__isnull=False), name="handover_look"),
        ]

    def __str__(self) -> str:
        return f"handover {self.pk}"


class Arrival(models.Model):
    """How a message of the inbox came from MESH. Its id is good once, however often MESH hands it out."""

    message = models.OneToOneField(InboxMessage, on_delete=models.CASCADE, related_name="arrival")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="+")
    mesh_message_id = models.CharField(max_length=100, unique=True)
    #: Mailbox of the sender; empty when MESH itself speaks.
    came_from = models.CharField(max_length=100, blank=True)
    workflow = models.CharField(max_length=300, blank=True)
    #: What MESH says of it besides: names without Mex-, in small letters.
    headers = models.JSONField(default=dict)
    #: The bytes, where they are no text that the inbox could keep.
    content = models.BinaryField(null=True)
    #: Which rule it breaks, for whoever talks to its sender: names the rule and quotes nothing.
    problem = models.CharField(max_length=300, blank=True)
    #: Why it could not be fetched and still lies at MESH; empty when it was.
    left_there = models.CharField(max_length=200, blank=True)
    #: When MESH was told that we have it, after it was stored.
    acknowledged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.mesh_message_id
