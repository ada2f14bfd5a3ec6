"""The exchange desk: what went out and came in, what is stuck, and whose turn it is, in words for everybody here."""
