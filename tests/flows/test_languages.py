"""A run remarks on documents in languages that the lake's model does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flows.reindex import Outcome
from lake.options import RecipeOptions

GERMAN = "Der Hafenmeister prüft jeden Morgen die Pumpen und schreibt das Ergebnis in das große Buch der Wache. "
ENGLISH = "The harbour master checks the pumps each morning and writes the result into the great book of the watch. "


def test_languages_that_the_model_does_not_know_are_named(source: Path, ingest: Callable[..., Outcome]) -> None:
    for n in range(9):
        (source / f"en{n}.md").write_text(f"{ENGLISH} Number {n}.", encoding="utf-8")
    (source / "de.md").write_text(GERMAN, encoding="utf-8")
    assert ingest(settings=RecipeOptions(embedder="minilm")).remarks == (), "a tenth is tolerated"
    (source / "de2.md").write_text(f"{GERMAN} Zwei.", encoding="utf-8")
    (remark,) = ingest(settings=RecipeOptions()).remarks
    assert remark.startswith("2 documents of 11 are in languages that 'minilm' does not know (de: 2)")
    assert remark.endswith("--embedder multilingual --change-recipe")
    hashed = RecipeOptions(embedder="hash", child_tokens=96)
    assert ingest(settings=hashed, change_recipe=True).remarks == (), "hash knows no language"
