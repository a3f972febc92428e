"""What is known of every release, and what is wrong with what a look finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kill_harness.content import digest_of

#: uri -> digests: exact, without times, of the document's bytes
Content = Mapping[str, list[str]]
#: What ``commands.look`` answers.
State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A document, and the digests of all bytes it ever held: what else holds them goes with it."""

    uri: str
    digests: frozenset[str]

    def leaves(self, content: Content) -> dict[str, list[str]]:
        return {uri: of for uri, of in content.items() if uri != self.uri and of[2] not in self.digests}


@dataclass(frozen=True)
class Drill:
    """One command with its words, and what it may and must do.

    ``may_be_live`` says of a new live release whether this command can have made it so, also when killed;
    ``complaint`` what is wrong once it ran to its end. ``model`` is what a release that it builds must
    hold; None where it builds none. ``forgotten`` is what every release may lose.
    """

    command: str
    words: dict[str, Any]
    may_be_live: Callable[[str], bool] = lambda name: False
    complaint: Callable[[State], str] = lambda state: ""
    model: dict[str, str] | None = None
    forgotten: Forgotten | None = None

    def __str__(self) -> str:
        return f"{self.command} {[v for k, v in self.words.items() if k not in ('lake', 'source')]}"


class Oracle:
    """Each release's content as it was first seen, which it must keep for ever."""

    def __init__(self) -> None:
        self.record: dict[str, Content] = {}
        #: Every digest that a right read of a release may have.
        self.digests: dict[str, set[str]] = {}
        self._of_plan: dict[str, str] = {}

    def bytes_of(self, name: str) -> dict[str, str]:
        """Digest of each document's bytes in a release."""
        return bytes_held(self.record[name])

    def check(self, drill: Drill, before: State, now: State) -> list[str]:
        """What is wrong with a lake after a drill's command ran or was killed; notes what is new and right."""
        read = {name: release for name, release in now["releases"].items() if release["content"] is not None}
        wrong = [words for name, release in read.items() if (words := self._check_release(drill, name, release))]
        if now["live"] != before["live"] and not drill.may_be_live(now["live"]):
            wrong.append(f"live went from {before['live']} to {now['live']}")
        return wrong

    def _check_release(self, drill: Drill, name: str, release: dict[str, Any]) -> str:
        content, was = release["content"], self.record.get(name)
        self.record[name] = content
        self.digests.setdefault(name, set()).add(digest_of(content))
        if was is None and bytes_held(content) != drill.model:
            return f"{name} does not hold its source: {difference(drill.model, bytes_held(content))}"
        left = drill.forgotten.leaves(was) if drill.forgotten and was is not None else was
        if was is not None and content not in (was, left):
            return f"{name} changed: {difference(was, content)}"
        first = self._of_plan.setdefault(release["plan"], timeless(content))
        if first != timeless(content) and drill.forgotten is None:
            return f"{name} holds other rows than a release with the same digest"
        return ""

    def will_forget(self, uri: str, releases: Iterable[str]) -> Forgotten:
        """From now on each release may be read with or without a document of these releases."""
        held = (self.record[name][uri][2] for name in releases if uri in self.record[name])
        forgotten = Forgotten(uri, frozenset(held))
        for name, content in self.record.items():
            self.digests[name].add(digest_of(forgotten.leaves(content)))
        return forgotten

    def forgot(self) -> None:
        """Releases whose rows were erased are no measure for others any more."""
        self._of_plan.clear()


def bytes_held(content: Content) -> dict[str, str]:
    return {uri: digests[2] for uri, digests in content.items()}


def timeless(content: Content) -> str:
    """Digest of the rows without their times, which is what two lakes of the same documents share."""
    return digest_of({uri: (digests[1],) for uri, digests in content.items()})


def difference(expected: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> str:
    """In words, which documents are missing, too many or other."""
    expected, found = expected or {}, found or {}
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    other = sorted(uri for uri in set(expected) & set(found) if expected[uri] != found[uri])
    return f"missing {missing[:5]}, too many {extra[:5]}, other {other[:5]}"
