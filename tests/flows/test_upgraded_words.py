"""A lake whose words an earlier version of raglake spelled: searched as it was, and spelled anew by the next run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import lake
from flows.reindex import Outcome
from lake.embed import identify
from lake.recipe import Recipe
from lake.recipe.full_text import WORDS_REVISION
from lake.tables.analyzer import Analyzer
from lake.tables.words import any_tokens

TEXTS = {
    "ru": "Насосы требуют замены фильтров каждую весну.",
    "zh": "電腦軟體與網絡設備需要維護。",
    "sv": "Avgiften till hälsoförsäkringen höjs för alla anställda i kommunen, men inte för dem som är pensionärer.",
}
ASKED = {"ru": ("Насосы", "фильтров"), "zh": ("電腦", "維護"), "sv": ("hälsoförsäkring",)}

#: An ingest by a raglake that spells words by revision 0: one of a recipe's defaults is another one.
EARLIER = """
import sys
from dataclasses import fields
from flows.cli.app import main
from lake.recipe import Recipe
with_default = [one.name for one in fields(Recipe)][-len(Recipe.__init__.__defaults__):]
defaults = dict(zip(with_default, Recipe.__init__.__defaults__)) | {"words_revision": 0}
Recipe.__init__.__defaults__ = tuple(defaults.values())
sys.argv = ["raglake", "ingest", sys.argv[1], "--lake", sys.argv[2], "--embedder", "hash"]
main()
"""


def first_found(url: str, at: str = "live") -> list[str]:
    index = lake.open_lake(url)
    questions = (question for one in ASKED.values() for question in one)
    return [str(index.search(one, 1, mode="text", at=at)["uri"].to_pylist()) for one in questions]


def test_earlier_words_are_found_before_and_after_a_run_makes_them_anew(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    for name, text in TEXTS.items():
        (source / f"{name}.txt").write_text(text, encoding="utf-8")
    expected = [str([f"{name}.txt"]) for name, asked in ASKED.items() for _ in asked]
    done = subprocess.run([sys.executable, "-c", EARLIER, str(source), lake_url], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    earlier = lake.open_lake(lake_url).release()
    assert earlier.recipe.words_revision == 0
    assert first_found(lake_url) == expected
    outcome = ingest()
    assert (outcome.changed, outcome.n_texts_embedded) == (0, 0)
    live = lake.open_lake(lake_url).release()
    assert live.id != earlier.id
    assert live.recipe.upgraded(earlier.recipe)
    assert first_found(lake_url) == first_found(lake_url, earlier.id) == expected
    words = [
        lake.open_lake(lake_url).dataset("chunks", at=one.id).to_table(columns=["words"]) for one in (earlier, live)
    ]
    assert words[0] != words[1]
    by_part = {at: lake.open_lake(lake_url).search("försäkring", 1, mode="text", at=at) for at in (earlier.id, "live")}
    assert {at: found["uri"].to_pylist() for at, found in by_part.items()} == {earlier.id: [], "live": ["sv.txt"]}


def test_a_recipe_states_how_words_are_spelled_only_where_raglake_makes_them() -> None:
    recipe = Recipe(identify("hash"))
    before = replace(recipe, words_revision=0)
    assert "words_revision" not in before.to_json()
    assert Recipe.from_json(before.to_json()) == before
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.upgraded(before)
    assert not recipe.upgraded(replace(before, text_language="German"))
    assert recipe.text_index != before.text_index
    assert replace(recipe, text_tokenizer="icu") == replace(before, text_tokenizer="icu")


def test_an_erasure_looks_for_the_words_of_each_revision() -> None:
    for text in TEXTS.values():
        for language, revision in product(("english", "swedish"), range(WORDS_REVISION + 1)):
            found = Analyzer(language, revision=revision).words_of(text)
            assert {*found.words, *found.forms} <= any_tokens(text)
