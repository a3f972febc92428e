"""Every patch of, and private door into, a library of someone else, each with the condition for removing it."""
