"""JSON, notebooks and XML."""
