"""Markdown, reStructuredText and Org, and the front matter of each."""
