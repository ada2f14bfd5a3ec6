"""Everything held of a patient: lists by kind, and one entry told whole."""
