"""Received requests as FHIR R4 messages (BaRS): what others ask as plain facts, our answers as Bundles. Pure."""
