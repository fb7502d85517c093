"""The fuzzer is a command, not a test: it needs `resource`, which Windows lacks, so pytest does not import it."""

collect_ignore = ["fuzz.py"]
