"""Asking partners what they hold about a patient: when, whose it is, and what is kept of it."""
