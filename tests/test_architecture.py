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
    "opentelemetry": ("flows/tracing.py",),
    "prefect_dask": ("flows/runners.py",),
    "prefect_ray": ("flows/runners.py",),
    "lancedb": ("lake/tables.py", "lake/lance_files.py"),
    "lance": ("lake/table_reader.py", "lake/lance_files.py"),
    "great_expectations": ("expectations/validation.py",),
    "matplotlib": ("expectations/report/png.py",),
    "torch": ("lake/embed/backends.py", "lake/embed/sentence_transformer.py", "lake/search/cross_encoder.py"),
    "openvino": ("lake/embed/bert_graph.py", "lake/embed/processor.py"),
    "sentence_transformers": ("lake/embed/sentence_transformer.py", "lake/search/cross_encoder.py"),
    "openai": (
        "lake/embed/openai_api.py",
        "lake/embed/openai_answer.py",
        "lake/embed/batch_api.py",
        "lake/answer/openai_chat.py",
    ),
    "anthropic": ("lake/answer/anthropic_chat.py",),
    "httpx": ("lake/search/rerank_api.py", "tasks/redact.py", "flows/server.py"),
    "fastapi": ("lake/service/",),
    "starlette": ("lake/service/", "lake/adapters/mcp.py", "flows/cli_serve.py"),
    "uvicorn": ("lake/service/", "flows/own_server.py"),
    "prometheus_client": ("lake/service/metrics.py",),
    "langchain_core": ("lake/adapters/langchain.py",),
    "llama_index": ("lake/adapters/llama_index.py",),
    "haystack": ("lake/adapters/haystack.py",),
    "dspy": ("lake/adapters/dspy.py",),
    "pydantic_ai": ("lake/adapters/pydantic_ai.py",),
    "mcp": ("lake/adapters/mcp.py",),
    "openlineage": ("flows/lineage_events.py",),
    "unstructured": ("lake/parse/unstructured_light.py", "lake/parse/pdf.py"),
}
#: Too heavy to be imported with the module: inside a function only.
LAZY = {*HOMES, "unstructured_inference"} - {"prefect", "httpx"}  # Prefect loads httpx anyway
#: Nothing without their library, which they import at their top; nobody else imports them at theirs.
FACES = ("lake/service/", "lake/adapters/", "flows/lineage_events.py")


def modules_at_top(path: Path) -> list[str]:
    """Full names of what a module imports with itself."""
    return [name for name, with_module in modules(path) if with_module]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported top-level name, and whether it is imported with the module itself."""
    yield from ((name.split(".")[0], with_module) for name, with_module in modules(path))


def modules(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported module, and whether it is imported with the module itself."""
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
        yield from ((name, node not in guarded) for name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_to_the_arrows(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    allowed = set(ORDER[ORDER.index(name.split("/")[0]) :])
    for imported, with_module in imports(path):
        assert imported not in ORDER or imported in allowed, f"{name} imports {imported}"
        if imported in HOMES:
            assert name.startswith(HOMES[imported]), f"{imported} belongs to {HOMES[imported]}, not {name}"
        at_top = imported in LAZY and with_module and not name.startswith(FACES)
        assert not at_top, f"{name} imports {imported} at its top"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_faces_are_imported_by_those_who_ask_for_them(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if not name.startswith(FACES):
        faces = ("lake.service", "lake.adapters", "flows.lineage_events")
        assert not [module for module in modules_at_top(path) if module.startswith(faces)]


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
