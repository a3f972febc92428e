"""Drops old releases, and checks everything that is stored."""
