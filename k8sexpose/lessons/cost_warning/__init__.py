"""The cost warning: `questions`, the tables `cost_tables`, the picture `shared_entry`, and the exercise `savings`."""
