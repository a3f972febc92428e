"""Recipes and search profiles tried side by side on the same questions."""
