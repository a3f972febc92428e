"""What an experiment varies: fields of the recipe and of a question, and every combination of their values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.profiles import profile_text
from expectations.retrieval import DEPTH
from lake.embed import usual_prompts
from lake.embed.local_models import is_local
from lake.errors import UsageError
from lake.ingest.choosing import embedders_of, recipe_of
from lake.options import RecipeOptions, SearchDefaults
from lake.options.boosts import boosts_of
from lake.options.recipe import OF_EMBEDDER
from lake.recipe.chunking import OF_SEMANTIC
from lake.reporting import did_you_mean, either

if TYPE_CHECKING:
    from lake.recipe import Recipe

#: Names that can be varied: of the recipe, and of a question.
OF_RECIPE = tuple(RecipeOptions.__dataclass_fields__)
OF_QUESTION = tuple(SearchDefaults.__dataclass_fields__)
_SHORT = {"overlap": "overlap_tokens"}
#: What stays as it is where a search is measured, unless it is varied.
_SHAPE = ("expand", "window")
#: What only a search by both legs has.
_OF_FUSION = ("alpha", "fusion")

#: Name -> values.
Axes = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A recipe and a search profile for ``depth`` chunks.

    ``varied`` are the values that distinguish it from other cells.

    ``settings`` is the recipe in full, as given to an ingest; ``profile`` holds fields of a search.
    """

    number: int
    varied: Mapping[str, Any]
    settings: RecipeOptions
    recipe: Recipe
    profile: Mapping[str, Any]
    depth: int = DEPTH

    def search_unlike(self, base: Cell) -> dict[str, Any]:
        """Settings of the lake's configuration in which this cell differs from another."""
        other = {name: value for name, value in self.varied.items() if value != base.varied[name]}
        return {n: v for n, v in other.items() if n in OF_QUESTION and (v is not None or n != "fusion")}

    @property
    def key(self) -> tuple[str, str, int]:
        """Equal for cells that are one."""
        return self.recipe.digest, profile_text(self.profile), self.depth


def axes_of(words: Iterable[str], file: str | None = None) -> dict[str, tuple[Any, ...]]:
    """What ``NAME=V1,V2`` words vary, and a YAML or JSON file that holds the same: values, or a list, by name.

    >>> axes_of(["child_tokens=100,200", "rerank=none,st:x", "alpha=0.3"])
    {'child_tokens': (100, 200), 'rerank': (None, 'st:x'), 'alpha': (0.3,)}
    """
    found = _of_file(Path(file).expanduser()) if file else {}
    for word in words:
        name, _, values = word.partition("=")
        if not name or not values:
            raise UsageError(f"{word!r} is not NAME=VALUE,VALUE; for example child_tokens=100,200,400")
        found[name] = json.loads(values) if values.startswith("[") else [_value(name, v) for v in _each(name, values)]
    named = {_SHORT.get(name, name): tuple(values) for name, values in found.items()}
    if unknown := sorted(named.keys() - {*OF_RECIPE, *OF_QUESTION}):
        known = [*OF_RECIPE, *OF_QUESTION]
        raise UsageError(
            f"{', '.join(unknown)} can't be varied{did_you_mean(unknown[0], known, f'choose {either(known)}')}"
        )
    if not any(named.values()):
        raise UsageError("nothing is varied; say for example --vary child_tokens=100,200,400 --vary alpha=0.3,0.5")
    return named


def _each(name: str, values: str) -> list[str]:
    """The values of ``V1,V2``; an index has commas of its own, before parameters.

    >>> _each("index", "ivf_pq:partitions=64,sub_vectors=48,flat")
    ['ivf_pq:partitions=64,sub_vectors=48', 'flat']
    """
    return re.split(r",(?!\s*\w+=)", values) if name == "index" else values.split(",")


def _value(name: str, text: str) -> Any:
    if name.endswith("_prompt"):  # whose blanks count
        return "" if text.strip() == "none" else text
    if text.strip() in ("none", ""):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _of_file(path: Path) -> dict[str, list[Any]]:
    import yaml

    try:
        said = yaml.safe_load(path.read_text())  # JSON is YAML, too
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path} is no readable YAML or JSON ({error})") from error
    if not isinstance(said, dict):
        raise UsageError(f"{path} must hold names with their values, such as 'child_tokens: [100, 200]'")
    return {str(name): values if isinstance(values, list) else [values] for name, values in said.items()}


def cells(base: Recipe, own: SearchDefaults, axes: Axes) -> list[Cell]:
    """The lake as it is, number 0, and each combination of the values that is another.

    Raises UsageError if one can't be.

    ``base`` is its recipe, ``own`` how it is searched.
    """
    varied = {name: _as_is(name, base, own) for name in axes}
    found = [_cell(0, varied, base, own)]
    seen = {found[0].key}
    for values in product(*axes.values()):
        cell = _cell(len(found), dict(zip(axes, values, strict=True)), base, own)
        if cell.key not in seen:
            seen.add(cell.key)
            found.append(cell)
    if len(found) == 1:
        raise UsageError("each of these combinations is the lake as it is; vary something else")
    return found


def _as_is(name: str, base: Recipe, own: SearchDefaults) -> Any:
    if name in OF_RECIPE:
        return getattr(settings_as_is(base), name)
    return own.boosts if name == "boosts" else getattr(own, name)


def settings_as_is(recipe: Recipe) -> RecipeOptions:
    """A recipe as options of an ingest, field by field."""
    embedder = recipe.embedder
    by = embedder.computed_by if is_local(embedder.name) else None
    of_models = {
        "embedder": tuple(one.name for one in recipe.embedders),
        "backend": by,
        "query_prompt": embedder.query_prompt,
        "document_prompt": embedder.document_prompt,
    }
    fields = {**asdict(recipe), **asdict(recipe.chunking), **of_models}
    return RecipeOptions(**{name: fields[name] for name in OF_RECIPE})


def _cell(number: int, varied: Mapping[str, Any], base: Recipe, own: SearchDefaults) -> Cell:
    if varied.get("mode", own.mode) != "hybrid":  # these say nothing then
        varied = {name: None if name in _OF_FUSION else value for name, value in varied.items()}
    if varied.get("strategy", base.chunking.strategy) != "semantic":
        varied = {name: None if name in OF_SEMANTIC else value for name, value in varied.items()}
    if varied.get("mode", own.mode) == "text" and "weights" in varied:
        varied = {**varied, "weights": None}
    try:
        of_base = settings_as_is(base)
        settings = _settings(of_base, varied)
        same = all(getattr(settings, name) == getattr(of_base, name) for name in OF_EMBEDDER)
        recipe = recipe_of(settings, base, base.embedders if same else embedders_of(settings, base))
        profile = {name: value for name, value in own.given.items() if name not in _SHAPE} | dict(_said(varied))
        profile_text(profile)
    except (UsageError, TypeError) as error:
        raise UsageError(f"{worded(varied)}: {error}") from error
    return Cell(number, varied, settings, recipe, profile, _depth(varied))


def _settings(base: RecipeOptions, varied: Mapping[str, Any]) -> RecipeOptions:
    """The base's with the values that vary; another model has its own backend and prompts, or its usual ones."""
    fields = {name: value for name, value in varied.items() if name in OF_RECIPE}
    if fields.get("strategy", base.strategy) != base.strategy:
        fields = dict.fromkeys(OF_SEMANTIC) | fields
    if "model" not in str(fields.get("context", base.context)).split("+"):
        fields |= {"context_model": None}
    found = replace(base, **fields)
    if found.embedders[:1] == base.embedders[:1] or found.embedder is None:
        return found
    usual = usual_prompts(found.embedders[0])
    its_own = {"query_prompt": usual.query, "document_prompt": usual.document} | dict(varied)
    return replace(found, **{name: its_own.get(name) for name in OF_EMBEDDER if name != "embedder"})


def _said(varied: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in varied.items():
        if name in OF_QUESTION and name != "k" and (value is not None or name != "fusion"):
            yield name, boosts_of(value) if name == "boosts" and value is not None else value


def _depth(varied: Mapping[str, Any]) -> int:
    depth = varied.get("k", DEPTH)
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
        raise UsageError(f"k={depth!r} must be a whole number, 1 or more")
    return depth


def worded(varied: Mapping[str, Any]) -> str:
    """The values that distinguish a cell, in words.

    >>> worded({"child_tokens": 100, "rerank": None})
    'child_tokens 100, rerank none'
    """
    return ", ".join(f"{name} {said(value)}" for name, value in varied.items())


def said(value: Any) -> str:
    """A value as the command line takes it."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def by_recipe(found: Sequence[Cell]) -> list[list[Cell]]:
    """The cells of each recipe, in the order of their first one."""
    parts: dict[str, list[Cell]] = {}
    for cell in found:
        parts.setdefault(cell.recipe.digest, []).append(cell)
    return list(parts.values())
