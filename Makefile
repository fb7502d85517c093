# Two commands: make lab (opens the lessons) and make test (runs every test but those of make deep).
# Both build .venv first; the second time they find it built.

VENV ?= .venv
PYTHON ?= python3
PROCESSES ?= 2
HAPPY_PYTHON ?= python3.13
export PIP_DISABLE_PIP_VERSION_CHECK = 1

ifeq ($(OS),Windows_NT)
PY := $(VENV)/Scripts/python.exe
else
PY := $(VENV)/bin/python
endif

SOLUTIONS := $(wildcard instructor/solutions/*.ipynb instructor/solutions/leaflets/*.ipynb)

.PHONY: help environment lab test quick deep lint types unit checks lessons solutions notebooks site pages slides moodle shots lite lite-check lite-kernel lite-lessons wheel colab binder-check bench fuzz mutants clean
help:
	@echo "make lab        open the lessons in JupyterLab"
	@echo "make test       run every test"
	@echo "make quick      run what takes two minutes: ruff, mypy, tests without browser and notebooks, without the slow ones"
	@echo "make deep       run the tests that are too long for make test (tests/deep, and what is marked deep)"
	@echo "make notebooks  run the solution notebooks, generate the student notebooks from them"
	@echo "make site       make the course a site in build/site whose widgets work without a kernel"
	@echo "make pages      the same without scripts, in build/pages"
	@echo "make slides     make a deck for the projector of each lesson in build/slides"
	@echo "make moodle     export all questions for a learning platform into build/moodle.xml"
	@echo "make lite       build the course for JupyterLite into build/lite; lite-check: test with its versions"
	@echo "make lite-kernel   try JupyterLite in Chromium: a lesson, a fresh copy of it, the model in its Python"
	@echo "make lite-lessons  run whole lessons in JupyterLite, compare what they show (needs a while: LITE_ARGS=01_nodeport.ipynb)"
	@echo "make wheel      build the wheel, with the lessons in it, into dist; colab: the lessons' copies for Colab"
	@echo "make binder-check  build Binder's environment, run two lessons and answer a question in it"
	@echo "make shots      open every lesson in Chromium, leave screenshots in build/shots"
	@echo "make bench      run the benchmarks, compare with the stored numbers"
	@echo "make fuzz       try random input for longer than the tests do (FUZZ_ARGS)"
	@echo "make mutants    break 300 places of the core, see which of them a test notices (MUTANTS_ARGS)"
	@echo "make clean      remove .venv, build files and caches"

# --- the environment -------------------------------------------------------------------------------------------

# One script builds .venv, mends it where the folder was moved, and opens the lessons; it does so without make too.
environment:
	@$(PYTHON) tools/environment.py test --venv $(VENV)

# Answers that tests, pages and generators give stay in memory; those of a learner (make lab) are kept in a file.
test quick deep unit lessons solutions notebooks site pages slides moodle shots lite lite-check lite-kernel lite-lessons binder-check: export K8SEXPOSE_ANSWERS =

# The tests start a hundred processes and kernels. Where Python may not keep what it has compiled (some containers set
# this), each of them compiles pandas and matplotlib again: three seconds instead of one, and make test takes a third longer.
test quick deep unit lessons solutions notebooks site pages slides moodle: export PYTHONDONTWRITEBYTECODE =

# --- the two commands ------------------------------------------------------------------------------------------

lab:
	@$(PYTHON) tools/environment.py lab --venv $(VENV) -- $(LAB_ARGS)

# The browser tests wait more than they compute: the checks of the notebooks' texts run beside them.
test: lint types
	+@$(MAKE) --no-print-directory --jobs 2 unit checks
	+@$(MAKE) --no-print-directory solutions
	@echo "make test: everything passed"

# The tests marked slow take most of the time; make test runs them.
quick: lint types
	$(PY) -m pytest -n $(PROCESSES) --dist loadgroup --ignore tests/browser -m "not slow and not deep"

# 5 is pytest's exit code where no test is selected: tests/deep may be empty. Then the tests of make test that draw
# their examples, with many others than those.
deep: environment
	$(PY) -m pytest -m deep tests $(DEEP_ARGS) || test $$? -eq 5
	$(PY) -m pytest -m hypothesis --hypothesis-profile=chance tests

# --- the parts of make test ------------------------------------------------------------------------------------

lint: environment
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: environment
	$(PY) -m mypy --strict k8sexpose

# .ci/run names a folder, TEST_TIMES, and reads there how long each test took.
times = $(if $(TEST_TIMES),--junitxml=$(TEST_TIMES)/$(1).xml)

# Two processes: the browser tests in one (tests/browser/conftest.py), everything else beside them.
unit: environment
	$(PY) -m pytest -n $(PROCESSES) --dist loadgroup $(call times,unit)

checks: environment
	$(PY) tools/notebooks.py --check
	$(PY) tools/teaching.py --check

lessons: checks solutions

# Strict nbval on the solutions, a kernel for each; the cells of a notebook stay together in one of the two processes.
# The student notebooks hold no outputs and need only run: tests/course/test_students.py does that without kernels.
solutions: environment
	$(PY) -m pytest -n $(PROCESSES) --dist loadscope -p tests.kernels --nbval --nbval-kernel-startup-timeout 300 \
		--nbval-sanitize-with tests/nbval_sanitize.cfg $(SOLUTIONS) $(call times,solutions)

# --- for authors -----------------------------------------------------------------------------------------------

notebooks: environment
	$(PY) tools/notebooks.py --execute
	$(PY) tools/notebooks.py
	$(PY) tools/teaching.py
	$(PY) tools/pages.py --check

# pdoc makes the reference of the package, and is wanted for nothing else: it stays out of the tests' environment.
site: environment
	@test -d build/site-tools/pdoc || $(PY) -m pip install --quiet --no-deps --target build/site-tools -r tools/site-requirements.txt || \
		echo "pdoc cannot be installed here: the site is made without the reference of the package"
	$(PY) tools/make_site.py $(SITE_ARGS)

pages: environment
	$(PY) tools/pages.py $(PAGES_ARGS)

slides: environment
	$(PY) tools/slides.py $(SLIDES_ARGS)

moodle: environment
	$(PY) tools/moodle.py $(MOODLE_ARGS)

# An environment of its own: JupyterLite wants other versions.
build/lite-env: tools/lite-requirements.txt
	@rm -rf $@ && $(PYTHON) -m venv $@
	@$@/bin/python -m pip install --quiet -r $<
	@touch $@

lite: build/lite-env
	build/lite-env/bin/python tools/lite.py $(LITE_ARGS)

lite-check:
	$(PYTHON) tools/lite_check.py --python $(PYTHON)

lite-kernel: environment build/lite-env
	$(PY) tools/lite_kernel.py $(LITE_ARGS)

lite-lessons: environment build/lite-env
	$(PY) tools/lite_lessons.py $(LITE_ARGS)

# What `k8sexpose lab` needs where there is no clone.
wheel:
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) tools/environment.py test --venv $(VENV)
	$(PY) -m pip wheel --quiet --no-deps --wheel-dir dist .

colab: environment
	$(PY) tools/colab.py

binder-check:
	$(PYTHON) tools/binder_env.py --python $(PYTHON)

shots: environment
	$(PY) tests/browser/run_lessons.py --shots build/shots

# happy-simulator, one of those that simulate is compared with, needs a newer Python than the course.
build/happy:
	@{ $(HAPPY_PYTHON) -m venv $@ && $@/bin/python -m pip install --quiet happysim==0.2.5; } >/dev/null 2>&1 || \
		{ rm -rf $@; echo "no happy-simulator here: it needs Python 3.13 (make bench HAPPY_PYTHON=...)"; }

bench: environment build/happy
	$(PY) benchmarks/run.py

fuzz: environment
	$(PY) tests/hostile/fuzz.py $(FUZZ_ARGS)

mutants: environment
	$(PY) tools/mutants.py --sample 300 --seed 1 $(MUTANTS_ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
