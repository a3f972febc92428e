"""The steps of a run, from a listing of the sources to a candidate."""
