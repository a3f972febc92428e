"""The flows, and the order of the steps of an ingest."""
