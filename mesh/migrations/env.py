"""How Alembic runs the history: on the connection it is given, or as text for a dialect."""

from alembic import context

attributes = context.config.attributes
if "connection" in attributes:
    context.configure(connection=attributes["connection"])
else:
    context.configure(dialect_name=attributes["dialect"], literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
