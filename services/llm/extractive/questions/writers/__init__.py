"""Writers of questions: each module plans what it could ask and writes one kind of question at a time."""
