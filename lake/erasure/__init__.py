"""Erases documents for good, and proves that nothing of them is left."""
