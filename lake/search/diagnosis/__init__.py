"""Where the evidence of a question is found, or lost."""
