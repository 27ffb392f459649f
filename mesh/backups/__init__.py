"""A running system's data on its way into a folder and back."""
