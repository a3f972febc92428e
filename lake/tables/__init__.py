"""LanceDB tables: written by a run, read at the version that a release names."""
