"""Canonical text to parents and children."""
