"""The sample chapter and the program that prints it."""
