"""The command `mootion`."""
