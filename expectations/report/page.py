"""A report as one HTML page: no script, nothing loaded from anywhere, and all that the lake holds escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Any

from expectations.report.charts import Chart, said
from expectations.report.markup import Markup, element
from expectations.report.set_page import set_section, verdict_class
from expectations.report.svg import drawn, key
from expectations.report.tables import moment, table
from expectations.report.values import Report, SetReport
from lake.words import counted

#: Nothing may be loaded or run, should a piece of markup ever get through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_KINDS = ("added", "changed", "reindexed", "moved", "removed")
_COSTS = ("added", "changed", "moved", "removed")


def page(report: Report) -> str:
    """The page, as text."""
    return document(f"{report.lake}: report", _body(report))


def document(title: str, body: Iterable[Markup]) -> str:
    """A whole page in the one style, which loads and runs nothing."""
    style = Markup(files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', *body), lang='en')}\n"


def _body(report: Report) -> Iterator[Markup]:
    yield element("h1", report.lake)
    yield element("p", f"{_span(report)}, as of {moment(report.made_at)} UTC", class_="soft")
    links = [("#releases", "Releases"), *((f"#set-{one.name}", one.name) for one in report.sets), ("#state", "State")]
    yield element("nav", *(element("a", words, href=href) for href, words in links))
    yield element("div", *_tiles(report), class_="tiles")
    if not report.sets:
        words = "No release shown here was evaluated by questions that the lake knows. raglake evaluate does that."
        yield element("p", words, class_="warn")
    yield element("h2", "Releases", id="releases")
    yield from _releases(report)
    for one in report.sets:
        yield from set_section(one)
    yield element("h2", "State", id="state")
    yield from plots(report.state)
    yield element("h3", "What releases cost")
    yield from _costs(report)


def _span(report: Report) -> str:
    earlier = f" ({counted(report.n_earlier, 'earlier one')} not shown)" if report.n_earlier else ""
    return f"{counted(len(report.releases), 'release')}{earlier}"


def plots(charts: Sequence[Chart]) -> Iterator[Markup]:
    """Charts side by side, and what their signs mean."""
    if charts:
        yield key([mark for mark in dict.fromkeys(mark for chart in charts for mark in chart.marks)])
        yield element("div", *(drawn(chart) for chart in charts), class_="plots")


def _tiles(report: Report) -> Iterator[Markup]:
    live = next((row for row in report.releases if row["live"]), None)
    if live is None:
        yield _tile("live", "none", "nothing is published among these releases")
    else:
        yield _tile("live", live["release"], f"published {_ago(report.made_at - live['published_at'])}")
        yield _tile("documents", f"{live['n_documents']:,}", counted(live["n_chunks"], "chunk"))
        share = live["n_quarantined"] / max(1, live["n_documents"] + live["n_quarantined"])
        yield _tile("in quarantine", f"{live['n_quarantined']:,}", f"{said(share, 'percent')} of what it was to hold")
    for one in report.sets:
        yield from _set_tiles(one)


def _set_tiles(one: SetReport) -> Iterator[Markup]:
    point = next(
        (series.points[-1] for chart in one.scores[:1] for series in chart.series if series.name == one.way), None
    )
    if point:
        interval = f"{point.low:.3f} to {point.high:.3f}; {one.way}, {one.newest}"
        yield _tile(f"{one.name}: {one.scores[0].title}", f"{point.y:.3f}", interval)
    if one.compared:
        row = one.compared.measures[0]
        words = f"{row['measure']} {row['difference']:+.3f}, {row['n']:,} questions"
        yield _tile(
            f"{one.name}: against {one.compared.a}", row["word"], words, f"word {verdict_class(row['word']) or ''}"
        )
    if one.p95 is not None:
        yield _tile(f"{one.name}: p95 of a search", f"{one.p95:,.0f} ms", f"{one.way}, {one.newest}")


def _tile(name: str, value: str, more: str, colour: str | None = None) -> Markup:
    shown = element("b", value, class_=colour)
    return element("div", element("span", name), shown, element("span", more), class_="tile")


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 1:
        return f"{counted(round(hours * 60), 'minute')} ago"
    return f"{hours:.1f} hours ago" if hours < 48 else f"{hours / 24:.1f} days ago"


def _releases(report: Report) -> Iterator[Markup]:
    names = ("release", "status", "published", "audit", "gate", "documents*", "chunks*", "quarantine*", "embedder")
    reasons = any(row["why"] for row in report.releases)
    rows = (
        [*_release(row), *([element("div", row["why"], class_="why")] if reasons else [])]
        for row in reversed(report.releases)
    )
    yield table((*names, *(["why"] if reasons else [])), rows)
    if report.changes:
        yield from _changed(report.changes)


def _release(row: Mapping[str, Any]) -> Iterator[str | Markup]:
    colour = {"live": "good", "refused": "bad", "rolled back": "bad", "candidate": "warn"}.get(row["status"])
    yield ", ".join([row["release"], *row["names"]])
    yield element("span", row["status"], class_=colour)
    yield element("span", moment(row["published_at"]) if row["published_at"] else "never", class_="id")
    yield row["audit"] or "none"
    yield element("span", row.get("gate") or "", class_="bad" if row.get("gate") == "blocked" else None)
    yield from (f"{row[name]:,}" for name in ("n_documents", "n_chunks", "n_quarantined"))
    yield row["embedder"]


def _changed(changes: Mapping[str, Any]) -> Iterator[Markup]:
    yield element("h3", f"What changed from {changes['a']} to {changes['b']}")
    documents = [f"{len(changes['documents'][kind]):,} {kind}" for kind in _KINDS if changes["documents"][kind]]
    chunks = ", ".join(f"{n:,} {kind}" for kind, n in changes["chunks"].items())
    quarantine = [f"{len(rows):,} {kind}" for kind, rows in changes["quarantine"].items() if rows]
    yield element("p", f"Documents: {', '.join(documents) or 'none'}. Chunks: {chunks}. "
                       f"Quarantine: {', '.join(quarantine) or 'as it was'}.")  # fmt: skip
    if changes["recipe"]:
        rows = ((name, str(both["a"]), str(both["b"])) for name, both in changes["recipe"].items())
        yield table(("recipe", changes["a"], changes["b"]), rows)


def _costs(report: Report) -> Iterator[Markup]:
    spent = ("to build, s*", "of that to write*", "to audit, s*", "texts embedded*", "tokens*", "USD*")
    names = ("release", *(f"{kind}*" for kind in _COSTS), *spent, "answers: tokens*", "USD*")
    yield table(names, (_cost(row["release"], row["cost"]) for row in reversed(report.releases)))
    words = (
        "Documents added, changed, moved and removed; seconds from the beginning of the run that finished the "
        "candidate, from its first row written, and of its audit; texts that this run embedded, their tokens and "
        "price, of which older versions of raglake kept no record. Tokens and USD of answers are those whose scores "
        "are kept."
    )
    yield element("p", words, class_="soft")


def _cost(release: str, cost: Mapping[str, Any]) -> Iterable[str]:
    spent = cost["spent"] or dict.fromkeys(("seconds", "n_texts_embedded", "n_tokens_embedded", "cost_usd"))
    yield release
    yield from (f"{cost.get(kind, 0):,}" for kind in _COSTS)
    for seconds in (spent["seconds"], cost["commit_seconds"], cost["audit_seconds"]):
        yield "" if seconds is None else f"{seconds:,.1f}"
    yield from ("" if spent[name] is None else f"{spent[name]:,}" for name in ("n_texts_embedded", "n_tokens_embedded"))
    yield "" if spent["cost_usd"] is None else f"{spent['cost_usd']:.4f}"
    yield f"{cost['answer_tokens']:,.0f}" if cost["answer_tokens"] else ""
    yield "" if cost["answer_usd"] is None else f"{cost['answer_usd']:.4f}"
