"""Columns, as kubectl's tab writer lays them out."""

from __future__ import annotations

from k8sexpose.kubectl import tabwriter as layout


def test_columns_are_at_least_six_wide() -> None:
    assert layout.table(["A", "B", "C"], [["1", "22222222", "3"]]) == "A     B          C\n1     22222222   3\n"


def test_only_lines_that_follow_one_another_share_a_column() -> None:
    assert layout.tabbed("a\tb\tc\nlong\td\n\tbbbb\tc\n") == "a     b  c\nlong  d\n      bbbb  c\n"


def test_cells_end_at_the_first_line_break() -> None:
    assert layout.table(["A", "B"], [["x\ny", "z"]]).splitlines()[1] == "x...   z"
