"""The query log: what is kept and masked, what a failing lake costs, what erasure and prune take along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lake
from lake.directory import Lake, configuration
from lake.erasure.forget import forget
from lake.errors import ContractError, TransientError, UsageError
from lake.maintenance.doctor.checks import examine
from lake.maintenance.doctor.repair import repair
from lake.maintenance.prune import prune
from lake.options import QueryLogOptions
from lake.records.masking import MAX_TEXT, Masking
from lake.records.query_log import QUERIES, question_digest
from lake.records.query_log_writer import QueryLogWriter
from lake.records.schemas import QUERIES as SCHEMA
from lake.storage import clock
from tests.lake.patterns import copied, pattern_of

TEXTS = {
    "pump.md": "# Pump\n\nThe pump needs four litres of oil, and no more than that.\n",
    "pay.md": "# Pay\n\nThe stoker earns seven ducats and a herring.\n",
}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pattern_of(tmp_path_factory.mktemp("pattern"), TEXTS)


@pytest.fixture
def index(pattern: Path, source: Path, lake_url: str) -> lake.query.Index:
    copied(pattern, source, lake_url)
    return lake.open_lake(lake_url)


def row(question: str = "how much oil?", hits: Any = (), **words: Any) -> dict[str, Any]:
    found = [{"chunk_id": hit["chunk_id"], "doc_id": hit["doc_id"], "score": hit["score"]} for hit in hits]
    given = {"log_id": os.urandom(16).hex(), "asked_at": clock.now(), "question": question, "hits": found}
    usual = {"kind": "search", "api_key": "intranet", "outcome": "ok", "degraded": [], "seconds": 0.1}
    return {**dict.fromkeys(SCHEMA.names), **usual, **given, **words}


def writer(url: str, options: QueryLogOptions | None = None, **words: Any) -> QueryLogWriter:
    return QueryLogWriter(Lake(url), lambda: options or QueryLogOptions(), **words)


def logged(url: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = QUERIES.read(Lake(url)).to_pylist()
    return rows


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail anna.o'neil+x@mail.example.co.uk, please", "mail [email], please"),
        ("anna (at) example.org", "[email]"),
        ("ANNA@MÜLLER.DE!", "[email]!"),
        ("card 4111 1111 1111 1111 expires", "card [card] expires"),
        ("378282246310005", "[card]"),
        ("for 2: 4111 1111 1111 1111 12/26 123", "for 2: [card] 12/26 123"),
        ("4111\u202f1111\u202f1111\u202f1111, 4111  1111\t1111\n1111", "[card], [card]"),
        ("06\u202f12\u202f34\u202f56\u202f78 or +49\u00ad170\u200b1234567", "[phone] or [phone]"),
        ("from 2026-11-12 2026-11-29 to 12 34 56", None),
        ("4111-1111-1111-1112", "4111-1111-1111-1112"),  # its check digit is wrong
        ("call +49 (0)170 / 123 45-67 now", "call [phone] now"),
        ("0049 170 1234567", "[phone]"),
        ("0170-1234567 or 030/123456", "[phone] or [phone]"),
        ("(555) 123-4567, 555.123.4567", "[phone], [phone]"),
        ("tel:+493012345678.", "tel:[phone]."),
        ("part 4711-08 at 230 V, 10.000 rpm, 2026-11-29, v1.2.3, 12,000,000", None),
        ("release 2026-11-29.2 of 1,024,000 rows from 10.0.0.1", None),
        ("customer KD-004711 asks", "customer [masked] asks"),
        ("day 02 2026-11-29, chapter 02 29.11.2026 10:00, 2026-02 2026-11-29", None),
        ("from 01.12.2026 - 02.12.2026 to 03/04/2026 12:00, 2026-01-02 10.30.45, 2026/03/04 10 30 45 100", None),
        ("on 05.06.2026 call 0170 1234567 or 02 12 34 56 78", "on 05.06.2026 call [phone] or [phone]"),
        ("04.05.20.12.34, 0171-2026-11-29, +49 30 2026-11-29", "[phone], [phone], [phone]"),
        ("anna at example dot org", "[email]"),
        ("ask Anna.O'Neil AT mail dot example dot co dot uk now", "ask [email] now"),
        ("anna [at] example [dot] org or otto(at)example(dot)at.", "[email] or [email]."),
        ("anna at firma dot it, otto at firma dot at", "[email], [email]"),
        ("look at example dot product, and at the dot product of both at noon", None),
        ("a dot at the end of the line, look at a dot at the end, arrive at point dot in the plan", None),
        ("look at asp dot net; it is at example.org; the cursor at line dot dot", None),
        ("4111,1111,1111,1111 or 4111, 1111, 1111, 1111.", "[card] or [card]."),
        ("3782,822463,10005", "[card]"),
        ("4111,1111,1111,1112, of 2019, 2020, 2021, 2022, and 4,111,111,111,111,111", None),
        ("samples 4111,1111,1111,1111,5 and 1, 4111,1111,1111,1111", None),
    ],
)
def test_what_is_masked(text: str, masked: str | None) -> None:
    assert Masking(QueryLogOptions(patterns=("KD-[0-9]{6}",))).of(text) == (masked or text)


def test_masking_can_be_narrowed_and_cuts_what_it_could_not_read() -> None:
    only = Masking(QueryLogOptions(mask=("card",)))
    assert only.of("a@b.org 4111111111111111") == "a@b.org [card]"
    long = "a@b.org " * 2_499 + "anna@example.org"
    assert len(Masking(QueryLogOptions()).of(long)) == MAX_TEXT
    assert "anna" not in Masking(QueryLogOptions()).of("[" + "x" * 19_990 + " anna@example.org")
    begun = time.thread_time()
    for unit in ("0", "1 ", "(", "@", "+0 ", "123 ", "a at ", "a at b dot ", "02 20", "4111,"):
        Masking(QueryLogOptions()).of(unit * 20_000)
    Masking(QueryLogOptions()).of("a" * 20_000 + "@")
    assert time.thread_time() - begun < 3


@pytest.mark.parametrize("words", [{"patterns": ("(",)}, {"patterns": ("x*",)}, {"mask": ("names",)}, {"days": 0}])
def test_options_that_cannot_be(words: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        QueryLogOptions(**words)


def test_rows_read_in_one_line(index: Any, lake_url: str) -> None:
    log = writer(lake_url)
    hits = index.search("how much oil does the pump need", 2).to_pylist()
    for n in range(3):
        log.add(row(f"how much oil? {n}", hits, asked_at=clock.now() - timedelta(days=n)))
    log.flush()
    found = pl.read_parquet(f"{lake_url}/queries/*/*.parquet")
    assert (found.height, found.columns) == (3, SCHEMA.names)
    assert [r["question"] for r in logged(lake_url)] == ["how much oil? 2", "how much oil? 1", "how much oil? 0"]
    assert logged(lake_url)[0]["hits"][0]["chunk_id"] == hits[0]["chunk_id"]
    assert index.queries(clock.now().date()).num_rows == 1
    assert log.n_written == 3


def test_text_is_kept_as_the_configuration_states(index: Any, lake_url: str) -> None:
    log = index.query_log()
    told = "Write to anna@example.org about  OIL"
    for text in ("plain", "hashed", "off"):
        configuration.put(Lake(lake_url).store, "query_log.text", text)
        log.add(row(told))
        log.flush()
    plain, hashed, off = logged(lake_url)
    assert plain["question"] == "Write to [email] about  OIL"
    assert plain["question_digest"] == hashed["question_digest"] == question_digest("write to [email] about oil")
    assert (hashed["question"], off["question"], off["question_digest"]) == (None, None, None)
    files = b"".join(path.read_bytes() for path in Path(lake_url, "queries").rglob("*.parquet"))
    assert b"anna" not in files


def test_a_lake_that_cannot_be_written_stops_no_request(index: Any, lake_url: str, monkeypatch: Any) -> None:
    log, written = writer(lake_url, seconds=0.01, most=20), QUERIES.write

    def full(*_: Any) -> None:
        raise TransientError("no space left")

    monkeypatch.setattr(type(QUERIES), "write", full)
    begun = time.monotonic()
    for n in range(50):
        log.add(row(f"{n}"))
    assert time.monotonic() - begun < 5
    log.flush()
    assert (log.is_up, log.n_dropped, log.n_written) == (False, 30, 0)
    monkeypatch.setattr(type(QUERIES), "write", lambda _, *words: written(*words))
    log.flush()
    assert (log.is_up, log.n_dropped, log.n_written) == (True, 30, 20)
    assert [r["question"] for r in logged(lake_url)] == [f"{n}" for n in range(30, 50)]
    log.close()


def test_a_lake_that_is_mounted_read_only_is_refused_at_the_start(index: Any, monkeypatch: Any) -> None:
    def read_only(*_: Any) -> None:
        raise ContractError("/srv/lake can't be written (Read-only file system)")

    monkeypatch.setattr(type(index._lake.store), "write", read_only)
    with pytest.raises(UsageError, match="query log needs a lake that can be written to"):
        index.query_log()


def test_a_lake_that_is_away_at_the_start_is_logged_to_later(index: Any, lake_url: str, monkeypatch: Any) -> None:
    configuration.put(Lake(lake_url).store, "query_log.text", "hashed")
    with monkeypatch.context() as patched:
        patched.setattr(type(index._lake.store), "read", lambda *_: time.sleep(60))
        begun = time.monotonic()
        log = index.query_log()
        assert time.monotonic() - begun < 5
    with monkeypatch.context() as patched:
        patched.setattr(configuration, "read", unreachable)
        log.add(row("secret"))
        log.flush()
        assert (log.is_up, log.n_written) == (False, 0)  # nobody knows yet whether its words may be kept
    log.flush()
    assert [one["question"] for one in logged(lake_url)] == [None]


def unreachable(*_: Any) -> Any:
    raise TransientError("the bucket does not answer")


KILLED = """
import sys, time
from tests.lake.records.test_query_log import row, writer
log = writer(sys.argv[1], seconds=0.2)
for n in range(10):
    log.add(row(f"before {n}"))
time.sleep(1.5)
log.add(row("too late"))
print("now", flush=True)
time.sleep(60)
"""


def test_a_kill_loses_the_last_rows_only_and_an_end_loses_none(index: Any, lake_url: str) -> None:
    working = subprocess.Popen([sys.executable, "-c", KILLED, lake_url], stdout=subprocess.PIPE)
    assert working.stdout is not None
    working.stdout.readline()
    working.send_signal(signal.SIGKILL)
    working.wait()
    assert {f"before {n}" for n in range(10)} <= {r["question"] for r in logged(lake_url)}
    ended = writer(lake_url, seconds=60)
    ended.add(row("at the end"))
    ended.close()
    assert "at the end" in {r["question"] for r in logged(lake_url)}
    assert examine(Lake(lake_url)).healthy


def test_erasure_takes_rows_that_found_or_name_the_document(index: Any, lake_url: str) -> None:
    log = writer(lake_url)
    pump = [hit for hit in index.search("oil", 5).to_pylist() if hit["uri"] == "pump.md"]
    pay = [hit for hit in index.search("ducats", 5).to_pylist() if hit["uri"] == "pay.md"]
    log.add(row("how much oil?", pump))
    log.add(row("what is paid?", pay))
    log.add(row("who eats the herring", pump))  # a word of the erased document only
    log.add(row("pump and pay", [*pump, *pay], api_key="herring", chat_model="herring-4", outcome="ok"))
    log.add(row("and whose key is that", pump, api_key="herring"))
    log.flush()
    index.answer_feedback(index.search("who eats the herring").query_id, False, "no herring here", voter="s")
    index.answer_feedback(index.search("how much oil?").query_id, True, "good, tell +49 170 1234567")
    found = forget(Lake(lake_url), uri="pay.md", why="asked for")
    assert found.proof is not None
    assert found.proof.holds
    assert [r["question"] for r in logged(lake_url)] == ["how much oil?", "and whose key is that"]
    (judged,) = index.answer_judgements().to_pylist()
    assert judged["comment"] == "good, tell [phone]"
    log.add(row("what was under way", pay))
    log.flush()
    assert len(logged(lake_url)) == 2
    assert not any(b"ducats" in path.read_bytes() for path in Path(lake_url, "queries").rglob("*.parquet"))


def test_doctor_finds_and_repairs_rows_about_what_was_erased(index: Any, lake_url: str, monkeypatch: Any) -> None:
    log = writer(lake_url)
    pay = [hit for hit in index.search("ducats", 5).to_pylist() if hit["uri"] == "pay.md"]
    forget(Lake(lake_url), uri="pay.md", why="asked for")
    with monkeypatch.context() as patched:
        patched.setattr("lake.storage.denylist.Denylist.has_place", lambda *_: False)
        log.add(row("from a copy of the lake", pay))
        log.flush()
    assert [issue.fix for issue in examine(Lake(lake_url)).issues] == ["redact"]
    assert repair(Lake(lake_url)).healthy
    assert logged(lake_url) == []


def test_prune_deletes_old_days_and_merges_the_others(index: Any, lake_url: str) -> None:
    log = writer(lake_url)
    for days in (0, 0, 2, 2, 2, 9, 11, 40):
        log.add(row(f"{days} days ago", asked_at=clock.now() - timedelta(days=days)))
        log.flush()
    configuration.put(Lake(lake_url).store, "query_log.days", 10)
    tried = prune(Lake(lake_url), dry_run=True)
    assert (len(logged(lake_url)), tried.vacuumed.n_files) == (8, 4)  # two days, and two of three files
    done = prune(Lake(lake_url))
    assert done.vacuumed.n_files == 4
    assert [r["question"] for r in logged(lake_url)] == ["9 days ago", *["2 days ago"] * 3, *["0 days ago"] * 2]
    assert len(list(Path(lake_url, "queries").rglob("*.parquet"))) == 4
    assert examine(Lake(lake_url)).healthy
