"""What must be true before a release is published."""
