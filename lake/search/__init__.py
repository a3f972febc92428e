"""Searching one release: what is looked for, where, and in which order it comes back."""
