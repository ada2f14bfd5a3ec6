"""What is still to enter in the practice's clinical system: a list that only a person ticks off."""
