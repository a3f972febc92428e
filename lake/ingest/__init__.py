"""Steps of a run, from listing the sources to a candidate."""
