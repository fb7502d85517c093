"""TODO: lessons.loadbalancer."""
