"""Releases: values, the log, its history, publishing and retention."""
