"""What others ask of the practice: to see a patient, to validate a case, to keep an appointment; and our answers."""
