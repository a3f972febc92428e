"""Old releases dropped, and everything that is stored checked."""
