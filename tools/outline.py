"""The outline of a lesson and of a leaflet, rule by rule (CONTRIBUTING.md, "The outline of a lesson").

    python tools/outline.py [NAME …]      print what breaks a rule in these lessons and leaflets (default: all)

A rule is a function that takes a part of the course and yields a sentence for each place that breaks it. It reads the
solution: the student notebook is generated from it. Tested with small bad notebooks in tests/course/test_outline.py.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course
from course import Part, asks, bullets, checks, graded, section

from k8sexpose.lessons.sheet import QUESTIONS

Problems = Iterator[str]
Rule = Callable[[Part], Problems]

# What changes a cluster, as a method and as a command of kubectl; time alone may pass.
CHANGES = set(
    """annotate apply create delete deploy edit fail patch recover replace rollout scale set_ready start_proxy
    stop_proxy terminate""".split()
)
# What a learner can be seen to do. "Understand", "know" and "learn" cannot be checked.
VERBS = set(
    """apply argue build calculate change check choose compare compute count cut decide derive describe design
    diagnose distinguish draw estimate explain expose find fix follow give identify justify list locate match
    measure mend name order pick point predict prove reach read recognise repair run say separate set show sort
    spot state tell test trace use verify walk weigh write""".split()
)
LESSON_ORDER = ("objectives", "core", "exercises", "recap", "next")
LEAFLET_ORDER = ("objectives", "core", "recap", "back")
TOLERANCE = 0.15  # of the reader's minutes
STORY = re.compile(r"lemonade|concierge|drive-thru|sidewalk|intercom|instruction sheet", re.I)
# Words that no reader of English would miss; the whole list is in the review of the language.
UNPLAIN = re.compile(r"\b(dearer|gravest|whom|dealt|dealing|deals|comes? in by)\b", re.I)


def steps(cell: NotebookNode) -> list[str]:
    """The steps that a Markdown cell begins in bold type: predict, see, explain."""
    if cell.cell_type != "markdown":
        return []
    return [word.lower() for word in re.findall(r"^\*\*([A-Z][a-z]+)\.\*\*", cell.source, re.M)]


def markdown(part: Part) -> list[NotebookNode]:
    return [cell for cell in part.nb.cells if cell.cell_type == "markdown"]


def code(part: Part) -> list[NotebookNode]:
    return [cell for cell in part.nb.cells if cell.cell_type == "code"]


def runs(cell: NotebookNode) -> bool:
    """Whether the cell runs something, beyond a question and its card."""
    return cell.cell_type == "code" and bool(cell.source.strip()) and not asks(cell) and not checks(cell)


# --- the frame ------------------------------------------------------------------------------------------------------


def title_and_question(part: Part) -> Problems:
    first = part.nb.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is not the title"
    elif not part.question:
        yield "the first cell does not ask the question of the part"
    levels = [level for level, _ in course.headings(part.text)]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} headings of level 1"
    yield from (f"a heading of level {b} below level {a}" for a, b in itertools.pairwise(levels) if b > a + 1)


def objectives(part: Part) -> Problems:
    text = section(part.text, "Objectives")
    stated = bullets(text)
    fewest, most = (1, 4) if part.leaflet else (2, 7)
    if not fewest <= len(stated) <= most:
        yield f"{len(stated)} objectives"
    for one in stated:
        if not re.match(r"\*\*\w+\*\*", one):
            yield f"the objective does not begin with its verb in bold: {one}"
        elif verb(one) not in VERBS:
            yield f"{verb(one)!r} is not a verb that can be checked: {one}"
    if "**Prerequisites.**" not in text:
        yield "no **Prerequisites.** under Objectives"
    if part.minutes is None:
        yield "no **Minutes.** N under Objectives"


def verb(bullet: str) -> str:
    """The first word, which a recap may write without the bold type."""
    return re.sub(r"\W", "", bullet.split()[0]).lower() if bullet.split() else ""


def order_of_sections(part: Part) -> Problems:
    allowed = LEAFLET_ORDER if part.leaflet else LESSON_ORDER
    titles = [words for level, words in course.headings(part.text) if level == 2]
    kinds = [re.sub(r"^\d+\. .*", "core", words.lower()) for words in titles]
    if part.leaflet:  # a leaflet's sections need no number
        kinds = [words if words in allowed else "core" for words in kinds]
    unknown = [words for words in kinds if words not in allowed]
    yield from (f"'## {words}' is none of {', '.join(allowed)}; core sections have a number" for words in unknown)
    ranks = [allowed.index(words) for words in kinds if words in allowed]
    if ranks != sorted(ranks):
        yield f"the order is {', '.join(kinds)}"
    yield from (f"no section {words}" for words in allowed if words not in kinds)
    yield from (f"two sections {words}" for words in set(kinds) - {"core"} if kinds.count(words) > 1)
    numbers = [int(found[1]) for words in titles if (found := re.match(r"(\d+)\. ", words))]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the core sections have the numbers {numbers}"
    if part.leaflet and kinds.count("core") > 3:
        yield f"{kinds.count('core')} sections: a leaflet has one to three"


def minutes(part: Part) -> Problems:
    """The stated minutes are those of the reading model."""
    model, stated = course.core_minutes(part), part.minutes
    # Whole minutes are stated, so half a minute is no mistake in a short leaflet.
    if stated is not None and abs(stated - model) > max(TOLERANCE * model, 0.5):
        yield f"{stated} minutes are stated; a reader needs {model:.1f}"


def running_clock(part: Part) -> Problems:
    if part.leaflet:
        return
    said = []
    for words, now in course.clock(part):
        text = section(part.text, re.escape(words))
        found = course.CLOCK.search(text)
        if not found:
            yield f"no '*minutes {said[-1] if said else 0}–N*' under {words}"
            continue
        if int(found[1]) != (said[-1] if said else 0):
            yield f"{words} does not begin in the minute in which the last section ended"
        said.append(int(found[2]))
        # Where a lesson has just begun, a minute is more than the tolerance.
        if abs(said[-1] - now) > max(TOLERANCE * now, 2):
            yield f"{said[-1]} minutes are said at the end of {words}; a reader needs {now:.1f}"
    if said != sorted(set(said)):
        yield f"the clock says {said}"
    if said and said[-1] != part.minutes:
        yield f"the last core section ends at {said[-1]} minutes; the lesson states {part.minutes}"


def recap_mirrors_objectives(part: Part) -> Problems:
    recap, _, _ = section(part.text, "Recap").partition("sentences to remember")
    again = [verb(one) for one in bullets(recap)]
    for one in bullets(section(part.text, "Objectives")):
        if verb(one) in again:
            again.remove(verb(one))
        else:
            yield f"the recap has no line that begins with {verb(one)!r}, as an objective does: {one}"


def ends_with_a_link(part: Part) -> Problems:
    """A leaflet leads back to its lesson; a lesson to the next one, if there is a next one."""
    last = "Back" if part.leaflet else "Next"
    links = links_in(section(part.text, last))
    wanted = r"\.\./\d\d_\w+\.ipynb" if part.leaflet else r"\d\d_\w+\.ipynb"
    is_last = not part.leaflet and part.name >= max((one.name for one in course.lessons()), default="")
    if not is_last and not any(re.fullmatch(wanted, link.partition("#")[0]) for link in links):
        yield f"'## {last}' does not lead to a lesson"


# --- words and links ------------------------------------------------------------------------------------------------


def links_in(text: str) -> list[str]:
    """The targets of links, in Markdown and in HTML."""
    shown = course.without_code(text)
    return [*re.findall(r"\]\(([^)\s]+)", shown), *re.findall(r'<a [^>]*href="([^"]+)"', shown)]


def anchors(path: Path) -> set[str]:
    """The places of a Markdown file or notebook that a link can lead to."""
    if path.suffix == ".ipynb":
        found = [part for part in course.parts() if path.name == f"{part.stem}.ipynb"]
        text = found[0].text if found else ""
    else:
        text = path.read_text(encoding="utf-8")
    made = set()
    for _, words in course.headings(text):
        plain = re.sub(r"[`*]", "", words)
        # A code host writes the heading's place in its way, JupyterLab in another.
        made |= {re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"), plain.replace(" ", "-")}
    return made | set(re.findall(r'<(?:a|span|dt|tr|td|b|strong|h\d|p|div)[^>]* (?:id|name)="([^"]+)"', text))


def links_lead_somewhere(part: Part) -> Problems:
    """Files as they lie in notebooks/; a lesson exists as soon as its solution does."""
    here = course.STUDENTS / part.name
    known = {(course.STUDENTS / one.name).with_suffix(".ipynb") for one in course.parts()}
    for link in links_in(part.text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = Path(*(here.parent / target).parts).resolve() if target else here.with_suffix(".ipynb")
        if path not in known and not (path.is_file() and path.suffix != ".ipynb"):
            yield f"the link {link} leads nowhere"
        elif anchor and anchor not in anchors(path):
            yield f"the link {link}: {path.name} has no place {anchor}"


def no_link_to_the_solutions(part: Part) -> Problems:
    yield from (f"a link to {link}" for link in links_in(part.text) if re.search("instructor|solutions|ANSWERS", link))


def story_opens_and_closes(part: Part) -> Problems:
    """Between the first cell and the last section, the field's terms stand alone."""
    for cell in markdown(part)[1:]:
        inside = re.split(r"^## (?:Next|Back)\b", course.without_code(cell.source), flags=re.M)[0]
        for found in STORY.finditer(inside):
            yield f"the story's word {found[0]!r} stands in the middle, in cell {cell.id}"


def plain_english(part: Part) -> Problems:
    texts = [cell.source for cell in markdown(part)]
    for question in QUESTIONS.values():
        if question.lesson == part.name:
            texts += [question.text, question.right, question.otherwise, *(wrong.text for wrong in question.wrong)]
    yield from (f"the word {found!r}" for text in texts for found in UNPLAIN.findall(text))


# --- questions ------------------------------------------------------------------------------------------------------


def alone_in_its_cell(part: Part) -> Problems:
    for cell in code(part):
        if graded(cell) or not (asks(cell) or checks(cell)):
            continue
        (*others, last) = course.python(cell.source).body
        if others or not isinstance(last, ast.Expr) or course.called(last.value) not in ("ask", "check"):
            yield f"{(asks(cell) or checks(cell))[0]} is not alone in its cell {cell.id}"


def ask_run_see_explain_check(part: Part) -> Problems:
    cells = part.nb.cells
    if not any(map(asks, cells)):
        yield "nothing is asked"
    for at, cell in enumerate(cells):
        for name in [] if graded(cell) else asks(cell):
            before = [steps(one) for one in cells[:at] if one.cell_type == "markdown"]
            if not before or before[-1][-1:] != ["predict"]:
                yield f"the prose before the question {name} does not begin with **Predict.**"
            checked = next((k for k in range(at, len(cells)) if name in checks(cells[k])), None)
            if checked is None:
                yield f"no check of {name} below its question"
                continue
            between = cells[at + 1 : checked]
            run = next((k for k, one in enumerate(between) if runs(one)), None)
            told = next((k for k, one in enumerate(between) if "explain" in steps(one)), None)
            if run is None:
                yield f"nothing is run between the question {name} and its check"
            if told is None:
                yield f"no **Explain.** between the question {name} and its check"
            elif run is not None and told < run:
                yield f"{name} is explained before something is run"


def two_questions_at_most(part: Part) -> Problems:
    """The learner sees a result before a third question."""
    waiting: list[str] = []
    for cell in part.nb.cells:
        waiting = [] if runs(cell) else waiting + asks(cell)
        if len(waiting) == 3:
            yield f"three questions before a result: {', '.join(waiting)}"


def see_asks_nothing(part: Part) -> Problems:
    """A question is clickable, or it is not there."""
    for cell in markdown(part):
        if "see" in steps(cell) and re.search(r"\(\d\)[^.!]*\?|^\d+\. [^.!]*\?", cell.source, re.M):
            yield f"a numbered question that nobody can answer: {cell.source[:80]!r}"


def questions_stand_where_their_part_says(part: Part) -> Problems:
    """The part is a column of the table that is handed in."""
    where = "optional" if part.leaflet else "core"
    found: dict[str, str] = {}
    for one in course.sections(part):
        for cell in one.cells:
            for name in [*asks(cell), *checks(cell)]:
                found.setdefault(name, "exercise" if one.title == "Exercises" else where)
    wanted = {name: question.part for name, question in QUESTIONS.items() if question.lesson == part.name}
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            stands, says = found.get(name, "nowhere"), wanted.get(name, "no question of this part")
            yield f"{name} stands in {stands}; its question says {says}"


def asked_once(part: Part) -> Problems:
    every = [name for cell in part.nb.cells for name in asks(cell)]
    yield from (f"{name} is asked {every.count(name)} times" for name in sorted(set(every)) if every.count(name) > 1)


# --- exercises ------------------------------------------------------------------------------------------------------


def each_exercise_is_graded(part: Part) -> Problems:
    """Two to four exercises, each with one answer and then one graded cell that looks at it."""
    marked = [cell for cell in part.nb.cells if graded(cell)]
    if part.leaflet:
        yield from (f"a leaflet is not graded: cell {cell.id}" for cell in marked)
        return
    numbers = re.findall(r"^\*\*(\d)\. ", section(part.text, "Exercises"), re.M)
    if numbers != [str(k + 1) for k in range(len(numbers))] or not 2 <= len(numbers) <= 4:
        yield f"the exercises have the numbers {numbers}"
    outside = [cell for one in course.sections(part) if one.title != "Exercises" for cell in one.cells if graded(cell)]
    yield from (f"cell {cell.id} is graded, and stands outside the exercises" for cell in outside)
    marks = [cell.metadata.nbgrader for cell in marked]
    marks = [(bool(one.get("solution")), bool(one.get("grade"))) for one in marks]
    if marks != [(True, False), (False, True)] * len(numbers):
        yield f"answers and graded cells do not alternate, one pair for each of {len(numbers)} exercises"
        return
    for answer, test in zip(marked[::2], marked[1::2], strict=True):
        yield from exercise(answer, test)


def exercise(answer: NotebookNode, test: NotebookNode) -> Problems:
    """One answer cell with its graded cell."""
    name = test.metadata.nbgrader.grade_id
    if not test.metadata.nbgrader.get("points", 0) > 0:
        yield f"{name} has no points"
    if not test.metadata.nbgrader.get("locked"):
        yield f"{name} can be edited"
    if "### BEGIN HIDDEN TESTS" not in test.source or "### END HIDDEN TESTS" not in test.source:
        yield f"{name} shows its asserts"
    if "### BEGIN SOLUTION" not in answer.source or "### END SOLUTION" not in answer.source:
        yield f"{answer.metadata.nbgrader.grade_id} shows its answer"
    given, looked = (names(cell) for cell in (answer, test))
    if not given & looked:
        yield f"{name} does not look at the answer before it"
    if not any(isinstance(n, ast.Assert) for n in ast.walk(course.python(test.source))):
        yield f"{name} asserts nothing"


def names(cell: NotebookNode) -> set[str]:
    """The names that a code cell reads or writes."""
    return {node.id for node in ast.walk(course.python(cell.source)) if isinstance(node, ast.Name)}


def nothing_graded_needs_a_leaflet(part: Part) -> Problems:
    """As far as a machine sees: no link, no import, no question of a leaflet in the exercises."""
    for one in course.sections(part):
        for cell in one.cells if one.title == "Exercises" else ():
            if cell.cell_type == "markdown":
                yield from (f"an exercise links to {link}" for link in links_in(cell.source) if "leaflets/" in link)
                continue
            if re.search(r"lessons\.leaflets|lessons import leaflets", cell.source):
                yield f"cell {cell.id} uses what belongs to a leaflet"
            for name in [*asks(cell), *checks(cell)]:
                if name in QUESTIONS and QUESTIONS[name].lesson.startswith("leaflets/"):
                    yield f"an exercise asks {name}, which belongs to {QUESTIONS[name].lesson}"


# --- cells ----------------------------------------------------------------------------------------------------------


def beginners_python(part: Part) -> Problems:
    """What a reader of simple Python has not met."""
    for cell in code(part):
        if cell.source.startswith("%%") or cell.metadata.get("nbgrader", {}).get("grade"):
            continue
        tree = course.python(cell.source)
        for node in ast.walk(tree):
            if fault := unknown_to_beginners(node):
                yield f"cell {cell.id}: {fault}"
        starts = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
        if len(starts) != len(set(starts)):
            yield f"cell {cell.id}: two statements in one line"


def unknown_to_beginners(node: ast.AST) -> str:
    """What is wrong with one node of a cell."""
    match node:
        case ast.Assign(targets=targets) if any(isinstance(to, ast.Name) and to.id == "_" for to in targets):
            return "_ = …"
        case ast.Assign(value=ast.Tuple(elts=values)) if any(getattr(one, "value", 0) is ... for one in values):
            return "an ellipsis is unpacked"
        case ast.Call(args=[ast.Starred(), *_]) if course.called(node) in ("display", "print"):
            return f"{course.called(node)}(*…)"
        case ast.Call() if course.called(node) == "zip":
            return "zip"
        case ast.NamedExpr():
            return ":="
    return ""


def pictures_keep_their_cluster(part: Part) -> Problems:
    """A flow follows its cluster: after a later change it would no longer show what the text beside it says."""
    drawn: dict[str, str] = {}
    for cell in code(part):
        calls = [node for node in ast.walk(course.python(cell.source)) if isinstance(node, ast.Call)]
        for name in sorted(drawn.keys() & {name for call in calls for name in changed_by(call)}):
            yield f"cell {cell.id} changes {name}, which the flow in cell {drawn[name]} draws: give that one a copy"
        flows = [call for call in calls if course.called(call) == "flow"]
        drawn |= {call.args[0].id: cell.id for call in flows if call.args and isinstance(call.args[0], ast.Name)}


def changed_by(call: ast.Call) -> Iterator[str]:
    """The variable whose cluster a call changes: by a method, or by %kubectl, which takes `cluster` if not told."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb)) if verb in CHANGES:
            yield name
        case ast.Call(args=[ast.Constant(value="kubectl"), ast.Constant(value=str(line))]):
            if CHANGES & set(line.split()):
                told = re.search(r"--cluster[ =](\w+)", line)
                yield told[1] if told else "cluster"


def sound(part: Part) -> Problems:
    """No error and no warning is stored, and each picture has words."""
    for cell in code(part):
        for output in cell.get("outputs", ()):
            yield from (f"cell {cell.id} {fault}" for fault in unsound(output))
    if "widgets" in part.nb.metadata:
        yield "stored widget state differs from run to run: make notebooks leaves it out"


def unsound(output: NotebookNode) -> Problems:
    """What is wrong with one stored output."""
    data = output.get("data", {})
    if output.output_type == "error":
        yield "ends in an error"
    if output.get("name") == "stderr":
        yield "writes to stderr"
    if {"image/png", "image/svg+xml"} & data.keys() and "text/html" not in data:
        yield "shows a picture that has no alt text"
    if re.search(r'<img(?![^>]*\balt="[^"]+")', data.get("text/html", "")):
        yield "shows an image that has no alt text"


def metadata(part: Part) -> Problems:
    if part.nb.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    for what, ids in (
        ("cells", [cell.get("id", "") for cell in part.nb.cells]),
        ("graded cells", [cell.metadata.nbgrader.grade_id for cell in part.nb.cells if graded(cell)]),
    ):
        yield from (f"two {what} have the id {one!r}" for one in sorted(set(ids)) if ids.count(one) > 1)


RULES: tuple[Rule, ...] = (
    title_and_question, objectives, order_of_sections, minutes, running_clock, recap_mirrors_objectives,
    ends_with_a_link, links_lead_somewhere, no_link_to_the_solutions, story_opens_and_closes, plain_english,
    alone_in_its_cell, ask_run_see_explain_check, two_questions_at_most, see_asks_nothing,
    questions_stand_where_their_part_says, asked_once, each_exercise_is_graded, nothing_graded_needs_a_leaflet,
    beginners_python, pictures_keep_their_cluster, sound, metadata,
)  # fmt: skip


def main(argv: list[str]) -> int:
    wanted = {Path(name).stem for name in argv}
    chosen = [part for part in course.parts() if not wanted or part.stem in wanted]
    bad = 0
    for part in chosen:
        found = [f"  {rule.__name__}: {problem}" for rule in RULES for problem in rule(part)]
        bad += bool(found)
        model = f"{course.core_minutes(part):.1f} minutes, exercises {course.exercise_minutes(part):.0f}"
        print("\n".join([f"{part.name}: a reader needs {model}", *found]))
    return int(bool(bad) or not chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
