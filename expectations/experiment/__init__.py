"""Recipes and ways of asking tried side by side on the same questions."""
