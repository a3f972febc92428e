"""How a lake is asked where nobody says otherwise: the section ``search`` of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError

if TYPE_CHECKING:
    from lake.search.boosts import Boosts
    from lake.search.question import Expand, Fusion, Mode, SearchRequest

#: Passages that a search returns where neither its caller nor the lake says how many.
USUAL_K = 10


@dataclass(frozen=True, slots=True)
class SearchDefaults:
    """The fields of ``SearchRequest`` that a lake may have a say in, with the question's own defaults.

    What may be found and who asks is the caller's alone, and so is a least score, whose scale each way of asking has
    of its own. ``boosts``: fields of ``lake.search.boosts.Boosts``.
    """

    k: int = USUAL_K
    mode: Mode = "hybrid"
    fusion: Fusion = "adaptive"
    alpha: float | None = None
    expand: Expand = "parent"
    window: int = 1
    fuzziness: int = 0
    rerank: str | None = None
    rerank_depth: int = 50
    collapse: float | None = None
    diversity: float = 0.0
    boosts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        try:
            self.question("any", None, {})
            if self.rerank is not None:  # else each search would tell
                from lake.search.rerank import parse_name

                parse_name(self.rerank)
        except (UsageError, TypeError) as error:
            raise UsageError(f"search: {error}") from error

    @property
    def how(self) -> dict[str, Any]:
        """Fields of a question that are other than a question's own, but for ``k``."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        said.pop("k", None)
        return said if self.boosts is None else {**said, "boosts": boosts_of(self.boosts)}

    def question(self, text: str, k: int | None, how: Mapping[str, Any]) -> SearchRequest:
        """A question in which the lake's defaults stand for what its caller does not say."""
        from lake.search.question import SearchRequest

        return SearchRequest.of(text, self.k if k is None else k, **{**self.how, **how})


def boosts_of(said: object) -> Boosts:
    """UsageError where ``said`` is no object with fields of Boosts."""
    from lake.search.boosts import Boosts

    if not isinstance(said, Mapping):
        raise UsageError(f'boosts={said!r} must be an object, such as {{"sources": {{"handbook": 1.5}}}}')
    if unknown := sorted(said.keys() - set(Boosts.__dataclass_fields__)):
        raise UsageError(f"boosts know no {unknown}; they have {list(Boosts.__dataclass_fields__)}")
    return Boosts(**said)
