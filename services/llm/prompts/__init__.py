"""What a model is told, one task a file."""
