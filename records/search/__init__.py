"""Search in one record: what can be found of each entry, kept beside it, and asked for by words."""
