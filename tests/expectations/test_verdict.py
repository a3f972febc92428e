"""What a verdict says to people, to the log and to a table."""

from __future__ import annotations

import json
from dataclasses import replace

from expectations.verdict import FINDINGS, Finding, Verdict

GOOD = Finding("chunks", "expect_column_values_to_be_between", "norm", "critical", True, False, 9, 0, "", (), "")
BAD = replace(GOOD, success=False, n_unexpected=4, observed="0, 2", sample_ids=("a", "b", "c", "d"),
              message="4 of 9 chunks have a vector whose length is not 1; embed them again")  # fmt: skip
REMARK = replace(BAD, suite="release_facts", column="quarantine_share", severity="warning", message="many | fail\nnow")
BROKEN = replace(BAD, column="end", errored=True, sample_ids=(), message="the check itself broke (no such column)")
FAILED = Verdict("r.1", False, (GOOD, REMARK, BAD, BROKEN), 1.23456)


def test_failures_come_critical_first_and_broken_checks_before_data() -> None:
    assert FAILED.failures == (BROKEN, BAD, REMARK)


def test_the_summary_names_check_rows_ids_and_next_step() -> None:
    verdict = Verdict("r.1", False, (GOOD, REMARK, BAD), 1.0)
    assert verdict.summary() == (
        "r.1 failed its audit and is kept unpublished: chunks.norm: 4 of 9 chunks have a vector whose length is not 1; "
        "embed them again [a, b, c] (and release_facts.quarantine_share)."
    )


def test_a_remark_is_told_though_the_release_passed() -> None:
    assert Verdict("r.1", True, (GOOD, REMARK), 1.0).summary().startswith("r.1 passed with 1 remark: release_facts.")


def test_the_log_keeps_how_it_ended() -> None:
    value = json.loads(json.dumps(FAILED.to_json()))
    assert value == {"passed": False, "seconds": 1.235, "n_checks": 4, "n_critical": 2, "n_warnings": 1}


def test_every_finding_is_a_row() -> None:
    table = FAILED.to_arrow()
    assert table.schema == FINDINGS
    assert table.column("success").to_pylist() == [True, False, False, False]
    assert table.column("sample_ids")[2].as_py() == ["a", "b", "c", "d"]
    assert Verdict("r", True, (), 0.0).to_arrow().schema == FINDINGS


def test_markdown_has_sentences_above_a_table_of_short_cells() -> None:
    lines = FAILED.to_markdown().splitlines()
    assert "the check itself broke (no such column)" in lines[0]
    assert lines[2].startswith("- chunks.norm: 4 of 9 chunks have a vector")
    assert lines[2].endswith("\\[a, b, c\\]")
    assert lines[3].startswith("- release_facts.quarantine_share: many \\| fail now")
    assert lines[5] == "| | check | failed | found |"
    assert lines[7:] == [
        "| broken | chunks.end | 4 of 9 | 0, 2 |",
        "| BLOCKS | chunks.norm | 4 of 9 | 0, 2 |",
        "| remark | release_facts.quarantine_share | 4 of 9 | 0, 2 |",
        "| ok | chunks.norm | 0 of 9 |  |",
    ]
