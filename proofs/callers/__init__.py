"""Who calls a running system, how, and what there is to call for."""
