"""Reads uploaded PDF and DOCX files in a limited child process and splits them into passages."""
