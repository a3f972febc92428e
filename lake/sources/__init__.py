"""Where documents come from, and what is declared about them beside their text."""
