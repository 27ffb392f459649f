"""Certificates of workloads: made, kept in a folder, shown and checked."""
