"""``raglake report``: figures as they were kept, a page that runs and loads nothing, and the series behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

import lake
from expectations.report.rendering import sheet
from expectations.retrieval import evaluate
from expectations.series import health_series
from expectations.summary import means
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.options import RecipeOptions
from lake.reporting.plots import SIGNS, release_plot
from lake.schemas import HEALTH

ENDS = ("man", "yard", "stone", "light", "rope", "sail", "mast", "keel", "oar")
NAMES = [f"{begin}{end}" for begin in ("anchor", "buoy", "compass", "dinghy") for end in ENDS]
MARKS = ("live", "rolled back", "refused", "candidate")
EVIL = '<script>alert("1")</script><img src=x onerror=alert(2)>'
ODD = "odd<b onmouseover=alert(3)>.md"


def described(name: str) -> str:
    return f"# Of a thing\n\nThe {name} hangs in the third shed.\n"


class Read(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@dataclass(frozen=True)
class Built:
    """A lake that is only read, and its releases, oldest first."""

    url: str
    releases: list[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All evaluated: live; one that lost a third of the answers and was taken back; one blocked; a candidate."""
    folder = tmp_path_factory.mktemp("built")
    (source := folder / "source").mkdir()
    lake_url = str(folder / "lake")

    def ingest(*, publish: bool = True) -> Outcome:
        recipe = RecipeOptions(embedder="hash", context="headings")  # no document is found by its name
        words = {"sources": (str(source),), "lake": lake_url, "settings": recipe}
        with PlainSteps(n_workers=1) as steps:
            return reindex(Job(**words, publish=publish), steps)  # type: ignore[arg-type]

    for name in NAMES:
        (source / f"{name}.md").write_text(described(name))
    (source / ODD).write_text(f"# Heading {EVIL}\n\nThe villain says `{EVIL}` in the third shed.\n")
    (source / "empty.txt").write_bytes(b"")
    found = [ingest().release or ""]
    rows = [{"question": f"Where is the {name}?", "uri": f"{name}.md"} for name in NAMES]
    rows.append({"question": f"What does the villain say: {EVIL}", "uri": f"{NAMES[0]}.md"})
    (asked := source.parent / "sheds.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert _exit_status(["questions", "import", "jsonl", str(asked), "--lake", lake_url]) == OK
    assert _exit_status(["config", "set", "gate.how", '{"mode": "text"}', "--lake", lake_url]) == OK
    for number, name in enumerate(NAMES[:14]):
        (source / f"{name}.md").write_text(described(f"thing {number}"))
    found.append(ingest().release or "")
    operate.publish(lake_url, found[1], why="in a hurry", force=True)
    operate.rollback(lake_url, found[0], why=f"it lost answers {EVIL}")
    (source / "more.md").write_text("# More\n\nNothing of interest.\n")
    found.append(ingest().release or "")
    for name in NAMES[1:14]:
        (source / f"{name}.md").write_text(described(name))
    found.append(ingest(publish=False).release or "")
    index = lake.open_lake(lake_url)
    for release in found:
        index.keep_scores(evaluate(index, index.questions(), release, {"mode": "text"}).rows)
    return Built(lake_url, found)


def test_the_page_shows_what_was_kept_and_runs_nothing(built: Built, tmp_path: Path) -> None:
    releases, lake_url = built.releases, built.url
    out, plots = tmp_path / "report.html", tmp_path / "plots"
    assert _exit_status(["report", "--lake", lake_url, "--out", str(out), "--png", str(plots)]) == OK
    page = out.read_text()
    read = Read(page)
    assert EVIL in read.text
    assert ODD in read.text
    assert read.tags.isdisjoint({"script", "img", "b onmouseover=alert", "iframe", "object", "embed", "link", "base"})
    assert not [name for name, _ in read.attributes if name.startswith("on") or name in ("src", "srcset", "action")]
    assert all(value.startswith("#") for name, value in read.attributes if name in ("href", "xlink:href"))
    assert not re.findall(r"https?://|url\(|@import", page)
    assert any("default-src 'none'" in value for _, value in read.attributes)
    index = lake.open_lake(lake_url)
    for release, mark in zip(releases, MARKS, strict=True):
        ndcg = means(index.scores(release), (), [("document", "nDCG@10")])[0]
        interval = f"95 % interval {ndcg['low']:.3f} to {ndcg['high']:.3f}"
        assert f"text at {release} ({mark}): {ndcg['mean']:.3f}, {interval}" in read.text
    assert "was blocked by its gate" in read.text
    # Not with a release that nobody is to see.
    compared = read.text[read.text.index(f"{releases[3]} compared with {releases[0]}") :]
    assert "not enough evidence" in compared[: compared.index("Largest losses")]
    lost = compared[compared.index("Largest losses") : compared.index("Slices of")]
    assert f"Where is the {NAMES[0]}?1.0000.000\N{MINUS SIGN}1.000" in lost
    worst = compared[compared.index("Worst questions") : compared.index("State")]
    assert f"expected: {NAMES[0]}.md" in worst
    assert "1. " in worst
    for words in ("up to 5 words", "text/markdown", "p95", f"What changed from {releases[0]} to {releases[3]}"):
        assert words in read.text
    written = {path.name for path in plots.iterdir()}
    assert {"sheds-document-nDCG-10.png", "sheds-latency-1.png", "sheds-slices.png", "n_documents.png"} <= written
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in plots.iterdir())


def test_a_plot_alone_is_escaped_too_and_has_no_variable_colours() -> None:
    row = {"release": "2026-11-28.1", "status": "refused", "value": 0.5, "low": 0.25, "high": 0.75}
    svg = sheet([release_plot("n", EVIL, ["2026-11-28.1"], "score", {EVIL: [row], "b": [{**row, "status": "live"}]})])
    texts = [element.text or "" for element in ElementTree.fromstring(svg).iter()]
    assert EVIL[:50] in "".join(texts)
    assert f"{EVIL} at 2026-11-28.1 (refused): 0.500, 95 % interval 0.250 to 0.750" in texts
    assert [one for one in texts if one in SIGNS] == ["live", "refused"]
    assert not re.findall(r"var\(|light-dark|<script|<img", svg)


def test_the_series_is_one_table_for_all_releases(built: Built) -> None:
    releases, index = built.releases, lake.open_lake(built.url)
    table = health_series(index)
    assert table.schema == HEALTH
    rows = pl.DataFrame(table).filter(measure="nDCG@10").to_dicts()
    assert [row["release"] for row in rows] == releases
    assert [row["status"] for row in rows] == list(MARKS)
    assert [row["n_documents"] for row in rows] == [row["n_documents"] for row in index.releases().to_pylist()]
    assert [row["n_quarantined"] for row in rows] == [1, 1, 1, 1]
    assert rows[0]["quarantine_share"] == 1 / (rows[0]["n_documents"] + 1)
    assert rows[0]["mean"] > rows[1]["mean"] + 0.2
    assert [row["n_questions"] for row in rows] == [37, 37, 37, 37]
    assert [row["released_at"] is None for row in rows] == [False, False, True, True]
    assert rows[3]["age_seconds"] is None
    assert 0 < rows[1]["age_seconds"] < rows[0]["age_seconds"]
    assert 0 < rows[0]["p50"] <= rows[0]["p95"] <= rows[0]["p99"]
    assert set(health_series(index, last=1).column("release").to_pylist()) == {releases[3]}


def test_a_lake_that_nobody_measured(
    source: Path,
    lake_url: str,
    ingest: Callable[..., Outcome],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (source / "one.md").write_text("# One\n\nOf a kind.\n")
    ingest(publish=False)
    out = tmp_path / "r.html"
    assert _exit_status(["report", "--lake", lake_url, "--out", str(out), "--json"]) == OK
    told = json.loads(capsys.readouterr().out)
    assert told == {"report": str(out), "plots": [], "releases": 1, "sets": []}
    text = Read(out.read_text()).text
    assert "none of these releases is published" in text
    assert "Run raglake evaluate to measure one." in text
    assert health_series(lake.open_lake(lake_url)).column("mean").to_pylist() == [None]
    assert _exit_status(["report", "--lake", lake_url, "--set", "none", "--out", str(out)]) == USAGE
    assert _exit_status(["report", "--lake", lake_url, "--out", str(tmp_path / "no" / "r.html")]) != OK
