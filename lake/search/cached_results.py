"""Search results by their whole request, and vectors of questions by their text: what decides either is in the key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lake import plugins
from lake.answer.templates import load_prompts
from lake.cache import entries
from lake.cache.caches import Caches
from lake.cache.encoding import Unkeyable
from lake.cache.scope import EntryPlace, Scope
from lake.embed.base import listed
from lake.embed.model_files import folder_digest
from lake.embed.query_encoder import QueryEncoder, query_vectors
from lake.embed.registry import address_of
from lake.errors import LakeError
from lake.options.boosts import boosts_of
from lake.options.search import is_by_chat
from lake.schemas.result import SearchResult
from lake.search.outcomes import outcome, unwrapped
from lake.search.rerank import parse_name, reranker_address
from lake.search.rerank_chat import ChatReranker
from lake.search.rights import checked
from lake.sources.declared import EVERYTHING

if TYPE_CHECKING:
    from lake.options import SearchOptions
    from lake.recipe import EmbedderIdentity
    from lake.releases.values import Release
    from lake.search.question import SearchRequest
    from lake.search.question_embedding import Embedders

#: What SQL may call that is another value the next time.
_FICKLE = re.compile(
    r"(?<![a-z0-9])(now|today|current|local(time(stamp)?)?|random|rand|uuid|clock)(?![a-z0-9])", re.IGNORECASE
)


def deciding(options: SearchOptions, release: Release, embedder: Embedders) -> list[Any]:
    """Everything besides the release and today's rights that decides what a search with these options finds.

    Raises Unkeyable if the same options may find something else the next time.
    """
    values = {one.name: getattr(options, one.name) for one in fields(options)}
    if options.where is not None and _FICKLE.search(options.where):
        raise Unkeyable("the condition may depend on the time")
    if options.boosts is not None:
        values["boosts"] = asdict(boosts_of(options.boosts))
    values["principals"] = _principals(options.principals)
    model = None if options.mode == "text" else embedder_of(release, embedder)
    return [values, model, _reranker(options.rerank) if options.rerank else None]


def _principals(principals: Any) -> Any:
    """The names as a set, "*" alone as itself. Raises the errors of a search, so that no invalid ones find a result."""
    if isinstance(principals, str) and principals == EVERYTHING:
        return EVERYTHING
    if not isinstance(principals, list | tuple | set | frozenset):
        raise Unkeyable("principals that can be read once only, or are invalid")
    return checked(principals)


def embedder_of(release: Release, embedder: Embedders) -> list[Any]:
    """What decides the vectors of a question: each model's identity, and where it is called."""
    passed = listed(embedder)
    others = [one for one in release.recipe.embedders if not any(own.identity.answers(one) for own in passed)]
    return [
        *([own.identity, type(own).__qualname__, getattr(own, "address", "")] for own in passed),
        *([identity, "", address_of(identity.name)] for identity in others),
    ]


def _reranker(name: str) -> list[Any]:
    try:
        if is_by_chat(name):
            chat = ChatReranker.named(name).chat
            return [name, chat.name, getattr(chat, "address", ""), load_prompts().digest]
        family, model = parse_name(name)
        weights, address = _weights(model) if family == "st" else None, reranker_address(name)
    except LakeError as error:
        raise Unkeyable("a reranker that can't be loaded") from error
    return [name, str(plugins.find("rerankers", family)), weights, address]


@lru_cache(maxsize=8)
def _weights(model: str) -> str:
    """As they were at first: a process keeps the model that it has loaded."""
    return folder_digest(model)


class CachedResults:
    """Search results and query vectors through the caches."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    def results(
        self,
        scope: Scope,
        release: Release,
        questions: Sequence[SearchRequest],
        embedder: Embedders,
        search: Callable[[Sequence[SearchRequest]], list[SearchResult | LakeError]],
    ) -> list[SearchResult | LakeError]:
        """One outcome for each question; ``search`` is called with those that are in no cache."""
        places = [self._place(scope, release, question, embedder) for question in questions]
        found: list[SearchResult | LakeError | None] = [
            self._caches.find(place, entries.to_result) if place else None for place in places
        ]
        if len(questions) == 1 and places[0] is not None and found[0] is None:
            # Waits for an equal question; a batch doesn't, since two could wait for one another.
            once = partial(self._caches.once, places[0], entries.to_result)
            return [outcome(lambda: once(lambda: unwrapped(search(questions)[0]), _storable))]
        missing = [number for number, result in enumerate(found) if result is None]
        made = search([questions[number] for number in missing]) if missing else []
        for number, result in zip(missing, made, strict=True):
            found[number] = result
            if not isinstance(result, LakeError):
                self._keep(places[number], result)
        return [result for result in found if result is not None]

    def _place(self, scope: Scope, release: Release, question: SearchRequest, embedder: Embedders) -> EntryPlace | None:
        try:
            return self._caches.place("results", scope, *deciding(question, release, embedder))
        except Unkeyable:
            return None

    def _keep(self, place: EntryPlace | None, result: SearchResult) -> None:
        if place is not None and (data := _storable(result)) is not None:
            self._caches.keep(place, data)

    def vectors(self, encoder: QueryEncoder, texts: Sequence[str]) -> np.ndarray:
        """Like ``query_vectors``: only texts that are in no cache are embedded."""
        identity = encoder.identity
        places = [self._place_of_vector(encoder, text) for text in texts]
        found = np.zeros((len(texts), identity.dimensions), np.float32)
        missing = []
        for number, place in enumerate(places):
            held = self._vector_at(place, identity)
            if held is None:
                missing.append(number)
            else:
                found[number] = held
        if missing:
            found[missing] = made = query_vectors(encoder, [texts[number] for number in missing])
            self._keep_vectors([places[number] for number in missing], made, identity)
        return found

    def vector(self, encoder: QueryEncoder, text: str) -> np.ndarray | None:
        """The unit vector [dimensions] of a question, if a cache has it."""
        return self._vector_at(self._place_of_vector(encoder, text), encoder.identity)

    def _place_of_vector(self, encoder: QueryEncoder, text: str) -> EntryPlace | None:
        named = [encoder.identity, type(encoder).__qualname__, getattr(encoder, "address", "")]
        return self._caches.place_of_vector(*named, text)

    def _vector_at(self, place: EntryPlace | None, embedder: EmbedderIdentity) -> np.ndarray | None:
        return self._caches.find(place, lambda data, _: entries.to_vector(data, embedder)) if place else None

    def _keep_vectors(
        self, places: Sequence[EntryPlace | None], vectors: np.ndarray, embedder: EmbedderIdentity
    ) -> None:
        for place, vector in zip(places, vectors, strict=True):
            data = entries.from_vector(vector, embedder)
            if place is not None and entries.to_vector(data, embedder) is not None:
                self._caches.keep(place, data)


def _storable(result: SearchResult) -> bytes | None:
    """The entry, None for a result that was found in part only."""
    return None if result.degraded else _written(result)


def _written(result: SearchResult) -> bytes | None:
    try:
        return entries.from_result(result)
    except Unkeyable:
        return None
