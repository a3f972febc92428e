"""What calls of model providers have in common."""
