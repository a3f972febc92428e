"""The file that names several lakes: what holds of each, and what is told of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.fleet import place, read
from lake.errors import UsageError

TWO = """
defaults:
  timezone: Europe/Berlin
  schedules: {ingest: "0 2 * * *", maintain: "0 4 * * SUN"}
  recipe: {child_tokens: 64}
lakes:
  manuals: {lake: manuals, sources: ["docs=manuals/docs"], recipe: {embedder: hash}, gate: {mode: warn}}
  tickets: {lake: "s3://lakes/tickets", sources: ["s3://tickets"], timezone: UTC, schedules: {maintain: null}}
"""


def test_a_lake_has_its_own_words_over_those_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "raglake.yaml"
    file.write_text(TWO)
    monkeypatch.setenv("RAGLAKE_CONFIG", str(file))
    manuals, tickets = read(place(None)).lakes.values()
    assert (manuals.timezone, manuals.cron("ingest"), manuals.cron("maintain")) == (
        *("Europe/Berlin", "0 2 * * *"),
        "0 4 * * SUN",
    )
    assert (manuals.recipe.embedder, manuals.recipe.child_tokens) == ("hash", 64)
    assert manuals.policy == {"gate": {"mode": "warn"}}
    assert (tickets.timezone, tickets.cron("ingest"), tickets.cron("maintain")) == ("UTC", "0 2 * * *", None)
    assert (tickets.overlap, tickets.policy, tickets.recipe.child_tokens) == ("skip", {}, 64)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("timezone: Mars", "lakes.manuals.timezone='Mars': no time zone; one is called as Europe/Berlin or UTC"),
        ("schedules: {ingest: '0 25 * * *'}", "lakes.manuals.schedules.ingest='0 25 * * *': no cron expression; one"),
        ("schedules: {ingets: '0 2 * * *'}", "there is no such key here; there are: ingest, evaluate, maintain"),
        ("gate: {mode: of}", "lakes.manuals: gate.mode='of' must be one of off, warn, block"),
        ("notify: [operators]", "lakes.manuals.notify.0='operators': no block; one is called TYPE/NAME"),
        ("timezone: UTC\n    timezone: UTC", "no YAML: the key 'timezone' stands twice"),
        ("sources: []", "lakes.manuals.sources=[]: List should have at least 1 item"),
        ("overlap: maybe\n  other: {lake: b, sources: [b], retention: {keep_last: -1}}", "lakes.other.retention.keep"),
        ("overlap: skip\n  other: {lake: a/, sources: [b]}", "manuals and other are both at a; two schedules would"),
        ("overlap: skip\n  Other: {lake: b, sources: [b]}", "lakes.Other='Other': names are of a-z, 0-9 and"),
        ("overlap: skip\ndefaults: {recipe: {embeder: hash}}", "defaults.recipe.embeder='hash': there is no such key"),
        ("overlap: skip\ndefaults: {source: []}", "there are: include, exclude, recipe"),
    ],
)
def test_what_is_wrong_is_told_with_its_file_key_and_remedy(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "raglake.yaml"
    sources = "" if line.startswith("sources") else "sources: [a]\n    "
    file.write_text(f"lakes:\n  manuals:\n    lake: a\n    {sources}{line}\n")
    with pytest.raises(UsageError) as refused:
        read(file)
    assert str(file) in str(refused.value)
    assert told in str(refused.value)


def test_a_file_that_is_missing_or_names_no_lakes_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"raglake\.yaml: No such file or directory; say --config FILE"):
        read(tmp_path / "raglake.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(UsageError, match="names no lakes; it needs a key lakes"):
        read(tmp_path / "empty.yaml")
