"""Asking partners what they hold: once, about the right person, keeping what came and saying what did not."""
