"""Searches one release and ranks what it finds."""
