"""A lake whose words an earlier version of raglake spelled: searched as it was, and spelled anew by the next run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lake
from flows.reindex import Outcome
from lake.embed import identify
from lake.recipe import Recipe
from lake.tables.analyzer import Analyzer
from lake.tables.words import any_tokens

TEXTS = {"ru": "Насосы требуют замены фильтров каждую весну.", "zh": "電腦軟體與網絡設備需要維護。"}
ASKED = {"ru": ("Насосы", "фильтров"), "zh": ("電腦", "維護")}

#: An ingest by a raglake that spells words by revision 0: the last of a recipe's defaults is another one.
EARLIER = """
import sys
from flows.cli.app import main
from lake.recipe import Recipe
Recipe.__init__.__defaults__ = (*Recipe.__init__.__defaults__[:-1], 0)
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
        for revision in (0, 1):
            assert set(Analyzer("english", revision=revision).words_of(text).words) <= any_tokens(text)
