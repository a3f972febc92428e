"""Options are declared once, and their declaration is what every place checks and shows."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from lake.directory.configuration import Alarms, Gate
from lake.errors import UsageError
from lake.options import AnswerOptions, Boosts, RecipeOptions, Retention, RunOptions, SearchOptions, options
from lake.options.run import DeployedRunOptions
from tests.house import ROOT, modules, parsed

KINDS: tuple[Any, ...] = (
    *(AnswerOptions, Boosts, RecipeOptions, DeployedRunOptions, Retention, SearchOptions),
    *(Gate, Alarms),
)
NAMES = {name for kind in KINDS for name in options(kind)}
#: Declared elsewhere under a name that an option has, since it is another thing.
OTHERS = {
    ("flows/cli/maintain.py", "where"): "documents to erase, not passages to find",
    ("flows/forms/operations.py", "where"): "documents to erase, not passages to find",
    ("flows/cli/drafts.py", "workers"): "sections that a model works on, not shards",
    (
        "lake/service/response_bodies.py",
        "copies",
    ): "other documents of a passage found, not whether to search them",
    ("lake/service/response_bodies.py", "principals"): "whom a key searches as, not an option of a search",
    ("lake/service/document_bodies.py", "summaries"): "texts that lead to a section, not whether to write them",
    ("lake/service/request_bodies.py", "degrade"): "on by default, unlike the option",
    ("tasks/blocks.py", "principals"): "kept in a block, not given to one search",
    ("lake/options/endpoints.py", "rerank"): "where rerankers are called, not which",
    ("lake/options/sync.py", "full"): "all rows of a destination, not a whole listing",
    ("flows/forms/ingest.py", "sources"): "where documents come from, not factors on scores",
}
DECLARING = {"option", "Field", "Option", "Argument"}


def declarations() -> Iterator[tuple[str, str]]:
    """File and name of each field or parameter that is given a description, a range or a default of an option."""
    for path in modules().values():
        file = str(path.relative_to(ROOT))
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _declares(node.value):
                yield file, node.target.id
            elif isinstance(node, ast.arg) and _declares(node.annotation):
                yield file, node.arg


def _declares(node: ast.AST | None) -> bool:
    calls = (found for found in ast.walk(node) if isinstance(found, ast.Call)) if node else ()
    return any(_called(call)[1] in DECLARING for call in calls)


def _called(call: ast.Call) -> tuple[str, str]:
    """The name that a called function is an attribute of, if it is of one, and its own: unparsing takes seconds."""
    if isinstance(call.func, ast.Attribute):
        return getattr(call.func.value, "id", ""), call.func.attr
    return "", getattr(call.func, "id", "")


def test_no_option_is_declared_twice() -> None:
    of_options = {("lake/options/", name) for kind in KINDS[:-2] for name in options(kind)}
    found = [(file, name) for file, name in declarations() if name in NAMES and (file, name) not in OTHERS]
    places = Counter((re.sub(r"options/\w+\.py", "options/", file), name) for file, name in found)
    of_configuration = {("lake/directory/configuration.py", name) for kind in KINDS[-2:] for name in options(kind)}
    assert set(places) == of_options | of_configuration
    assert {key: n for key, n in places.items() if n > 1} == {("lake/options/", "k"): 2}  # passages found, and shown


def test_a_description_stands_in_one_place() -> None:
    source = "\n".join(path.read_text() for path in modules().values())
    own = [one.description for kind in KINDS for one in options(kind).values()]
    assert {text: n for text in set(own) if (n := source.count(text)) > 1} == {}


def test_no_help_text_repeats_a_default_and_nothing_reads_its_own_names() -> None:
    wrong = []
    for path in modules().values():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and _called(node) in (("typer", "Option"), ("typer", "Argument")):
                wrong += [text for text in map(_text, node.keywords) if re.search(r"\[\d|default: \d", text)]
            elif isinstance(node, ast.Call) and _called(node) == ("", "locals"):
                wrong.append(str(path))
    assert wrong == []


def _text(keyword: ast.keyword) -> str:
    return str(keyword.value.value) if isinstance(keyword.value, ast.Constant) else ""


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        (SearchOptions, {"alpha": 2}, "alpha=2 must be a number from 0 to 1"),
        (SearchOptions, {"alpha": float("nan")}, "alpha=nan must be a number from 0 to 1"),
        (SearchOptions, {"k": 2.5}, "k=2.5 must be a whole number from 1 to 10,000"),
        (SearchOptions, {"mode": "best"}, "mode='best' must be one of hybrid, vector, text"),
        (SearchOptions, {"window": True}, "window=True must be a whole number from 0 to 100"),
        (RunOptions, {"workers": 0}, "workers=0 must be a whole number, at least 1"),
        (RecipeOptions, {"vector_dtype": "int8"}, "vector_dtype='int8' must be one of float32, float16"),
        (SearchOptions, {"min_score": 10**400}, "must be a number"),
        (SearchOptions, {"where": ["page < 10"]}, "where=['page < 10'] must be a text"),
        (SearchOptions, {"boosts": {1: 2}}, "boosts have no 1; choose"),
        (RunOptions, {"publish": "no"}, "publish='no' must be True or False"),
        (RunOptions, {"include": "*.md"}, "include='*.md' must be a list of texts"),
        (RecipeOptions, {"embedder": 7}, "embedder=7 must be a text"),
        (Retention, {"keep_vectors_days": 1e6}, "keep_vectors_days=1000000.0 must be a number from 0 to 100,000"),
        (Boosts, {"recency_half_life_days": 0}, "boosts.recency_half_life_days=0 must be a number, above 0"),
    ],
)
def test_a_value_outside_its_declaration_is_refused(kind: Any, said: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        kind(**said)
    assert told in str(refused.value)
