"""Taking on a partner: its settings, what its system says it can do, tests of the connection, and its switches."""
