"""The house is tidy: short functions and modules, plain names, and no trace of any one machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FUNCTION = 70
LONGEST_MODULE = 500
LONGEST_LINE = 100
LONGEST_DOCSTRING = 3
BARRED_WORDS = {"manager", "util", "utils", "helper", "helpers", "common", "base", "misc", "impl"}
NOT_OURS = {"__pycache__", "build", "dist", "node_modules"}
KEPT_HIDDEN = {".ci", ".gitignore", ".dockerignore", ".python-version"}
LARGEST_TEXT = 2_000_000
# The words are put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("maven", "org"), ("maven", "apache", "org"),
        ("npmjs", "org"), ("npmjs", "com"), ("golang", "org"), ("crates", "io"),
        ("anaconda", "org"), ("jfrog", "io"), ("docker", "io"),
    )
]  # fmt: skip
HOSTS = re.compile("|".join(rf"\b{re.escape(host)}\b" for host in REGISTRY_HOSTS))
TOP_FOLDERS = ("home", "root", "work", "Users", "mnt", "workspace")
MACHINE_PATHS = re.compile(rf"(?<![\w./~}}*-])/({'|'.join(TOP_FOLDERS)})/\w")
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file of the project, without what tools leave behind; needs no git."""
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in KEPT_HIDDEN
        if hidden or path.name in NOT_OURS or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        elif path.is_file():
            yield path


def python_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def barred(name: str) -> set[str]:
    return {word.lower() for word in WORDS.findall(name)} & BARRED_WORDS


def size_faults(source: str) -> list[str]:
    """Functions, modules, lines and the module's docstring that are too long, or absent."""
    tree = ast.parse(source)
    lines = source.splitlines()
    found = [
        f"line {number} has {len(line)} columns"
        for number, line in enumerate(lines, 1)
        if len(line) > LONGEST_LINE
    ]
    if len(lines) > LONGEST_MODULE:
        found.append(f"the module has {len(lines)} lines")
    docstring = (ast.get_docstring(tree) or "").splitlines()
    if source.strip() and not 1 <= len(docstring) <= LONGEST_DOCSTRING:
        found.append(f"the module's docstring has {len(docstring)} lines")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                found.append(f"`{node.name}` has {length} lines")
    return found


def name_faults(source: str) -> list[str]:
    """Classes and functions whose names hold a word that says nothing."""
    return [
        f"line {node.lineno}: `{node.name}`"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and barred(node.name)
    ]


def text_faults(text: str) -> list[str]:
    """Names of package registries, and paths that exist on one machine only."""
    return [
        f"line {number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern in (HOSTS, MACHINE_PATHS)
        for match in pattern.finditer(line)
    ]


def text_of(path: Path) -> str:
    if path.stat().st_size > LARGEST_TEXT:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_sizes_stay_small() -> None:
    """Functions, modules, lines and module docstrings keep within the lengths of STYLE."""
    expected: dict[str, list[str]] = {}
    found = {place(p): size_faults(p.read_text(encoding="utf-8")) for p in python_files()}
    assert expected == {name: faults for name, faults in found.items() if faults}


def test_names_say_something() -> None:
    """No module, folder, class or function is named after nothing in particular."""
    expected: dict[str, list[str]] = {}
    found = {place(p): name_faults(p.read_text(encoding="utf-8")) for p in python_files()}
    for name, faults in found.items():
        faults += [f"the path says `{word}`" for word in sorted(barred(name.removesuffix(".py")))]
    assert expected == {name: faults for name, faults in found.items() if faults}


def test_every_tests_folder_is_a_package() -> None:
    """Each folder of tests with Python in it has an __init__.py, or imports find the tests."""
    folders = {path.parent for path in python_files() if "tests" in path.relative_to(ROOT).parts}
    assert set() == {place(folder) for folder in folders if not (folder / "__init__.py").is_file()}


def test_no_text_names_a_registry_or_a_machine() -> None:
    """The project names no package registry's host and no path of one machine."""
    expected: dict[str, list[str]] = {}
    found = {place(path): text_faults(text_of(path)) for path in files()}
    assert expected == {name: faults for name, faults in found.items() if faults}


def test_the_walk_sees_the_project() -> None:
    """The walk finds sources and tests and leaves the virtual environment alone."""
    found = {place(path) for path in files()}
    assert {"tests/test_tidy.py", "ontology/terms.py", "pyproject.toml"} <= found
    assert not any(".venv" in name or "__pycache__" in name for name in found)


LONG = "\n".join(["    x = 1"] * LONGEST_FUNCTION)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f'"""Doc."""\ndef f():\n{LONG}\n', "`f` has 71 lines"),
        (f'"""Doc."""\nclass A:\n  async def g(self):\n{LONG}\n', "`g` has 71 lines"),
        ('"""Doc."""\n' + "x = 1\n" * LONGEST_MODULE, "the module has 501 lines"),
        ('"""Doc."""\n# ' + "x" * 99, "line 2 has 101 columns"),
        ("x = 1\n", "the module's docstring has 0 lines"),
        ('"""a\nb\nc\nd"""\n', "the module's docstring has 4 lines"),
    ],
)
def test_a_planted_length_is_seen(source: str, expected: str) -> None:
    """One more than the limit is a fault, and the only one."""
    assert size_faults(source) == [expected]


@pytest.mark.parametrize(
    "name", ["StockManager", "HTTPHelper", "read_utils", "base_of", "CommonPart", "f_impl", "misc"]
)
def test_a_planted_name_is_seen(name: str) -> None:
    """A barred word is seen in every spelling, in classes and functions, not in variables."""
    assert name_faults(f"class {name}: pass")
    assert name_faults(f"def {name}(): pass")
    assert name_faults(f"{name} = 1") == []


def test_whole_words_only() -> None:
    """A word that merely contains a barred one is fine."""
    assert name_faults("def database(): pass\nclass Utility: pass\ndef simple_basement(): 0") == []


@pytest.mark.parametrize(
    "text",
    [f"https://{host}/x" for host in REGISTRY_HOSTS] + [f"cd /{top}/x" for top in TOP_FOLDERS],
)
def test_a_planted_place_is_seen(text: str) -> None:
    """Each host and each machine's path is seen; a path within an address or beside us is not."""
    assert text_faults(f"first\n{text}")
    assert text_faults("see https://example.org/home/x and ../work/x and $HOME/home/x") == []
