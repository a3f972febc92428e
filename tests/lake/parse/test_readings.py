"""A parser that reads a file differently has another version: lakes would keep the old text otherwise."""

from __future__ import annotations

from tests.lake.parse.readings import changed, current, recorded


def test_no_reading_changes_under_the_same_version() -> None:
    old, new = recorded(), current()
    wrong = changed(old, new)
    assert not wrong, "raise the parser's revision in lake/parse/formats.py"
    revisions = {name: version.partition("+")[0] for name, (version, _) in new.items()}
    known = {name: version.partition("+")[0] for name, (version, _) in old.items()}
    assert revisions == known, "a revision changed; run `python -m tests.lake.parse.readings`"
    files = {file for _, digests in new.values() for file in digests}
    assert files == {file for _, digests in old.values() for file in digests}, "run the same command for new files"


def test_another_digest_counts_only_under_the_same_version() -> None:
    old = {"rtf": ("3+a-1", {"x.rtf": "aa"})}
    assert changed(old, {"rtf": ("3+a-1", {"x.rtf": "bb", "new.rtf": "cc"})}) == ["rtf: x.rtf"]
    assert not changed(old, {"rtf": ("4+a-1", {"x.rtf": "bb"})})
    assert not changed(old, {"rtf": ("3+a-2", {"x.rtf": "bb"})})
