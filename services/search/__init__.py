"""One query over everything the caller may read."""
