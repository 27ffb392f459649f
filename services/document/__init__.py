"""Documents of a learner: upload, state, passages and atoms."""
