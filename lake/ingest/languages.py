"""Whether the lake's model knows the languages of its documents."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lake.reporting import counted

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release

#: Models that know some languages only (ISO 639-1), by the embedder's name.
_KNOWN = {"minilm": {"en"}}
#: Share of the documents that may be in other languages without a remark.
_TOLERATED = 0.1
_NAMED = 5


def language_remark(lake: Lake, release: Release) -> str | None:
    """What to do if more than a tenth of the documents are in languages that the model does not know, else None."""
    names = [one.name for one in release.recipe.embedders]
    if not set(names) <= _KNOWN.keys():
        return None
    documents = lake.tables(release.generation).at("documents", release.versions["documents"])
    languages = documents.scan(["language"]).column("language").to_pylist()
    others = Counter(one for one in languages if one and not any(one in _KNOWN[name] for name in names))
    if others.total() <= _TOLERATED * len(languages):
        return None
    named = ", ".join(f"{language}: {n:,}" for language, n in others.most_common(_NAMED))
    return (
        f"{counted(others.total(), 'document')} of {len(languages):,} are in languages that "
        f"{release.recipe.embedder_names!r} does not know "
        f"({named}{', ...' if len(others) > _NAMED else ''}), so vectors hardly find them; words do. "
        f"pip install 'raglake[multilingual]', then add --embedder multilingual --change-recipe"
    )
