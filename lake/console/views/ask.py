"""Ask: an answer as it is written, its sentences with their citations, its sources and its confidence.

A GET only shows the question, so that no link and no reload costs tokens: the page's script, or a button where there is
none, sends it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.views.judging import judge
from lake.console.views.lines import passage_word
from lake.console.views.search_settings import profile_choices
from lake.console.visit import ConsoleSection, Visit
from lake.reporting.templates import rendered

_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,-]\s*\d{1,3})*)\]")


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A piece of an answer: ``parts`` are texts and numbers of sources; ``flag`` says what is wrong with it."""

    parts: list[str | int]
    flag: str = ""


async def page(visit: Visit) -> Response:
    if visit.has_nothing:
        return visit.page("nothing_live.html")
    return await _page(visit, answer=None)


async def answered(visit: Visit) -> Response:
    """The whole page with the answer, for visitors without script."""
    await visit.look()
    answer = await visit.api.post("/answer", _body(visit))
    return await _page(visit, **of_answer(answer))


async def _page(visit: Visit, **words: Any) -> Response:
    """An answer does not wait for a service that can't tell its profiles."""
    try:
        offered = await visit.api.get("/profiles")
    except ApiError as error:
        if error.status == 401:
            raise
        offered = {"profiles": []}
    chosen = visit.word("profile")
    profiles = profile_choices(offered, chosen)
    return visit.page("ask.html", question=visit.word("q"), profiles=profiles, chosen=chosen, **words)


async def stream(visit: Visit) -> Response:
    """Server-sent events: ``text`` as it is written, then ``answer`` with the piece of the page that shows it."""

    def translated(name: str, value: Any) -> Any:
        return rendered("answer.html", visit=visit, **of_answer(value)) if name == "answer" else value

    return visit.api.streamed("/answer", {**_body(visit), "stream": True}, translated)


def _body(visit: Visit) -> dict[str, Any]:
    profile = visit.word("profile")
    return {"question": visit.word("q"), "at": visit.at, **({"profile": profile} if profile else {})}


def of_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of an AnswerResult."""
    numbered = [(one["number"], one) for one in answer["sources"]] or enumerate(answer.get("passages") or (), 1)
    words = [word for number, one in numbered if (word := passage_word(number, one))]
    return {"answer": answer, "parts": parts_of(answer), "words": words}


def parts_of(answer: Mapping[str, Any]) -> list[AnswerPart]:
    """The text of an answer, cut at its sentences and citations."""
    text, numbers = answer["text"], {source["number"] for source in answer["sources"]}
    found, at = list[AnswerPart](), 0
    for sentence in sorted(answer.get("sentences", ()), key=lambda one: one["start"]):
        start, end = max(sentence["start"], at), min(sentence["end"], len(text))
        if start >= end:
            continue
        if at < start:
            found.append(AnswerPart(_cited(text[at:start], numbers)))
        found.append(AnswerPart(_cited(text[start:end], numbers), _flag(sentence)))
        at = end
    return [*found, AnswerPart(_cited(text[at:], numbers))] if at < len(text) else found


def _flag(sentence: Mapping[str, Any]) -> str:
    if sentence.get("contradictions"):
        return "Its sources state otherwise: " + "; ".join(
            f"“{one['stated']}” against “{one['source']}”" for one in sentence["contradictions"]
        )
    if sentence["is_claim"] and not sentence["supported"]:
        return f"Check this: its sources support {sentence['support']:.0%} of it"
    return ""


def _cited(text: str, numbers: set[int]) -> list[str | int]:
    """Texts, and the numbers of the sources that they cite, which replace the brackets.

    >>> _cited("Four litres [1, 3].", {1, 3})
    ['Four litres ', 1, 3, '.']
    """
    found, at = list[str | int](), 0
    for citation in _CITATION.finditer(text):
        cited = [number for number in _numbers(citation[1]) if number in numbers]
        if not cited:
            continue
        found += [text[at : citation.start()], *cited]
        at = citation.end()
    return [part for part in [*found, text[at:]] if part != ""]


def _numbers(words: str) -> list[int]:
    found = list[int]()
    for part in words.split(","):
        first, _, last = (word.strip() for word in part.partition("-"))
        found += range(int(first), min(int(last), int(first) + 50) + 1) if last else [int(first)]
    return found


SECTION = ConsoleSection(
    "Ask", views={"/ask": page}, acts={"/ask": answered, "/ask/stream": stream, "/ask/judge": judge}
)
