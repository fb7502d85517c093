"""How nbgrader turns the solutions (notebooks/solutions) into the student notebooks (notebooks)."""

c = get_config()

# An Ellipsis, not an exception: a student notebook runs to its end with nothing filled in.
c.ClearSolutions.code_stub = {"python": "...  # your answer"}
c.ClearSolutions.text_stub = "*Your answer.*"
