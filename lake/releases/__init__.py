"""Releases: their values, log, history, publishing and retention."""
