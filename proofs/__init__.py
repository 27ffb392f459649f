"""Proofs of what must hold when processes, disks and networks fail: `python -m proofs`, one file for each."""
