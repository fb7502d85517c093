"""`externalTrafficPolicy: Local` and its price: `questions`, and the exercise `five_cases`."""
