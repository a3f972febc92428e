"""Documents erased for good, and the proof that nothing of them is left."""
