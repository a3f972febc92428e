"""Splits canonical text into parents and children."""
