"""What the validating process imports: Great Expectations at once, while its parent is at other work."""

from expectations.validation import load, validate

__all__ = ["validate"]

load(lean=True)
