"""One table of calls, made on every path that there is to a method."""
