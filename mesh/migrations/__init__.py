"""The history of the schema, one for both databases; each step is a file in `versions`, named by its number.

A change of a table is a new file: `revision` is its number, `down_revision` the one before, `upgrade()` says in
operations of Alembic what changes, without importing a service. There is no way down: a backup is.
"""
