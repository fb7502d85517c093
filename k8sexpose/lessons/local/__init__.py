"""`externalTrafficPolicy: Local` and its price: `questions`, `try_placement`, and the exercise `five_cases`."""
