"""Finds out why a search finds or misses the evidence of a question."""
