"""Letters: what comes in, the list, one opened and made safe to show."""
