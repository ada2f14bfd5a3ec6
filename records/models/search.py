"""What can be found of a resource by words."""

from typing import ClassVar

from django.contrib.postgres.search import SearchVectorField
from django.db import models

from records.models.store import Resource


class SearchText(models.Model):
    """The words of one resource, beside it so that its row stays narrow (records.search).

    It names no patient: a search starts from the patient's resources and looks here for each of them, so that its cost
    is that of one record and a resource given to somebody else takes its words along.
    """

    resource = models.OneToOneField(Resource, on_delete=models.CASCADE, primary_key=True, related_name="search_text")
    #: What people read of it, letters' text included: of its first 200,000 characters.
    text = models.TextField()
    #: Its words as records.search.words takes them apart, with their places.
    words = SearchVectorField()
    #: There was more text than is searched.
    cut = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["resource"], condition=models.Q(cut=True), name="search_cut"),
        ]

    def __str__(self) -> str:
        return f"words of {self.pk}"
