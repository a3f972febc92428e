"""What people say of the passages that a search found for them."""
