"""The lake's own files, on a disk or in a bucket."""
