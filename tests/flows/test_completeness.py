"""Documents that lose words: remarked on, quarantined, inspected, and judged anew when the floor changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.command_shell import Run, shell
from tests.house import ROOT
from tests.plugin_packages import unpack

#: A parser that keeps what its lines tell it to keep.
SIEVE = """
from raglake.extend import Parser, TextWriter, decode


def parse(data, suffix):
    text, _, omitted = decode(data)
    writer = TextWriter()
    for line in text.splitlines():
        mark, _, words = line.partition(": ")
        if mark == "lose":
            writer.read(words)
        elif mark == "unreadable":
            writer.omit("unreadable", "", words)
        elif mark == "menu":
            writer.read(words)
            writer.omit("navigation", words, "menu")
        elif mark == "crash":
            raise RuntimeError("parsed again")
        elif mark == "wrong":
            return writer.finish(source_text=3)
        else:
            writer.read(line.lstrip("# "))
            writer.heading(line[2:], 1) if line.startswith("# ") else writer.add(line)
    return writer.finish(omitted=omitted)


parser = Parser("sieve", "1", (".sieve",), parse, media_type="text/x-sieve")
"""
WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lamda mu nu xi omicron pi rho sigma tau upsilon"


def text(kept: int, lost: int, *more: str) -> str:
    """A document that keeps and loses so many words."""
    each = [f"{word}{n}" for n in range(50) for word in WORDS.split()]
    lines = [f"# {each[0]}", " ".join(each[1:kept]), f"lose: {' '.join(each[kept : kept + lost])}", *more]
    return "\n".join(lines) + "\n"


class Lost(NamedTuple):
    """A lake of a source whose documents lose words, and the commands that work on it."""

    run: Run
    source: Path
    lake: Path

    def __call__(self, *words: object, status: int = 0) -> Any:
        ended, out, err = self.run(*words, "--lake", self.lake, "--json")
        assert ended == status, err or out
        return json.loads(out) if out else err

    def ingest(self, **config: float) -> Any:
        for key, value in config.items():
            self("config", "set", f"completeness.{key}", value)
        return self("ingest", self.source, "--embedder", "hash")

    def held(self) -> tuple[set[str], dict[str, str]]:
        """Uris of the indexed documents, and those in quarantine with their classes."""
        found = self("query", "alpha0", "-k", 100, "--mode", "text", "--copies", "all")["hits"]
        status = self("status")
        return {hit["uri"] for hit in found}, {row["uri"]: row["error_class"] for row in status["quarantine"]}


@pytest.fixture(scope="module")
def with_sieve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    site = tmp_path_factory.mktemp("site")
    unpack(site, "sieve", "1", {"parsers:sieve": "sieve:parser"}, SIEVE)
    with shell(ROOT, site) as run:
        yield run


@pytest.fixture
def lost(with_sieve: Run, tmp_path: Path) -> Lost:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    documents = {
        "whole.sieve": text(100, 0),
        "nearly.sieve": text(99, 1, "menu: home imprint"),
        "short.sieve": text(90, 10),
        "half.sieve": text(60, 60, "unreadable: part 3: no XML"),
        "few.sieve": text(5, 9),  # a third, and yet fewer than ten
        "deep/torn.sieve": text(100, 0, "unreadable: part 7: checksum"),
        "plain.md": "# alpha0\n\nA text that is its own source.\n",
    }
    for uri, written in documents.items():
        (source / uri).write_text(written)
    return Lost(with_sieve, source, tmp_path / "lake")


def test_a_document_that_lost_too_much_is_quarantined_and_others_are_remarked_on(lost: Lost) -> None:
    told = lost.ingest()
    assert (told["published"], told["n_quarantined"], told["n_incomplete"], told["n_remarked"]) == (True, 1, 1, 3)
    assert [told[f"n_words_{name}"] for name in ("source", "kept", "lost", "omitted")] == [424, 402, 20, 2]
    indexed, quarantine = lost.held()
    assert indexed == {"whole.sieve", "nearly.sieve", "short.sieve", "few.sieve", "deep/torn.sieve", "plain.md"}
    assert quarantine == {"half.sieve": "incomplete"}

    shown = lost("status")
    [row] = shown["quarantine"]
    assert row["reason"].startswith(
        "only 50 % of its words were read, less than the floor of 80 %: 120 words in the source, 60 kept, 0 left out, "
        "60 lost; unreadable (part 3: no XML); `raglake inspect half.sieve`"
    )
    words = shown["completeness"]
    assert {one["uri"]: one["remarks"] for one in words["remarked"]} == {
        "deep/torn.sieve": ["unreadable (part 7: checksum)"],
        "few.sieve": ["35.7 % of its words were read: 14 words in the source, 5 kept, 0 left out, 9 lost"],
        "short.sieve": ["90 % of its words were read: 100 words in the source, 90 kept, 0 left out, 10 lost"],
    }
    assert (words["omitted"], words["n_incomplete"], words["n_without_account"]) == (
        {"navigation": 2, "unreadable": 0},
        1,
        0,
    )

    remarks = {one["column"]: one for one in lost("releases", told["release"])["findings"]}
    assert (remarks["kept_enough"]["n_unexpected"], remarks["all_was_read"]["n_unexpected"]) == (2, 1)
    named = [remarks[column] for column in ("kept_enough", "all_was_read")]
    assert all(one["severity"] == "warning" and one["sample_ids"] for one in named)
    torn = lost("inspect", "deep/torn.sieve")
    assert remarks["all_was_read"]["sample_ids"] == [torn["doc_id"]]
    assert lost("doctor", "--all")["healthy"]


def test_what_a_person_sees(lost: Lost) -> None:
    lost.ingest()
    status, out, _ = lost.run("status", "--lake", lost.lake)
    assert status == 0
    assert "424 words in the sources: 402 kept, 2 left out, 20 lost\n" in out
    assert "3 documents remarked on:\ndeep/torn.sieve\n  unreadable (part 7: checksum)\n" in out
    (lost.source / "new.sieve").write_text(text(10, 0))
    out = lost.run("ingest", lost.source, "--lake", lost.lake)[1]
    assert "434 words in the sources: 412 kept, 2 left out, 20 lost\n" in out
    assert f"3 documents remarked on: `raglake status --lake {lost.lake}` shows which and why\n" in out
    out = lost.run("inspect", "half.sieve", "--chunks", "--lake", lost.lake)[1]
    assert "in quarantine (incomplete):" in out
    assert "120 words in the source, 60 kept, 60 lost\nleft out:\nwhy         words  place\n" in out
    assert "\nunreadable      0  part 3: no XML\n" in out
    assert "-- chunk 0: alpha0, characters 0 to " in out


def test_a_changed_floor_takes_effect_without_parsing_or_embedding_again(lost: Lost) -> None:
    first = lost.ingest()
    vectors = sorted(path.name for path in (lost.lake / "vectors").rglob("*.parquet"))
    contents = sorted(path.name for path in (lost.lake / "contents").iterdir())

    def again(**config: float) -> tuple[Any, set[str], dict[str, str]]:
        told = lost.ingest(**config)
        assert told["n_texts_embedded"] == 0
        assert sorted(path.name for path in (lost.lake / "vectors").rglob("*.parquet")) == vectors
        assert sorted(path.name for path in (lost.lake / "contents").iterdir()) == contents
        return told, *lost.held()

    every = {"whole.sieve", "nearly.sieve", "short.sieve", "half.sieve", "few.sieve", "deep/torn.sieve", "plain.md"}
    told, indexed, quarantine = again(**{"floor_by_format.sieve": 0.5})
    assert (indexed, quarantine, told["changed"], told["added"]) == (every, {}, 6, 0)
    assert lost.ingest()["published"] is False  # nothing to do
    assert lost("diff", first["release"], "live")["quarantine"]["left"][0]["uri"] == "half.sieve"

    # By media type comes before by parser.
    told, indexed, quarantine = again(**{"floor_by_format.text/x-sieve": 0.95})
    assert quarantine == {"half.sieve": "incomplete", "short.sieve": "incomplete"}
    assert told["removed"] == 0
    lost("config", "unset", "completeness.floor_by_format")
    told, indexed, quarantine = again()
    assert (quarantine, told["release"]) == ({"half.sieve": "incomplete"}, lost("status")["live"]["release"])
    assert {row["digest"] for row in lost("releases") if row["release"] in (first["release"], told["release"])} == {
        next(row["digest"] for row in lost("releases") if row["release"] == first["release"])
    }
    told, indexed, quarantine = again(floor=0)
    assert quarantine == {}
    lost("rollback", first["release"], "--why", "as it was")
    assert lost.held()[1] == {"half.sieve": "incomplete"}
    lost("rebuild")
    assert lost("doctor", "--all")["healthy"]


def test_what_was_quarantined_goes_with_its_words_and_comes_back_with_better_bytes(lost: Lost) -> None:
    lost.ingest()
    (lost.source / "half.sieve").write_text(text(60, 0))
    assert lost.ingest()["n_quarantined"] == 0
    (lost.source / "half.sieve").write_text(text(60, 60, "unreadable: secretattachment.pdf"))
    assert lost.ingest()["n_quarantined"] == 1
    erased = lost("forget", "half.sieve", "--why", "request 1")
    assert [one["uri"] for one in erased["documents"]] == ["half.sieve"]
    assert b"secretattachment" not in b"".join(path.read_bytes() for path in lost.lake.rglob("*") if path.is_file())
    assert lost("doctor", "--all")["healthy"]
    assert "no document 'half.sieve'" in lost("inspect", "half.sieve", status=2)


def test_the_remark_share_is_todays_in_the_status_and_the_next_audit(lost: Lost) -> None:
    lost.ingest()
    lost("config", "set", "completeness.remark", 0.3)
    assert [one["uri"] for one in lost("status")["completeness"]["remarked"]] == ["deep/torn.sieve"]
    lost("config", "set", "completeness.remark_by_format.sieve", 1)
    uris = {one["uri"] for one in lost("status")["completeness"]["remarked"]}
    assert uris == {"deep/torn.sieve", "few.sieve", "short.sieve", "nearly.sieve"}
    (lost.source / "new.md").write_text("# New\n\nalpha0 again\n")
    told = lost.ingest()
    assert told["n_remarked"] == 4
    findings = {one["column"]: one["n_unexpected"] for one in lost("releases", told["release"])["findings"]}
    assert findings.pop("failed_share") == 1
    assert findings == {"kept_enough": 3, "all_was_read": 1}


def test_inspect_shows_the_text_as_it_is_indexed(lost: Lost) -> None:
    told = lost.ingest()
    shown = lost("inspect", "nearly.sieve", "--chunks")
    assert (shown["release"], shown["quarantine"], shown["parser"], shown["media_type"]) == (
        told["release"], None, "sieve", "text/x-sieve")  # fmt: skip
    assert shown["account"] == {
        "n_words_source": 102,
        "n_words_kept": 99,
        "n_words_lost": 1,
        "share_kept": 0.99,
        "omitted": [{"kind": "navigation", "n_words": 2, "place": "menu"}],
    }
    [hit] = [hit for hit in lost("query", "alpha0", "-k", 100)["hits"] if hit["uri"] == "nearly.sieve"][:1]
    [section] = shown["sections"]
    assert section["text"].startswith("# alpha0\n\nbeta0 gamma0")
    assert hit["chunk_id"] in {chunk["chunk_id"] for chunk in section["chunks"]}
    chunk = next(chunk for chunk in section["chunks"] if chunk["chunk_id"] == hit["chunk_id"])
    assert (chunk["text"], chunk["start"], chunk["end"]) == (hit["chunk_text"], hit["chunk_start"], hit["chunk_end"])
    assert "chunks" not in lost("inspect", "nearly.sieve")["sections"][0]

    half = lost("inspect", "half.sieve")
    assert half["quarantine"]["error_class"] == "incomplete"
    assert half["sections"][0]["text"].startswith("# alpha0")
    (lost.source / "whole.sieve").unlink()
    lost.ingest()
    assert "whole.sieve" in lost("inspect", "whole.sieve", "--release", told["release"])["uri"]
    assert "no document 'whole.sieve'" in lost("inspect", "whole.sieve", status=2)


def test_inspect_explains_what_it_cannot_show(lost: Lost, tmp_path: Path) -> None:
    (lost.source / "bad.sieve").write_text("wrong: account\n")
    lost.ingest()
    assert "do you mean deep/torn.sieve?" in lost("inspect", "torn.sieve", status=2)
    assert "do you mean half.sieve, " in lost("inspect", "hlaf.sieve", status=2)
    assert "`raglake query WORDS" in lost("inspect", "zzz", status=2)
    assert "its sources: " in lost("inspect", "half.sieve", "--source", "other", status=2)
    assert "--pages needs a PDF" in lost("inspect", "plain.md", "--pages", tmp_path / "pages", status=2)
    assert "give both" in lost("inspect", "plain.md", "--from", lost.source, status=2)
    bad = lost("inspect", "bad.sieve")
    assert (bad["quarantine"]["error_class"], bad["account"], bad["sections"]) == ("crash", None, [])
    assert "its source_text is int instead of a text or None" in bad["quarantine"]["reason"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "plain.md").write_text("# Another\n")
    lost("ingest", other)
    assert "is in several sources: " in lost("inspect", "plain.md", status=2)
    assert lost("inspect", "plain.md", "--source", other)["source"] == str(other)


def test_a_lost_text_is_named_with_its_remedy(lost: Lost) -> None:
    lost.ingest()
    for path in (lost.lake / "contents").iterdir():
        path.unlink()
    assert "`raglake ingest SOURCE --verify --lake" in lost("inspect", "whole.sieve", status=1)
    assert lost("status")["completeness"]["n_words_source"] == 424


def test_inspect_writes_pictures_of_pages(lost: Lost, tmp_path: Path) -> None:
    pdf = (ROOT / "tests/corpus/refractor.pdf").read_bytes()
    (lost.source / "lens.pdf").write_bytes(pdf)
    lost("ingest", f"docs={lost.source}", "--embedder", "hash")
    words = ("inspect", "lens.pdf", "--pages", tmp_path / "pages")
    assert "reads it from where its source lies" in lost(*words, status=2)
    shown = lost(*words, "--from", lost.source)
    assert shown["pages"] == [str(tmp_path / "pages" / f"page-000{n}.png") for n in (1, 2)]
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in shown["pages"])
    assert f"page written: {shown['pages'][0]}\n" in lost.run(*words, "--from", lost.source, "--lake", lost.lake)[1]
    (lost.source / "lens.pdf").write_bytes(pdf + b"\n")
    assert "has changed since" in lost(*words, "--from", lost.source, status=2)


def test_a_format_that_does_not_exist_is_refused_before_anything_is_written(lost: Lost) -> None:
    lost.ingest()
    told = lost("config", "set", "completeness.floor_by_format.seive", 0.1, status=2)
    assert "names 'seive', which is neither a parser (asciidoc, code, " in told
    assert "completeness.floor=7 must be a number from 0 to 1" in lost(
        "config", "set", "completeness.floor", 7, status=2
    )
    assert lost("config", "show")["set"] == {}
