"""Tasks of language understanding, each done by one of several engines behind one interface."""
