"""What a model replies, one task a file: the schema, and what of it is borne out by the document."""
