"""People, the organisations they work for, in which role, and what they did."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from access.permissions import Role


class Organisation(models.Model):
    """A practice, hospital, social-care provider or pharmacy (FHIR Organization), known by its ODS code."""

    class Kind(models.TextChoices):
        PRACTICE = "practice", "General practice"
        HOSPITAL = "hospital", "Hospital"
        SOCIAL_CARE = "social-care", "Adult social care"
        PHARMACY = "pharmacy", "Pharmacy"
        OTHER = "other", "Other"

    ods_code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.OTHER)
    #: Two or three letters of the source chip on every item: GP, NI, SC.
    letters = models.CharField(max_length=3, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    address = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Django's own hook for making users by e-mail; nothing else lives here."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address (FHIR Practitioner)."""

    email = models.EmailField(unique=True)
    #: As colleagues write it: "Dr A Khan".
    name = models.CharField(max_length=120)
    #: Their number with their regulator or NHS role profile, when known; goes into referrals.
    professional_number = models.CharField(max_length=30, blank=True)
    is_active = models.BooleanField(default=True)
    #: Whether single letters are shortcuts; whoever speaks to their computer switches them off (WCAG 2.1.4).
    single_keys = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person is at an organisation, from when until when (FHIR PractitionerRole)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=30, choices=Role.choices)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="one_membership_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} at {self.organisation}"


class AuditEvent(models.Model):
    """One thing somebody did or saw (FHIR AuditEvent). Written once: the app's database role may only add rows.

    It has no foreign keys and keeps names as they were at the time, so that nothing done later can change it.
    """

    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=60)
    actor_name = models.CharField(max_length=120)
    role = models.CharField(max_length=30, blank=True)
    organisation = models.CharField(max_length=12, blank=True)
    patient_id = models.UUIDField(null=True)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    #: Words for the person who reads the list later. Never clinical content.
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["patient_id", "-at"], name="audit_by_patient"),
            models.Index(fields=["actor_id", "-at"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action}"
