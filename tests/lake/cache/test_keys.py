"""Whatever decides a result or an answer changes its key; equal requests have equal keys."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lake
from lake.answer import AnswerOptions, ExpansionLimits, Message
from lake.answer.chat import Completion
from lake.cache import entries
from lake.cache.encoding import Unkeyable, encoded
from lake.cache.scope import Scope
from lake.directory import Lake
from lake.embed.hash_identity import IDENTITY
from lake.errors import TransientError, UsageError
from lake.options import Boosts, CacheOptions, SearchOptions
from lake.search.cached_results import deciding
from lake.search.question import SearchRequest
from tests.lake.cache.conftest import opened
from tests.lake.service.conftest import TwoReleases

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.datetimes()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.frozensets(LEAVES), max_leaves=12
)


def typed(value: Any) -> Any:
    """A value that equals another one only if both are the same, types included."""
    if isinstance(value, list | tuple):
        return ("list", [typed(item) for item in value])
    if isinstance(value, dict):
        return ("map", {repr(key): typed(item) for key, item in value.items()})
    if isinstance(value, frozenset):
        return ("set", sorted(repr(typed(item)) for item in value))
    return (type(value).__name__, repr(value))


@settings(max_examples=60)
@given(VALUES, VALUES)
def test_two_values_have_one_encoding_only_if_they_are_the_same(a: Any, b: Any) -> None:
    assert (encoded(a) == encoded(b)) == (typed(a) == typed(b))
    assert encoded(a) == encoded(copy.deepcopy(a))


@settings(max_examples=60)
@given(st.lists(st.text()), st.lists(st.text()))
def test_no_separator_makes_two_lists_of_names_one(a: list[str], b: list[str]) -> None:
    assert (encoded(a) == encoded(b)) == (a == b)


def test_what_can_not_be_compared_is_no_key() -> None:
    class Odd(str):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    for odd in (Odd("x"), object(), iter([1]), (n for n in "ab"), {"a": object()}, 1j):
        with pytest.raises(Unkeyable):
            encoded(odd)


#: For each option of a search a value that differs from every default, and one that differs from that.
OTHER: dict[str, tuple[Any, Any]] = {
    "k": (3, 4),
    "mode": ("vector", "text"),
    "fusion": ("rrf", "adaptive"),
    "alpha": (0.25, 0.75),
    "weights": ({"hash": 2}, {"hash": 3}),
    "expand": ("none", "window"),
    "window": (2, 3),
    "fuzziness": (1, 2),
    "synonyms": (1, 2),
    "rerank": ("openai:a", "openai:b"),
    "rerank_depth": (10, 20),
    "rerank_weight": (0.5, 0.6),
    "copies": ("all", "collapsed"),
    "collapse": (0.5, 0.6),
    "diversity": (0.1, 0.2),
    "boosts": (Boosts(sources={"a": 2.0}), Boosts(sources={"b": 2.0})),
    "where": ("page > 1", "page > 2"),
    "filters": ({"uri": "1.md"}, {"uri": "2.md"}),
    "principals": (["hr"], ["it"]),
    "syntax": ("boolean", "plain"),
    "min_score": (0.1, 0.2),
    "degrade": (True, False),
    "degrade_after": (1.0, 3.0),
}
_OPTIONS = [one.name for one in dataclasses.fields(SearchOptions)]


def test_every_option_of_a_search_is_tried() -> None:
    assert set(_OPTIONS) <= OTHER.keys()


def request_of(text: str = "lamp", **given: Any) -> SearchRequest:
    if given.get("syntax") == "boolean":
        given["mode"] = "text"
    return SearchRequest.asking(text, SearchOptions(**given))


@pytest.fixture(scope="module")
def scope(two_releases: TwoReleases) -> Scope:
    history = Lake.existing(two_releases.url).log.read()
    return Scope.of(history.resolve(two_releases.after), history)


@pytest.fixture
def place(two_releases: TwoReleases) -> Callable[..., str | None]:
    index = opened(two_releases.url)
    log = index.history()
    caches = index.caches
    assert caches is not None
    caches.follow(log)

    def key(request: SearchRequest, at: str = "live", embedder: Any = None, **changed: Any) -> str | None:
        release = log.resolve(at)
        scope = replace(Scope.of(release, log), **changed)
        try:
            found = caches.place("results", scope, *deciding(request, release, embedder))
        except Unkeyable:
            return None
        return found.key if found else None

    return key


@pytest.mark.parametrize("name", _OPTIONS)
def test_each_option_changes_the_key_of_a_result(place: Callable[..., str | None], name: str) -> None:
    a, b = OTHER[name]
    keys = {place(request_of()), place(request_of(**{name: a})), place(request_of(**{name: b}))}
    assert None not in keys
    assert len(keys) == (2 if b == getattr(SearchOptions(), name) else 3)
    assert place(request_of(**{name: a})) == place(request_of(**{name: copy.deepcopy(a)}))


NAMES = st.sampled_from(["hr", "h", "r", "it", "hr,it", "h\u0072", "\uff48r", "hr "])
REQUESTS = st.fixed_dictionaries(
    {"text": st.sampled_from(["lamp", "Lamp", "lamp ", "pump"])},
    optional={
        **{name: st.sampled_from(OTHER[name]) for name in _OPTIONS if name not in ("principals", "syntax")},
        "principals": st.lists(NAMES) | st.lists(NAMES).map(tuple) | st.sets(NAMES) | st.just("*"),
    },
)


def meaning(given: dict[str, Any]) -> Any:
    """What a request asks for: two of one meaning find the same, and no two others need to."""
    names = given.get("principals", ())
    whole = dataclasses.asdict(SearchOptions(**{name: value for name, value in given.items() if name != "text"}))
    return {**whole, "text": given["text"], "principals": names if isinstance(names, str) else frozenset(names)}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REQUESTS, REQUESTS)
def test_two_requests_have_one_key_exactly_if_they_ask_for_the_same(
    place: Callable[..., str | None], a: dict[str, Any], b: dict[str, Any]
) -> None:
    assert (place(request_of(**a)) == place(request_of(**b))) == (meaning(a) == meaning(b))
    assert place(request_of(**a)) == place(request_of(**dict(reversed(a.items()))))


def test_text_release_model_and_addresses_change_the_key(
    place: Callable[..., str | None], two_releases: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        identity = replace(IDENTITY, weights="other")
        address = ""

    class Elsewhere(Other):
        address = "http://127.0.0.1:1"

    texts = ["lamp", "Lamp", "lamp ", " lamp", "lämp", "la\u0308mp", "lamp?", "l\u200bamp"]
    keys = [place(request_of(text)) for text in texts]
    keys += [place(request_of(), two_releases.before), place(request_of(), embedder=Other())]
    keys += [place(request_of(), embedder=Elsewhere()), place(request_of(), tag="other")]
    keys.append(place(request_of(rerank="openai:a")))
    for name, port in (("OPENAI_BASE_URL", 2), ("RAGLAKE_RERANK_URL", 3)):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        keys.append(place(request_of(rerank="openai:a")))
    assert None not in keys
    assert len(set(keys)) == len(keys)
    names = ("live", two_releases.after)
    assert len({place(request_of(), at) for at in names}) == 1


def test_what_may_differ_the_next_time_has_no_key(place: Callable[..., str | None]) -> None:
    for where in ("modified_at > now()", "modified_at > CURRENT_DATE", "random() < 0.5", "to_timestamp(today()) > 1"):
        assert place(request_of(where=where)) is None
    assert place(request_of(principals=iter(["hr"]))) is None
    assert place(request_of(rerank="st:/no/such/model")) is None


SECTIONS = [
    {"release": "other"},
    {"generation": "9"},
    {"digest": "x"},
    {"versions": {}},
    {"commit": "c"},
    {"counts": {}},
]


@pytest.mark.parametrize("changed", [*SECTIONS, {"created_at": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_anything_about_the_release_the_rights_or_an_erasure_changes_the_scope(
    two_releases: TwoReleases, changed: dict[str, Any]
) -> None:
    history = Lake.existing(two_releases.url).log.read()
    release = history.resolve("live")
    usual = Scope.of(release, history)
    other = replace(release, **{"id" if name == "release" else name: value for name, value in changed.items()})
    assert Scope.of(other, history).tag != usual.tag
    last = history.entries[-1]
    for entry in (replace(last, rights="rights/other.parquet"), replace(last, action="forget", seq=last.seq + 1)):
        grown = replace(history, entries=(*history.entries, entry))
        assert Scope.of(release, grown).tag != usual.tag
    renamed = replace(last, seq=last.seq + 1, action="name")
    assert Scope.of(release, replace(history, entries=(*history.entries, renamed))).tag == usual.tag


class Chat:
    """Writes one sentence and counts how often."""

    def __init__(self, name: str = "test:a", address: str = "", finish: str = "stop") -> None:
        self.name, self.address, self.finish, self.n = name, address, finish, 0

    def complete(self, messages: Any, **how: Any) -> Completion:
        self.n += 1
        usage = lake.answer.Usage(1, 10, 5, 0.5)
        return Completion(f"Lamp 7 burns olive oil [1]. {self.n}", usage, self.name, self.finish, 0.1)  # type: ignore[arg-type]

    def stream(self, messages: Any, **how: Any) -> Any:
        made = self.complete(messages, **how)
        yield made.text
        yield made


QUESTION = "Which oil does Lamp 7 burn?"
OPTIONS = AnswerOptions(min_evidence=0.0)
_OTHER_ANSWERS: dict[str, Any] = {
    "k": 3,
    "budget_tokens": 7000,
    "max_tokens": 900,
    "temperature": 0.5,
    "min_evidence": 0.001,
    "understand": ("rewrite",),
    "check": "model",
    "link_template": "https://wiki.example/{uri}",
    "model_seconds": 30.0,
    "limits": ExpansionLimits(max_queries=2),
    "prompts": "own",
}


def test_each_input_of_an_answer_makes_another_one(
    two_releases: TwoReleases, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, chat = opened(two_releases.url), Chat()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "answer_system.md").write_text("Answer. $marker $fence")
    usual: dict[str, Any] = {"chat": chat, "options": OPTIONS}

    def is_made(question: str = QUESTION, **changed: Any) -> bool:
        made = index.answer(question, **{**usual, **changed})
        chat_used = changed.get("chat", chat)
        again = index.answer(question, **{**usual, **changed})
        if made.notes:  # what failed on the way is not kept
            return again.cached is None
        assert again.cached == "process", changed
        assert again.usage == lake.answer.Usage()
        assert (again.text, again.sources, again.sentences) == (made.text, made.sources, made.sentences)
        assert chat_used.n >= 1
        return made.cached is None

    assert is_made()
    assert not is_made()
    names = [one.name for one in dataclasses.fields(AnswerOptions)]
    assert set(names) <= _OTHER_ANSWERS.keys(), "a new option needs a value here"
    for name in names:
        value = _OTHER_ANSWERS[name]
        assert is_made(options=replace(OPTIONS, **{name: str(tmp_path / "own") if name == "prompts" else value})), name
    (tmp_path / "own" / "answer_system.md").write_text("Answer briefly. $marker $fence")
    assert is_made(options=replace(OPTIONS, prompts=str(tmp_path / "own")))
    monkeypatch.setenv("RAGLAKE_PROMPTS", str(tmp_path / "own"))
    assert is_made()
    monkeypatch.delenv("RAGLAKE_PROMPTS")
    assert is_made("which oil does Lamp 7 burn?")
    assert is_made(at=two_releases.before)
    assert is_made(chat=Chat("test:b"))
    assert is_made(chat=Chat(address="http://127.0.0.1:1"))
    assert is_made(principals=["hr"])
    assert is_made(mode="vector")
    assert is_made(filters={"uri": "7.md"})
    turns = [Message("user", "a"), Message("user", "b"), Message("assistant", "a"), Message("user", "ab")]
    for turn in turns:
        assert is_made(history=[turn])
    assert index.caches is not None
    assert index.caches.counts["answers", "process", "hit"] < 25


def test_answers_that_are_not_whole_are_not_kept(two_releases: TwoReleases) -> None:
    index = opened(two_releases.url)
    for chat in (Chat(finish="refused"), Chat(finish="refused")):
        assert index.answer(QUESTION, chat=chat, options=OPTIONS).cached is None
        assert chat.n == 1
    cut = Chat(finish="length")
    assert index.answer(QUESTION, chat=cut, options=OPTIONS).cached is None
    assert index.answer(QUESTION, chat=cut, options=OPTIONS).cached == "process"
    unanswered = index.answer(QUESTION, chat=Chat(), options=replace(OPTIONS, min_evidence=1.0))
    assert unanswered.model is None
    assert index.answer(QUESTION, chat=Chat(), options=replace(OPTIONS, min_evidence=1.0)).cached is None


def test_degraded_results_and_answers_are_not_kept(two_releases: TwoReleases, monkeypatch: pytest.MonkeyPatch) -> None:
    from lake.search.snapshot import Snapshot

    index, whole = opened(two_releases.url), Snapshot.search

    def degraded(*words: Any, **named: Any) -> Any:
        return replace(whole(*words, **named), degraded=("vector",))

    monkeypatch.setattr(Snapshot, "search", degraded)
    for _ in range(2):
        assert index.search(QUESTION).cached is None
        assert index.answer(QUESTION, chat=Chat(), options=OPTIONS).cached is None
    monkeypatch.undo()
    assert index.search(QUESTION).degraded == ()
    assert index.search(QUESTION).cached == "process"


def test_errors_are_not_kept(two_releases: TwoReleases, monkeypatch: pytest.MonkeyPatch) -> None:
    index = opened(two_releases.url)
    for _ in range(2):
        with pytest.raises(UsageError):
            index.search("lamp", filters={"no_such": 1})

    def fail(self: Chat, *_: Any, **__: Any) -> Completion:
        raise TransientError("too busy")

    with monkeypatch.context() as failing:
        failing.setattr(Chat, "complete", fail)
        with pytest.raises(TransientError):
            index.answer(QUESTION, chat=Chat(), options=OPTIONS)
    assert index.answer(QUESTION, chat=Chat(), options=OPTIONS).cached is None
    assert index.answer(QUESTION, chat=Chat(), options=OPTIONS).cached == "process"


def test_an_answer_comes_back_whole(two_releases: TwoReleases) -> None:
    made = lake.open_lake(two_releases.url).answer(QUESTION, chat=Chat(), options=OPTIONS)
    again = entries.to_answer(entries.from_answer(made), "process", 0.0)
    assert again.passages.equals(made.passages)
    assert again.passages.schema.equals(made.passages.schema, check_metadata=True)
    for one in dataclasses.fields(made):
        if one.name not in ("passages", "usage", "cached", "seconds"):
            assert getattr(again, one.name) == getattr(made, one.name), one.name
    assert again.cost_usd == 0.0
    assert made.sources
    assert made.sentences


def test_a_stream_is_kept_once_it_is_whole(two_releases: TwoReleases) -> None:
    index, chat = opened(two_releases.url), Chat()
    broken = index.answer_stream(QUESTION, chat=chat, options=OPTIONS)
    next(broken)
    broken.close()
    assert [type(item).__name__ for item in index.answer_stream(QUESTION, chat=chat, options=OPTIONS)] == [
        "str",
        "Answer",
    ]
    (whole,) = index.answer_stream(QUESTION, chat=chat, options=OPTIONS)
    assert not isinstance(whole, str)
    assert (whole.cached, chat.n) == ("process", 2)


def test_questions_that_mean_the_same_have_one_answer_only_if_wanted(two_releases: TwoReleases) -> None:
    alike = "Which oil does Lamp 7 burn, please?"
    plain, similar = opened(two_releases.url), opened(two_releases.url, similar=0.8)
    for index in (plain, similar):
        index.answer(QUESTION, chat=Chat(), options=OPTIONS)
    assert plain.answer(alike, chat=Chat(), options=OPTIONS).cached is None
    found = similar.answer(alike, chat=Chat(), options=OPTIONS)
    assert (found.cached, found.question, found.made_for) == ("process", alike, QUESTION)
    assert similar.answer(QUESTION, chat=Chat(), options=OPTIONS).made_for is None
    others = ("Which oil does Lamp 8 burn, please?", "Which oil does Lamp B-7 burn, please?")
    for other in (*others, "Which oil does Lamp -7 burn, please?", "Who fills the lamps?"):
        assert similar.answer(other, chat=Chat(), options=OPTIONS).made_for is None
    for changed in ({"principals": ["hr"]}, {"at": two_releases.before}, {"chat": Chat("test:b")}, {"mode": "text"}):
        words: dict[str, Any] = {"chat": Chat(), "options": OPTIONS, **changed}
        assert similar.answer("Which oil does Lamp 7 burn, then?", **words).made_for is None
    with pytest.raises(UsageError, match=r"0\.8 to 1"):
        CacheOptions(similar=0.5)
    with pytest.raises(UsageError, match="megabytes"):
        CacheOptions(0, similar=0.9)


def test_times_are_told_apart() -> None:
    assert len({encoded(value) for value in (date(2026, 1, 1), datetime(2026, 1, 1), "2026-01-01", 20260101)}) == 4
