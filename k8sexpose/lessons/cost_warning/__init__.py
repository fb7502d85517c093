"""TODO: lessons.cost_warning."""
