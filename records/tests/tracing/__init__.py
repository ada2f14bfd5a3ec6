"""Asking the sandbox PDS over real HTTP, and what its answers do to patients."""
