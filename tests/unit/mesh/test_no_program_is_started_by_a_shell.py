"""Nothing of the product starts a shell, runs text as a program, or reads objects that run when they are read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("mesh", "services", "workers", "gateway", "cli")
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
STARTS_A_SHELL = {
    "os.system",
    "os.popen",
    "asyncio.create_subprocess_shell",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
}
READS_OBJECTS = {"pickle", "marshal", "shelve", "dill", "jsonpickle"}


def broken(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in RUNS_TEXT | STARTS_A_SHELL or name in ("yaml.load", "yaml.unsafe_load"):
                yield name
            if any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in node.keywords):
                yield f"{name} with a shell"
        if isinstance(node, ast.Import):
            yield from (found.name for found in node.names if found.name.split(".")[0] in READS_OBJECTS)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in READS_OBJECTS:
            yield str(node.module)


@pytest.mark.parametrize("package", PRODUCT)
def test_no_file_of_a_package_breaks_the_rule(package: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {what}"
        for path in (ROOT / package).rglob("*.py")
        for what in broken(ast.parse(path.read_text()))
    }
    assert found == set()


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run('ls ' + name, shell=True)",
        "os.system(command)",
        "eval(formula)",
        "import pickle",
        "from pickle import loads",
        "yaml.load(text)",
    ],
)
def test_the_rule_sees_what_would_break_it(text: str) -> None:
    assert list(broken(ast.parse(text)))
