"""Real servers on this machine, on loopback ports and in folders of their own: one class a file, one server a class.

`python -m ground up` starts them, `python -m ground down` stops them. Tests and proofs import the classes to start
only what they need, and to kill and restart one.
"""
