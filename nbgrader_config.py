"""How nbgrader turns the solutions (instructor/solutions) into the student notebooks (notebooks)."""

c = get_config()

# A comment, not an exception: a student notebook runs to its end with nothing filled in. Above it stand the names.
c.ClearSolutions.code_stub = {"python": "# ↑ your answer"}
c.ClearSolutions.text_stub = "*Your answer.*"
