"""Loads ground truth from files: BEIR folders, SQuAD-style JSON, JSON Lines and CSV."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lake.errors import UsageError
from lake.questions.values import CONTEXT, UNANSWERABLE, EvalQuestion, Evidence, merged
from lake.reporting import counted, either

_log = logging.getLogger(__name__)

FORMATS = ("beir", "squad", "jsonl", "csv")

#: Default rule for a document's URI, by format.
_URIS = {"beir": "{id}.md", "squad": "{title}/{paragraph}.txt", "jsonl": "{uri}", "csv": "{uri}"}


def load(
    format: str, path: str, *, set: str, source: str | None = None, uri: str | None = None, split: str = "test"
) -> list[EvalQuestion]:
    """The questions in a file or folder, each once; ``source`` is that of their documents if the file names none.

    ``uri`` makes a document's URI from the format's fields: ``{id}`` (beir), ``{title}``, ``{article}``,
    ``{paragraph}`` in it and ``{n}`` in the whole file, counted from 0 (squad), ``{uri}`` (jsonl, csv). ``split`` names
    the judgements of a BEIR folder. Raises UsageError with the line that can't be used, and why.
    """
    if format not in FORMATS:
        raise UsageError(f"no format {format!r}; choose {either(FORMATS)}")
    place = Path(path).expanduser()
    if not place.exists():
        raise UsageError(f"there is no {place}")
    rule = uri or _URIS[format]
    named = _namer(rule)
    readers = {
        "beir": lambda: _beir(place, named, split),
        "squad": lambda: _squad(place, named, rule),
        "jsonl": lambda: _jsonl(place, named),
        "csv": lambda: _csv(place, named),
    }
    try:
        found = merged(readers[format]())
    except (UnicodeDecodeError, IsADirectoryError, csv.Error) as error:
        raise UsageError(f"{place} can't be read as {format}: {error}") from error
    if not found:
        raise UsageError(f"{place} has no question with evidence")
    return [_owned(question, set, source) for question in found]


def _namer(rule: str) -> Named:
    def named(**words: object) -> str:
        try:
            return rule.format_map(words)
        except (LookupError, ValueError, AttributeError) as error:
            raise UsageError(f"no URI can be made with {rule!r} ({error}); it may use {sorted(words)}") from error

    return named


def _owned(question: EvalQuestion, name: str, source: str | None) -> EvalQuestion:
    evidence = tuple(replace(piece, source=piece.source or source) for piece in question.evidence)
    return replace(question, set=name, evidence=evidence)


#: Placeholder for the set's name.
_UNNAMED = "imported"

Named = Callable[..., str]


@contextmanager
def _at(place: Path, number: int) -> Iterator[None]:
    """Adds the line to a UsageError."""
    try:
        yield
    except (UsageError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{place.name}, entry {number}: {what}") from error


def _json_lines(place: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with place.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                with _at(place, number):
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise UsageError("it is no JSON object")
                yield number, row


def _beir(folder: Path, named: Named, split: str) -> Iterator[EvalQuestion]:
    """Questions of ``queries.jsonl`` that ``qrels/SPLIT.tsv`` judges, with their grades."""
    judgements = folder / "qrels" / f"{split}.tsv"
    if not judgements.is_file() or not (folder / "queries.jsonl").is_file():
        there = sorted(path.stem for path in folder.glob("qrels/*.tsv"))
        raise UsageError(f"{folder} is no BEIR folder with queries.jsonl and qrels/{split}.tsv; splits there: {there}")
    texts = {str(row["_id"]): row["text"] for _, row in _json_lines(folder / "queries.jsonl")}
    evidence, n_negative = dict[str, list[Evidence]](), 0
    for number, line in enumerate(judgements.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if number == 1 and cells[-1].strip() == "score":
            continue
        with _at(judgements, number):
            query, document, grade = cells
            if query not in texts:
                raise UsageError(f"queries.jsonl has no query {query!r}")
            # Some collections grade spam below 0.
            n_negative += int(grade) < 0
            evidence.setdefault(query, []).append(Evidence(named(id=document), grade=max(0, int(grade))))
    if n_negative:
        _log.warning("%s: %s below 0 read as 0, not relevant", judgements, counted(n_negative, "grade"))
    for query, pieces in evidence.items():
        yield EvalQuestion(_UNNAMED, texts[query], query, evidence=tuple(pieces))


def _squad(place: Path, named: Named, rule: str) -> Iterator[EvalQuestion]:
    """Answers as spans of their paragraphs; if a whole article is one document, as quotes from it."""
    is_paragraph = "{paragraph" in rule or "{n" in rule
    with _at(place, 1):
        articles = json.loads(place.read_text(encoding="utf-8-sig"))["data"]
    n = -1
    for article_number, article in enumerate(articles):
        for number, paragraph in enumerate(article["paragraphs"]):
            n += 1
            for entry in paragraph["qas"]:
                with _at(place, n):
                    words = {"title": article.get("title", ""), "article": article_number, "paragraph": number, "n": n}
                    yield _of_paragraph(entry, paragraph["context"], named(**words), is_whole=is_paragraph)


def _of_paragraph(entry: dict[str, Any], context: str, uri: str, *, is_whole: bool) -> EvalQuestion:
    answers = entry.get("answers") or []
    for answer in answers:
        if not context.startswith(answer["text"], answer["answer_start"]):
            raise UsageError(f"the answer {answer['text']!r} does not stand at {answer['answer_start']}")
    spans = {(answer["answer_start"], answer["answer_start"] + len(answer["text"])) for answer in answers}
    pieces = [
        Evidence(
            uri,
            quote=context[start:end],
            before=context[max(0, start - CONTEXT) : start],
            after=context[end : end + CONTEXT],
            start=start if is_whole else None,
            end=end if is_whole else None,
        )
        for start, end in sorted(spans)
    ]
    words = tuple(dict.fromkeys(answer["text"] for answer in answers))
    tags = _unanswerable(entry.get("is_impossible") is True, pieces)
    return EvalQuestion(_UNNAMED, entry["question"], str(entry["id"]), words, evidence=tuple(pieces), tags=tags)


_OF_EVIDENCE = ("uri", "source", "quote", "start", "end", "grade")


def _jsonl(place: Path, named: Named) -> Iterator[EvalQuestion]:
    """One object a line: ``question``, ``evidence`` or the fields of one piece, ``answers``, ``language``, ``tags``."""
    for number, row in _json_lines(place):
        with _at(place, number):
            has_none = _is_false(row.get("answerable"))
            pieces = row.get("evidence", [row] if "uri" in row or not has_none else [])
            if not isinstance(pieces, list) or not all(isinstance(piece, dict) for piece in pieces):
                raise UsageError("its evidence is no list of objects")
            evidence = tuple(_evidence({name: piece.get(name) for name in _OF_EVIDENCE}, named) for piece in pieces)
            tags = [*_list(row.get("tags")), *_unanswerable(has_none, evidence)]
            yield _asked(row, evidence, _list(row.get("answers", row.get("answer"))), tags)


def _csv(place: Path, named: Named) -> Iterator[EvalQuestion]:
    """Columns of the same names; several rows of one question are its evidence, ``|`` separates answers and tags."""
    with place.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            with _at(place, number):
                given = {name: value for name, value in row.items() if value}
                numbers = {name: int(given[name]) for name in ("start", "end", "grade") if name in given}
                fields = {**{name: given.get(name) for name in _OF_EVIDENCE}, **numbers}
                has_none = _is_false(given.get("answerable"))
                pieces = () if has_none and "uri" not in given else (_evidence(fields, named),)
                answers = given.get("answers") or given.get("answer") or ""
                tags = [*_list(given.get("tags", "").split("|")), *_unanswerable(has_none, pieces)]
                yield _asked(given, pieces, _list(answers.split("|")), tags)


def _is_false(answerable: object) -> bool:
    """Whether a file states that nothing answers a question. Raises UsageError for what is neither true nor false."""
    word = str(answerable).strip().lower()
    if word not in ("none", "true", "false", ""):
        raise UsageError(f"answerable is {answerable!r}; it must be true or false")
    return word == "false"


def _unanswerable(has_none: bool, pieces: Iterable[Evidence]) -> tuple[str, ...]:
    """The tag of a question that nothing answers."""
    if has_none and any(pieces):
        raise UsageError("it is not answerable, and yet names evidence; leave out one of them")
    return (UNANSWERABLE,) if has_none else ()


def _evidence(fields: dict[str, Any], named: Named) -> Evidence:
    given = {name: value for name, value in fields.items() if value is not None}
    if "uri" not in given:
        raise UsageError("it names no uri")
    return Evidence(**{**given, "uri": named(uri=given["uri"])})


def _asked(row: Mapping[str, Any], evidence: Iterable[Evidence], answers: list[str], tags: list[str]) -> EvalQuestion:
    key = row.get("id")
    return EvalQuestion(
        _UNNAMED,
        row["question"],
        None if key is None else str(key),
        tuple(answers),
        row.get("language"),
        tuple(evidence),
        tags=tuple(tags),
    )


def _list(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value or []
    return [str(one).strip() for one in values if str(one).strip()]
