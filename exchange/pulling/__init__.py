"""Reading what a partner holds about a patient over its FHIR R4 API. Knows HTTP and Bundles, and no patient of ours."""

from exchange.pulling.pull import PatientNotKnown, Pulled, patients_with_number, pull

__all__ = ["PatientNotKnown", "Pulled", "patients_with_number", "pull"]
