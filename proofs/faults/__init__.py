"""What goes wrong on purpose: processes that die, servers that run short, networks that lose."""
