"""The public module: what it exports, with which signatures, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path

import duckdb
import polars as pl
import pytest

import raglake
from flows.reindex import Outcome
from lake.options import SearchArguments, SearchDefaults, SearchOptions
from lake.options.arguments import CONFIGURED, search_parameters

OPERATIONS = {
    "ingest": "(sources, lake, *, recipe=None, run=None, embedder=None, progress)",
    "plan": "(sources, lake, *, recipe=None, run=None)",
    "open_lake": "(url, *, cache=None, stale_for=900.0, wait=None)",
    "rollback": "(url, to, *, why, by=None)",
    "publish": "(url, candidate, *, why='', force=False, by=None)",
    "pin": "(url, *, why, by=None, release=None)",
    "unpin": "(url, *, why='', by=None, release=None)",
    "name": "(url, release, name, *, why='', by=None)",
    "unname": "(url, name, *, why='', by=None)",
    "prune": "(url, retention, *, dry_run=False, progress)",
    "forget": ("(url, *, why, uri=None, where=None, source=None, dry_run=False, planned=None, by=None, progress)"),
    "lift": "(url, uri, *, source)",
    "notify": "(url, source, keys)",
    "rebuild": "(url, *, progress)",
}
VALUES = [
    *(
        "Answer",
        "AnswerOptions",
        "Boosts",
        "CacheOptions",
        "CONFIGURED",
        "EvalQuestion",
        "Evidence",
        "Index",
        "Outcome",
    ),
    *("RecipeOptions", "Release", "Retention", "RunOptions", "SearchOptions", "SearchResult", "__version__"),
]
ERRORS = [
    *("BusyError", "ConflictError", "ContractError", "GoneError", "InputError", "LakeError", "PendingError"),
    *("RefusedError", "TransientError", "UsageError"),
]


def shape(function: Callable[..., object]) -> str:
    """The signature without annotations, and without defaults that are functions."""
    found = signature(function)
    plain = [
        one.replace(annotation=Parameter.empty, default=Parameter.empty if callable(one.default) else one.default)
        for one in found.parameters.values()
    ]
    return str(found.replace(parameters=plain, return_annotation=Parameter.empty))


def test_the_surface_is_pinned() -> None:
    assert sorted(raglake.__all__) == sorted([*OPERATIONS, *VALUES, *ERRORS])
    assert {name: shape(getattr(raglake, name)) for name in OPERATIONS} == OPERATIONS
    assert all(issubclass(getattr(raglake, name), raglake.LakeError) for name in ERRORS)
    assert all(getattr(raglake, name) is not None for name in VALUES)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        raglake.nothing  # noqa: B018


def test_a_search_has_a_parameter_for_each_option() -> None:
    own = ["self", "text", "k", "at", "embedder"]
    shown = [one for one in signature(raglake.Index.search).parameters.values() if one.name not in own]
    declared = [one for one in search_parameters() if one.name != "k"]
    assert [(one.name, one.default) for one in shown] == [(one.name, one.default) for one in declared]
    assert [set(str(one.annotation).split(" | ")) for one in shown] == [
        set(str(one.annotation).split(" | ")) for one in declared
    ]
    assert {one.name for one in shown if one.default is CONFIGURED} == SearchDefaults.__dataclass_fields__.keys() - {
        "k"
    }
    assert set(SearchArguments.__annotations__) == SearchOptions.__dataclass_fields__.keys() - {"k"}
    for method in (raglake.Index.search_batch, raglake.Index.answer, raglake.Index.answer_stream, raglake.Index.why):
        assert signature(method).parameters.keys() >= SearchOptions.__dataclass_fields__.keys()


def test_importing_it_loads_nothing() -> None:
    code = "import sys, raglake; print([name for name in ('lake', 'pyarrow', 'pydantic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_from_a_folder_to_its_passages(tmp_path: Path) -> None:
    source, url = tmp_path / "source", tmp_path / "lake"
    source.mkdir()
    (source / "lamp.md").write_text("# Lamp\n\nA lamp burns whale oil.\n")
    recipe = raglake.RecipeOptions(embedder="hash")
    assert len(raglake.plan(source, url, recipe=recipe).write) == 1
    outcome: Outcome = raglake.ingest(source, url, recipe=recipe, run=raglake.RunOptions(workers=1))
    index = raglake.open_lake(str(url))
    found = index.search("whale oil", k=3)
    assert (outcome.published, found.release, len(found)) == (True, outcome.release, 1)
    assert [hit["uri"] for hit in found] == found["uri"].to_pylist() == found.column("uri").to_pylist() == ["lamp.md"]
    assert pl.DataFrame(found)["uri"].to_list() == found.to_pandas()["uri"].tolist() == ["lamp.md"]
    assert duckdb.sql("SELECT count(*) FROM found").fetchall() == [(1,)]
    assert index.explain(found)[0]["uri"] == "lamp.md"
    assert repr(found) == f"<SearchResult of 1 hit in release {outcome.release}>"
    assert repr(index) == f"<Index of the lake {url}>"
    assert repr(index.release()).startswith(f"<Release {outcome.release}")
