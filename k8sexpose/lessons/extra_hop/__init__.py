"""The extra hop: `questions`, and `hop_table`, where connections arrive and where their Pods are."""
