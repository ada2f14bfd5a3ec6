"""Tracing: asking PDS who a patient is, and what the answer means here."""
