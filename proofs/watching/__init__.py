"""What is measured or overheard while a proof runs."""
