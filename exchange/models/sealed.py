"""A column whose text is encrypted at rest and shows itself nowhere."""

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from exchange import secret_box

HIDDEN = "(kept secret)"


class Secret:
    """A text that is only read where it is asked for by name: pages, logs, errors and audit rows get HIDDEN.

    It holds the sealed text and opens it when asked, so that a row can be read and shown without any key.
    """

    __slots__ = ("sealed",)

    def __init__(self, text: str = "") -> None:
        self.sealed = secret_box.seal(text) if text else ""

    @classmethod
    def stored(cls, sealed: str) -> Self:
        """From what the database keeps."""
        found = cls()
        found.sealed = sealed
        return found

    def reveal(self) -> str:
        """The text itself, for the one call that needs it. Raises secret_box.CannotOpen."""
        return secret_box.open_sealed(self.sealed) if self.sealed else ""

    def __bool__(self) -> bool:
        return bool(self.sealed)

    def __str__(self) -> str:
        return HIDDEN if self.sealed else ""

    def __repr__(self) -> str:
        return f"<Secret {HIDDEN if self.sealed else 'empty'}>"


class _Hides(DeferredAttribute):
    """Whatever text is assigned is a Secret from then on."""

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = _secret(value)


def _secret(value: object) -> object:
    return Secret(value) if isinstance(value, str) else value


if TYPE_CHECKING:
    _Text = models.TextField[str | Secret, Secret]
else:
    _Text = models.TextField


class SealedTextField(_Text):
    """Text encrypted with exchange.secret_box; in Python a Secret. Empty text stays empty.

    The same text is never sealed twice the same way, so it cannot be searched for, only whether there is any.
    """

    descriptor_class = _Hides

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        whole: dict[str, Any] = {"blank": True, "default": "", "db_default": ""} | kwargs
        super().__init__(*args, **whole)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Secret | None:
        """The Secret in a stored value."""
        return None if value is None else Secret.stored(value)

    def to_python(self, value: Any) -> Any:
        """A Secret of a plain text, as of a form."""
        return _secret(value)

    def get_prep_value(self, value: Any) -> Any:
        """What the database keeps of a Secret or of plain text."""
        secret = _secret(value)
        return secret.sealed if isinstance(secret, Secret) else secret

    def value_to_string(self, obj: models.Model) -> str:
        """Serialised as it is stored, never open."""
        return str(self.get_prep_value(self.value_from_object(obj)))
