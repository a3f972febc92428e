"""Destinations for copies of a release: the protocol, a Parquet writer, and ``export``."""
