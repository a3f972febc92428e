"""What is known of a lake's questions and scores, as JSON, for the service; reads, and measures nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.comparison import compare
from expectations.feedback import compared, judged_sides
from expectations.live_traffic import read, traffic
from expectations.profiles import profile_of, profile_text
from expectations.report.questions import MAIN
from expectations.series import ANSWERS
from expectations.summary import HEADLINE, latencies, means
from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.ids import value_digest
from lake.records.query_log import KeptQuestion
from lake.reporting.words import profile_label
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.index import Index
    from lake.questions import EvalQuestion

#: Changed questions of a comparison, and questions of each list of the traffic.
_CHANGES, _TOP = 200, 20
#: Releases whose means are kept in memory.
_KEPT = 500
_MEASURES = (*HEADLINE, *ANSWERS)


class Measurements:
    """Each call raises UsageError for a set that does not exist, or for what was not measured yet."""

    def __init__(self, index: Index) -> None:
        self._index, self._lock = index, Lock()
        self._means: dict[tuple[Any, ...], list[dict[str, Any]]] = {}

    def sets(self) -> dict[str, Any]:
        """Sets by name, with their numbers of questions and drafts."""
        questions = self._index.questions()
        names = sorted({question.set for question in questions})
        return {"sets": [_set(name, [one for one in questions if one.set == name]) for name in names]}

    def series(self, name: str, last: int) -> dict[str, Any]:
        """Means of the ``last`` releases by search profile and measure, oldest first."""
        described = _set(name, self._index.questions(name))
        releases = self._index.releases().to_pylist()
        shown = releases[-last:]
        rows = {row["release"]: _of_set(self._index.scores(row["release"]), name) for row in shown}
        rows = {release: table for release, table in rows.items() if table.num_rows}
        points = [point for release, table in rows.items() for point in self._points(release, name, table)]
        named = ("release", "status", "created_at")
        return {
            **{key: described[key] for key in ("set", "n_questions", "n_drafts")},
            "releases": [{key: row[key] for key in named} for row in shown if row["release"] in rows],
            "n_earlier": len(releases) - len(shown),
            "series": list(_series(points)),
            "latencies": [
                {key: row[key] for key in ("release", "settings", "p50", "p95", "p99")}
                for table in rows.values()
                for row in latencies(table)
            ],
        }

    def _points(self, release: str, name: str, rows: pa.Table) -> list[dict[str, Any]]:
        """Means with intervals, which take a while, kept until the release is evaluated again."""
        frame = pl.DataFrame(rows)
        key = (release, name, frame.height, frame["evaluated_at"].max())
        with self._lock:
            if key in self._means:
                return self._means[key]
        found = means(rows, measures=_MEASURES)
        asked = _asked(frame)
        for point in found:
            point["questions"] = asked[point["settings"], point["level"], point["measure"]]
        with self._lock:
            while len(self._means) >= _KEPT:
                self._means.pop(next(iter(self._means)))
            self._means[key] = found
        return found

    def questions(
        self, name: str, at: str, settings: str | None, measure: str | None, start: int, limit: int
    ) -> dict[str, Any]:
        """The questions of a set at a release, worst first, then those that were left out."""
        known = {one.question_id: one for one in self._index.questions(name)}
        release = self._index.release(at).id
        rows = _of_set(self._index.scores(release), name)
        chosen, profiles = self._profile(rows, settings, release, name)
        frame = pl.DataFrame(rows).filter(settings=chosen)
        level, main = _measure(frame, measure)
        scored = frame.filter(pl.col("level") == level, pl.col("measure") == main).select("question_id", "value")
        asked = frame.unique("question_id").select("question_id", "status")
        ordered = asked.join(scored, on="question_id", how="left").filter(pl.col("question_id").is_in(list(known)))
        ordered = ordered.sort("value", "question_id", nulls_last=True)
        page = ordered.slice(start, limit).to_dicts()
        return {
            "release": release, "set": name, "settings": chosen, "label": profile_label(chosen), "profiles": profiles,
            "level": level, "measure": main, "n_questions": ordered.height,
            "questions": [_question(known[row["question_id"]], row) for row in page],
            "next_start": start + limit if start + limit < ordered.height else None,
        }  # fmt: skip

    def comparison(self, name: str, a: str, b: str, settings: str | None, measure: str | None) -> dict[str, Any]:
        """Release ``b`` against ``a``; the measure comes first, and its changed questions are listed."""
        texts = {one.question_id: one.text for one in self._index.questions(name)}
        releases = [self._index.release(at).id for at in (a, b)]
        tables = [_of_set(self._index.scores(release), name) for release in releases]
        shared = set(tables[0].column("settings").to_pylist()) & set(tables[1].column("settings").to_pylist())
        both = pl.DataFrame(tables[1]).filter(pl.col("settings").is_in(list(shared))).to_arrow()
        chosen, profiles = self._profile(both, settings, " and ".join(releases), name)
        parts = [pl.DataFrame(table).filter(settings=chosen).to_arrow() for table in tables]
        found = [one.to_json() for one in compare(parts[0], parts[1], _MEASURES)]
        order = {f"{level} {word}": number for number, (level, word) in enumerate(_MEASURES)}
        found.sort(key=lambda one: (_word(one) != measure, order[_word(one)]))
        changes = found[0]["changes"]
        shown = changes if len(changes) <= _CHANGES else [*changes[: _CHANGES // 2], *changes[-_CHANGES // 2 :]]
        return {
            "a": releases[0], "b": releases[1], "set": name, "settings": chosen, "label": profile_label(chosen),
            "profiles": profiles, "measures": [_without(one, "changes") for one in found],
            "changes": [{**row, "question": texts.get(row["question_id"], row["question_id"])} for row in shown],
            "n_changes": len(changes),
        }  # fmt: skip

    def _profile(
        self, rows: pa.Table, settings: str | None, release: str, name: str
    ) -> tuple[str, list[dict[str, str]]]:
        """The chosen search profile, by default the lake's own or the simplest one, and all that were measured."""
        measured = sorted(set(rows.column("settings").to_pylist()), key=lambda one: ("answers" in one, len(one), one))
        if not measured or (settings is not None and settings not in measured):
            how = "" if settings is None else f" under {settings}"
            raise UsageError(
                f"{name!r} was not measured at {release}{how}; `raglake evaluate --set {name} --at RELEASE` does it"
            )
        own = profile_text(profile_of(self._index, {}))
        chosen = settings or (own if own in measured else measured[0])
        return chosen, [{"settings": one, "label": profile_label(one)} for one in measured]

    def traffic(self, days: int) -> dict[str, Any]:
        """Totals and questions that need attention, from the query log of the last days."""
        lake = Lake.existing(self._index.url)
        rows, judged = read(lake, clock.now() - timedelta(days=days))
        kept = KeptQuestion(configuration.read(lake.store).query_log)
        return {"is_logged": rows.num_rows > 0, **traffic(rows, judged, kept.digest, top=_TOP), "n_days": days}

    def feedback(self, days: int | None) -> dict[str, Any]:
        """Releases and sides of trials that people judged."""
        return {"sides": judged_sides(self._index.judgements().to_pylist(), _since(days)), "n_days": days}

    def feedback_comparison(self, a: str, b: str, days: int | None) -> dict[str, Any]:
        """Side ``b`` against ``a`` by people's judgements."""
        found, questions = compared(self._index, a, b, _since(days))
        return {**found.to_json(), "n_days": days, "questions": questions[:_CHANGES], "n_questions": len(questions)}


def _since(days: int | None) -> datetime | None:
    return None if days is None else clock.now() - timedelta(days=days)


def _set(name: str, questions: Sequence[EvalQuestion]) -> dict[str, Any]:
    return {
        "set": name,
        "n_questions": len(questions),
        "n_drafts": sum(not one.reviewed for one in questions),
        "origins": dict(Counter(one.origin for one in questions)),
        "languages": sorted({one.language for one in questions if one.language}),
    }


def _of_set(rows: pa.Table, name: str) -> pa.Table:
    return pl.DataFrame(rows).filter(pl.col("set") == name).to_arrow()


def _asked(frame: pl.DataFrame) -> dict[tuple[str, str, str], str]:
    """A digest of the questions, with their evidence, that each mean is over."""
    measured = frame.filter(pl.col("value").is_not_null())
    facts = pl.concat_str("question_id", "question_digest", separator=" ", ignore_nulls=True).alias("facts")
    grouped = measured.group_by("settings", "level", "measure").agg(facts.sort())
    return {(settings, level, word): value_digest(facts) for settings, level, word, facts in grouped.iter_rows()}


def _series(points: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    named = ("release", "mean", "low", "high", "n", "questions")
    keys = {(one["settings"], one["level"], one["measure"]): None for one in points}
    for level, word in _MEASURES:
        for settings in sorted({key[0] for key in keys if key[1:] == (level, word)}):
            own = [one for one in points if (one["settings"], one["level"], one["measure"]) == (settings, level, word)]
            yield {
                "settings": settings, "label": profile_label(settings), "level": level, "measure": word,
                "points": [{name: one[name] for name in named} for one in own],
            }  # fmt: skip


def _measure(frame: pl.DataFrame, wanted: str | None) -> tuple[str, str]:
    measured = set(frame.filter(pl.col("value").is_not_null()).select("level", "measure").unique().iter_rows())
    level, _, word = (wanted or "").partition(" ")
    if wanted is not None and (level, word) not in measured:
        names = ", ".join(sorted(" ".join(one) for one in measured))
        raise UsageError(f"no measure {wanted!r}; choose one of {names or 'none'}")
    return (level, word) if wanted else next((one for one in MAIN if one in measured), MAIN[0])


def _question(question: EvalQuestion, row: Mapping[str, Any]) -> dict[str, Any]:
    named = ("uri", "source", "quote", "grade")
    return {
        **{name: getattr(question, name) for name in ("question_id", "text", "answers", "tags", "language")},
        "value": row["value"],
        "status": row["status"],
        "evidence": [{name: asdict(piece)[name] for name in named} for piece in question.evidence],
    }


def _word(measure: Mapping[str, Any]) -> str:
    return f"{measure['level']} {measure['measure']}"


def _without(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key != name}
