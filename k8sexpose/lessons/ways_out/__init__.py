"""TODO: lessons.ways_out."""
