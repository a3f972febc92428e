"""A release described, and the differences between two."""
