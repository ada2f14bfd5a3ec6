"""Stand-ins for the sandbox partners."""
