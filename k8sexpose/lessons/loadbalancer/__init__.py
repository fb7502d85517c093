"""LoadBalancer: `questions`, and the exercises `offices` and `pending`."""
