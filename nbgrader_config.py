"""How nbgrader turns the solutions (instructor/solutions) into the student notebooks (notebooks)."""

import ast

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import NbGraderPreprocessor

c = get_config()

# A comment, not an exception: a student notebook runs to its end with nothing filled in. Above it are the names.
c.ClearSolutions.code_stub = {"python": "# ↑ your answer"}
c.ClearSolutions.text_stub = "*Your answer.*"


def without_answers(source: str) -> str:
    """Return the code of a cell with ``ask("id", answer=…)`` as ``ask("id")``."""
    if "ask(" not in source or "answer" not in source or source.startswith("%%"):
        return source
    lines = source.split("\n")
    # A magic is no Python; as a comment it leaves the other lines where they are.
    plain = ["#" + line[1:] if line.startswith(("%", "!")) else line for line in lines]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()) + 1)
    cuts = []
    for node in ast.walk(ast.parse("\n".join(plain))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "ask":
            before = node.args[-1] if node.args else node.func
            for keyword in node.keywords:
                end = starts[keyword.value.end_lineno - 1] + keyword.value.end_col_offset
                if keyword.arg == "answer":
                    cuts.append((starts[before.end_lineno - 1] + before.end_col_offset, end))
                before = keyword.value
    text = source.encode()
    for start, end in sorted(cuts, reverse=True):
        text = text[:start] + text[end:]
    return text.decode()


class TakeAnswersOut(NbGraderPreprocessor):
    """The first step: answers of questions that one clicks are not for students."""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "code":
            cell.source = without_answers(cell.source)
        return cell, resources


c.GenerateAssignment.preprocessors = [TakeAnswersOut, *GenerateAssignment.preprocessors.default()]
