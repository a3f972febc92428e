"""Where a release is copied to: a protocol, the one that writes Parquet files, and ``export``."""
