"""The arrows between the packages, and where each heavy library may be imported, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("flows", "tasks", "expectations", "lake")  # a package may import what stands to its right
MODULES = sorted(path for package in ORDER for path in (ROOT / package).rglob("*.py"))

#: Library -> the modules that may import it.
HOMES = {
    "prefect": ("flows/", "tasks/"),
    "lancedb": ("lake/tables.py", "lake/lance_files.py"),
    "lance": ("lake/table_reader.py", "lake/lance_files.py"),
    "great_expectations": ("expectations/runner.py",),
    "torch": ("lake/embed/sentence_transformer.py", "lake/search/cross_encoder.py"),
    "sentence_transformers": ("lake/embed/sentence_transformer.py", "lake/search/cross_encoder.py"),
    "openai": ("lake/embed/openai_api.py", "lake/answer/openai_chat.py"),
    "anthropic": ("lake/answer/anthropic_chat.py",),
    "httpx": ("lake/search/rerank_api.py", "tasks/redact.py"),
    "unstructured": ("lake/parse/unstructured_light.py", "lake/parse/pdf.py"),
}
#: Too heavy to be imported with the module: inside a function only.
LAZY = {*HOMES, "unstructured_inference"} - {"prefect", "httpx"}  # Prefect loads httpx anyway


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported top-level name, and whether it is imported with the module itself."""
    tree = ast.parse(path.read_text())
    guarded = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        yield from ((name.split(".")[0], node not in guarded) for name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_to_the_arrows(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    allowed = set(ORDER[ORDER.index(name.split("/")[0]) :])
    for imported, with_module in imports(path):
        assert imported not in ORDER or imported in allowed, f"{name} imports {imported}"
        if imported in HOMES:
            assert name.startswith(HOMES[imported]), f"{imported} belongs to {HOMES[imported]}, not {name}"
        assert not (imported in LAZY and with_module), f"{name} imports {imported} at its top"


DIRECT = ("flows/reindex.py", "flows/steps.py", "flows/cli.py", "flows/preview.py", "flows/demo.py", "tasks/plain.py")


@pytest.mark.parametrize("name", [*DIRECT, "tasks/__init__.py", "tasks/job.py"])
def test_prefect_stays_out_of_the_direct_path(name: str) -> None:
    assert "prefect" not in {imported for imported, _ in imports(ROOT / name)}


def test_every_command_is_in_the_readme() -> None:
    from flows.cli import app

    readme = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"raglake {command.callback.__name__}" in readme
        assert command.callback.__doc__
    for group in app.registered_groups:
        assert f"raglake {group.name}" in readme
        assert group.typer_instance is not None
        assert all(
            command.callback and command.callback.__doc__ for command in group.typer_instance.registered_commands
        )
