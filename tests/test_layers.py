"""The shape of the code: which part may import which, and that importing does nothing but define."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WATCH = Path(__file__).with_name("import_watch.py")
ALLOWED: dict[str, tuple[str, ...]] = {
    "agreements": (),
    "config": ("agreements",),
    "integrations": ("agreements", "config"),
    "tasks": ("agreements", "config", "integrations"),
    "flows": ("agreements", "config", "integrations", "tasks"),
    # The pretended SharePoint must hash files exactly as the real one does.
    "sandbox": ("agreements", "config", "integrations.graph.quickxor"),
    "hjemmekontor": ("agreements", "config", "integrations", "tasks", "flows", "sandbox"),
}
"""What each part may import of ours, besides itself."""
OURS = {*ALLOWED, "tests", "benchmarks"}
LIBRARIES_OF_THE_DOMAIN = {"dateutil", "holidays", "msgspec"}
"""Dates, and data with checked types: neither talks to anybody."""
RUN_BY_ALEMBIC = "integrations.database.migrations.env"


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    files = (file for package in ALLOWED for file in sorted((ROOT / package).rglob("*.py")))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imports(source: str) -> Iterator[tuple[str, list[str]]]:
    """Each imported module with the names taken from it, wherever in the file it is imported."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or "", [alias.name for alias in node.names]


def imported(source: str) -> set[str]:
    """Dotted names: `from a import b` is both `a.b` and `a`, whichever of them is a module."""
    return {f"{module}.{name}" for module, names in imports(source) for name in (*names, "")}


def forbidden(package: str, source: str) -> set[str]:
    """What this source of a package imports of ours and may not."""
    allowed = tuple(f"{name}." for name in (package, *ALLOWED[package]))
    ours = {name for name in imported(source) if name.split(".")[0] in OURS}
    # `from a import b` gives `a.` too, which says nothing where only `a.b` is allowed.
    return {name for name in ours if not name.endswith(".") and not f"{name}.".startswith(allowed)} | {
        name for name in ours if name.endswith(".") and not any(_within(name, each) for each in allowed)
    }


def _within(name: str, allowed: str) -> bool:
    return name.startswith(allowed) or allowed.startswith(name)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_inwards(package: str) -> None:
    found = {
        name: forbidden(package, file.read_text(encoding="utf-8"))
        for name, file in modules().items()
        if name.split(".")[0] == package
    }
    assert found
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("package", "source", "names"),
    [
        pytest.param("agreements", "import config", {"config."}, id="domain-and-settings"),
        pytest.param(
            "agreements",
            "def f():\n    from tasks.night import Night",
            {"tasks.night.", "tasks.night.Night"},
            id="inside-a-function",
        ),
        pytest.param("integrations", "from flows import nightly", {"flows.", "flows.nightly"}, id="outwards"),
        pytest.param("config", "import tests.conftest as x", {"tests.conftest."}, id="tests"),
        pytest.param(
            "tasks",
            "from hjemmekontor.cli import main",
            {"hjemmekontor.cli.", "hjemmekontor.cli.main"},
            id="the-command",
        ),
        pytest.param(
            "sandbox", "from integrations.graph import mail", {"integrations.graph.mail"}, id="beside-the-one-allowed"
        ),
        pytest.param("sandbox", "from integrations.graph.quickxor import QuickXorHash", set(), id="the-one-allowed"),
        pytest.param("sandbox", "from integrations.graph import quickxor", set(), id="the-one-allowed-as-a-module"),
        pytest.param("flows", "from tasks.night import night", set(), id="inwards"),
        pytest.param("agreements", "import configparser", set(), id="somebody-elses"),
    ],
)
def test_the_direction_can_be_broken(package: str, source: str, names: set[str]) -> None:
    assert forbidden(package, source) == names


def test_the_domain_knows_no_machinery() -> None:
    libraries = {
        (name, module.split(".")[0])
        for name, file in modules().items()
        if name.split(".")[0] == "agreements"
        for module, _ in imports(file.read_text(encoding="utf-8"))
    }
    used = {library for _, library in libraries} - sys.stdlib_module_names - {"agreements"}
    assert used == LIBRARIES_OF_THE_DOMAIN


@pytest.mark.parametrize("name", ["datetime.now", "date.today", "time.time", "random."])
def test_the_domain_has_no_clock_and_no_dice(name: str) -> None:
    guilty = [path for path in (ROOT / "agreements").rglob("*.py") if name in path.read_text(encoding="utf-8")]
    assert guilty == []


def test_the_steps_open_graph_through_the_night() -> None:
    """Or they would have a budget of their own, beside the one that all workers share."""
    openers = [path.name for path in (ROOT / "tasks").rglob("*.py") if "open_graph" in path.read_text(encoding="utf-8")]
    assert openers == ["night.py"]


# --- Importing does nothing but define --------------------------------------------------------------------------


def watched(names: list[str], known: list[tuple[str, list[str]]], home: Path, path: Path) -> list[list[str]]:
    """What these modules did when they were imported, in a process of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HK_", "PREFECT_"))},
        "PYTHONPATH": str(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "PREFECT_HOME": str(home),
    }
    done = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, "-P", str(WATCH)],
        input=json.dumps({"known": known, "modules": names}),
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_importing_does_nothing_but_define(tmp_path: Path) -> None:
    ours = modules()
    del ours[RUN_BY_ALEMBIC]  # a script by its nature: it is run for a migration and never imported
    known = {
        (module, tuple(names))
        for file in ours.values()
        for module, names in imports(file.read_text(encoding="utf-8"))
        if module.split(".")[0] not in OURS
    }
    libraries = [(module, list(names)) for module, names in sorted(known)]
    assert watched(sorted(ours), libraries, tmp_path, ROOT) == []


@pytest.mark.parametrize(
    ("source", "event"),
    [
        pytest.param("import socket\nsocket.socket().bind(('127.0.0.1', 0))", "socket.bind", id="listens"),
        pytest.param("from pathlib import Path\nPath('x').write_text('x')", "open", id="writes"),
        pytest.param("from pathlib import Path\nPath('x').mkdir()", "os.mkdir", id="makes-a-folder"),
        pytest.param("import os\nos.environ['X'] = 'x'", "os.putenv", id="sets-the-environment"),
        pytest.param("import sqlite3\nsqlite3.connect(':memory:')", "sqlite3.connect", id="opens-a-database"),
        pytest.param(
            "import threading\nthreading.Thread(target=print, daemon=True).start()",
            "threading.Thread.start",
            id="starts-a-thread",
        ),
        pytest.param("import subprocess\nsubprocess.run(['true'])", "subprocess.Popen", id="starts-a-process"),
    ],
)
def test_an_import_that_does_something_is_found(tmp_path: Path, source: str, event: str) -> None:
    (tmp_path / "guilty.py").write_text(source, encoding="utf-8")
    libraries = [(module, names) for module, names in imports(source)]
    found = watched(["guilty"], libraries, tmp_path, tmp_path)
    assert ("guilty", event) in {(module, what) for module, what, _ in found}


def test_an_import_that_only_defines_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "innocent.py").write_text("import re\nNAME = re.compile('x')\ndef f(): return open('x', 'w')\n")
    assert watched(["innocent"], [("re", [])], tmp_path, tmp_path) == []
