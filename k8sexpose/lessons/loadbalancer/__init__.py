"""LoadBalancer: `questions`, the picture `connections`, the table `health_checks`, and the exercises."""
