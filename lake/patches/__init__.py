"""Every patch of a third-party library and every use of its private parts, each with the condition for removal."""
