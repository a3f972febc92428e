"""Erasure: gone from every release and every file, proven; everything else stays as it was."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK, USAGE
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.directory import Lake
from lake.errors import ContractError, RefusedError, UsageError
from lake.index import Index
from lake.maintenance.doctor.checks import examine
from lake.options import RecipeOptions, Retention
from lake.releases.log import own_name
from lake.storage import inbox
from lake.storage.denylist import ERASING
from lake.storage.lease import WriterLease

TABLES = ("documents", "parents", "chunks", "quarantine")
RNG = random.Random(5)
WORDS = ["".join(RNG.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(200)]
SECRET = "Annabella Quistermann of Nordhausen owes eleven thousand crowns."
SECRET_WORD = "quistermann"


def prose(n: int) -> str:
    return "\n\n".join(" ".join(RNG.choices(WORDS, k=24)) for _ in range(n))


def ingest(source: Path, url: str, **words: Any) -> Outcome:
    settings = RecipeOptions(embedder="hash", child_tokens=48, overlap_tokens=0, heading_tokens=8)
    with PlainSteps() as steps:
        return reindex(Job((f"files={source}",), url, settings=settings, **words), steps)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Five releases, with full-text and vector index; the secret changes its bytes, has a copy, and moves."""
    root = tmp_path_factory.mktemp("registry")
    source, url = root / "source", str(root / "lake")
    source.mkdir()
    shared = prose(1)
    for number in range(24):
        (source / f"{number}.md").write_text(f"# File {number}\n\n{shared}\n\n{prose(12)}")
    (source / "anna.md").write_text(f"# Anna\n\n{shared}\n\n{SECRET}\n\n{prose(3)}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lake.tables.table_indices.VECTOR_INDEX_ROWS", 256)
        releases = [ingest(source, url).release]
        shutil.copy(source / "anna.md", source / "copy.md")
        releases.append(ingest(source, url).release)
        (source / "anna.md").write_text(f"# Anna\n\n{shared}\n\n{SECRET} Paid.\n\n{prose(3)}")
        releases.append(ingest(source, url).release)
        (source / "3.md").write_text(f"# File 3\n\nAnnabella is a name. {prose(2)}")
        (source / "locked.pdf").write_bytes(b"%PDF-1.4 nothing")
        releases.append(ingest(source, url).release)
        (source / "copy.md").write_text("# Copy\n\nSomething else stands here now.")
        releases.append(ingest(source, url).release)
    return root, [release or "" for release in releases]


@pytest.fixture
def nights(built: tuple[Path, list[str]], source: Path, lake_url: str) -> list[str]:
    root, releases = built
    shutil.copytree(root / "source", source, dirs_exist_ok=True)
    shutil.copytree(root / "lake", lake_url)
    return releases


def rows(index: Index, release: str) -> dict[str, dict[str, str]]:
    """Table -> id -> row as text."""
    tables = {table: index.dataset(table, release).to_table().to_pylist() for table in TABLES}
    return {table: {next(iter(row.values())): str(row) for row in found} for table, found in tables.items()}


def owners(index: Index, release: str, uris: set[str]) -> set[str]:
    table = index.dataset("documents", release).to_table(columns=["doc_id", "uri"])
    return {row["doc_id"] for row in table.to_pylist() if row["uri"] in uris}


def held(index: Index) -> list[str]:
    """Texts of sections in the memory of a reader that asked each release often."""
    catalogues = [snapshot._rows.loading.result() for snapshot in index._reader._snapshots.values()]
    return [text for catalogue in catalogues for text in catalogue.sections["text"].to_pylist()]


def held_words(index: Index) -> list[str]:
    """Words of full text in the memory of a reader that asked each release often."""
    each = [snapshot._words._loading.result() for snapshot in index._reader._snapshots.values()]
    return [word for words in each if words is not None for word in words.columns["words"].number]


def test_gone_from_every_release_and_every_file(source: Path, lake_url: str, nights: list[str]) -> None:
    index = lake.open_lake(lake_url)
    before = {name: rows(index, name) for name in nights}
    expected = {name: owners(index, name, {"anna.md"}) for name in nights}
    for name in nights[1:4]:  # the copy goes where it had the same bytes
        expected[name] |= owners(index, name, {"copy.md"})
    found = [len(index.search("Quistermann", 3, mode="text", at=name, copies="all")) for name in nights]
    assert found == [1, 2, 2, 2, 1]

    would = operate.forget(lake_url, uri="anna.md", why="request 4711", dry_run=True)
    assert [(d.uri, d.because) for d in would.documents] == [
        ("anna.md", "named"),
        ("copy.md", "same bytes as a named one"),
    ]
    assert rows(index, nights[0]) == before[nights[0]]
    assert any(SECRET in text for text in held(index))
    assert SECRET_WORD in held_words(index)
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")

    assert index.search("crowns", at=nights[0]).num_rows
    assert not any(SECRET in text for text in held(index))
    assert SECRET_WORD not in held_words(index)
    assert (done.documents, done.releases) == (would.documents, tuple(nights))
    assert done.proof is not None
    assert done.proof.holds
    assert min(done.proof.n_files, done.proof.n_rows, done.proof.n_vectors, done.proof.n_strings) > 100
    for reader in (index, lake.open_lake(lake_url)):
        for name in nights:
            now = rows(reader, name)
            for table in TABLES:
                lost = before[name][table].keys() - now[table].keys()
                assert {key: before[name][table][key] for key in now[table]} == now[table], (name, table)
                assert all(any(owner in before[name][table][key] for owner in expected[name]) for key in lost)
            assert len(before[name]["documents"]) - len(now["documents"]) == len(expected[name])
            assert len(reader.search("Quistermann", 3, mode="text", at=name)) == 0
            assert len(reader.search("file", 5, at=name)) == 5
    assert index.search("Annabella", 1, mode="text")["uri"].to_pylist() == ["3.md"]
    log, proven = Lake.existing(lake_url).log.read().entries[-2:]
    assert (log.action, log.why, log.facts["n_documents"]) == ("forget", "request 4711", 2)
    assert (proven.action, proven.facts) == ("proof", {"proof": done.proof.counts})


def test_a_later_run_leaves_it_out_and_says_so(
    source: Path, lake_url: str, nights: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    operate.forget(lake_url, uri="anna.md", why="request 4711")
    again = ingest(source, lake_url)
    assert (again.reason, again.n_denied) == ("nothing to do", 1)
    (source / "renamed.md").write_bytes((source / "anna.md").read_bytes())
    (source / "anna.md").write_text("# Anna\n\nAn innocent note at the place of an erased one.")
    moved = ingest(source, lake_url, verify=True)
    assert (moved.reason, moved.n_denied, moved.n_documents) == ("nothing to do", 2, 26 - 1)
    assert _exit_status(["plan", f"files={source}", "--lake", lake_url]) == OK
    assert "2 documents left out: erased for good by raglake forget" in capsys.readouterr().out
    text = "".join(path.read_bytes().decode("latin-1") for path in Path(lake_url, "denylist").iterdir())
    assert "anna" not in text.lower()
    assert operate.lift(lake_url, "anna.md", source="files")
    assert not operate.lift(lake_url, "anna.md", source="files")
    assert (ingest(source, lake_url).added) == 2


def test_the_checker_finds_what_is_planted_afterwards(lake_url: str, nights: list[str]) -> None:
    manifests = Path(lake_url, "commits").glob("*/documents.parquet")
    manifest = next(path for path in manifests if "anna.md" in pq.read_table(path)["uri"].to_pylist()).read_bytes()
    operate.forget(lake_url, uri="anna.md", why="request 4711")
    stray = Path(lake_url, "attic", "documents.parquet")
    stray.parent.mkdir()
    stray.write_bytes(manifest)
    with pytest.raises(ContractError, match=r"not proven gone .* attic/documents\.parquet \(.*: id\)"):
        operate.forget(lake_url, uri="anna.md", why="request 4711")
    stray.unlink()
    operate.forget(lake_url, uri="anna.md", why="request 4711")


@pytest.mark.parametrize(
    ("words", "dies_at"),
    [({"uri": "anna.md"}, 1), ({"uri": "anna.md"}, 6), ({"uri": "anna.md"}, 12), ({"where": "uri = 'anna.md'"}, 10)],
)
def test_cut_short_and_taken_up_again(
    source: Path, lake_url: str, nights: list[str], words: dict[str, str], dies_at: int
) -> None:
    index = lake.open_lake(lake_url)
    before = rows(index, nights[2])
    n_calls = 0

    def die(what: str, n_done: int, n_more: int | None) -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls > dies_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        operate.forget(lake_url, **words, why="request 4711", progress=die)  # type: ignore[arg-type]
    seen = rows(index, nights[2])
    assert len(seen["documents"]) in (len(before["documents"]), len(before["documents"]) - 2)
    done = operate.forget(lake_url, **words, why="request 4711")
    assert done.proof is not None
    assert done.proof.holds
    assert len(rows(index, nights[2])["documents"]) == len(before["documents"]) - 2
    assert ingest(source, lake_url).n_denied == 1


def test_what_is_cut_short_before_its_proof_stays_unfinished_until_a_prune_gives_the_log_one(
    lake_url: str, nights: list[str]
) -> None:
    index, there = lake.open_lake(lake_url), Lake.existing(lake_url)

    def die(what: str, n_done: int, n_more: int | None) -> None:
        if what == "files":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        operate.forget(lake_url, uri="anna.md", why="request 4711", progress=die)
    assert there.log.read().entries[-1].action == "forget"
    assert index.status()["is_erasing"]
    assert [(issue.where, issue.fix) for issue in examine(there).issues] == [(ERASING, "finish")]
    operate.prune(lake_url, Retention())
    proven = there.log.read().entries[-1]
    assert (proven.action, "not searched for its words" in proven.why) == ("proof", True)
    assert proven.facts["proof"]["n_files"] > 100
    assert not index.status()["is_erasing"]


def test_what_is_in_quarantine_can_be_erased_by_a_filter(lake_url: str, nights: list[str]) -> None:
    index = lake.open_lake(lake_url)
    done = operate.forget(lake_url, where="uri LIKE '%.pdf' OR uri = '5.md'", why="request 4712")
    assert [document.uri for document in done.documents] == ["5.md", "locked.pdf"]
    assert rows(index, "live")["quarantine"] == {}
    assert "5.md" not in index.dataset("documents").to_table()["uri"].to_pylist()


def test_erasures_do_not_weaken_the_guard(source: Path, lake_url: str, nights: list[str]) -> None:
    operate.forget(lake_url, where="uri LIKE '1%'", why="request 4713")
    assert ingest(source, lake_url).n_denied == 11
    for number in (0, *range(2, 10), 20, 21):
        (source / f"{number}.md").unlink()
    with pytest.raises(RefusedError, match="11 of 16 documents of files would be removed"):
        ingest(source, lake_url)


def test_a_live_release_that_an_erasure_did_not_reach_loses_the_documents_all_the_same(
    source: Path, lake_url: str, nights: list[str]
) -> None:
    there = Lake.existing(lake_url)
    known = lake.open_lake(lake_url).dataset("documents").to_table().to_pylist()
    there.denylist().add([(row["doc_id"], [row["digest"]]) for row in known if row["uri"].startswith("1")])
    after = ingest(source, lake_url)
    assert (after.published, after.removed, after.n_denied) == (True, 11, 11)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"uri": "nobody.md"}, "no document of any kept release matches uri = 'nobody.md'"),
        ({"uri": "o'hara.md"}, "matches uri = 'o''hara.md'"),
        ({"where": "colour = 'red'"}, "the filter can't be used: .*colour"),
        ({"where": "title = 5"}, "the filter can't be used: .*title = 5"),
        ({}, "by URI or by --where SQL, not both"),
        ({"uri": "anna.md", "where": "true"}, "by URI or by --where SQL, not both"),
    ],
)
def test_what_chooses_nothing_is_an_error(
    lake_url: str, nights: list[str], words: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        operate.forget(lake_url, why="x", **words)  # type: ignore[arg-type]
    assert not Path(lake_url, "denylist").exists()


def test_a_plan_holds_for_the_bytes_that_its_dry_run_saw(source: Path, lake_url: str, nights: list[str]) -> None:
    chosen: dict[str, Any] = {"uri": "5.md", "why": "request 4711"}
    seen = operate.forget(lake_url, **chosen, dry_run=True)
    (source / "5.md").write_text("# File 5\n\nA letter that nobody asked to erase.")
    ingest(source, lake_url)
    head = Lake(lake_url).log.read().head
    with pytest.raises(RefusedError, match="other bytes of them"):
        operate.forget(lake_url, **chosen, planned=seen.plan)
    assert Lake(lake_url).log.read().head == head
    assert operate.forget(lake_url, **chosen, dry_run=True).documents == seen.documents


def test_a_run_at_work_is_not_disturbed(lake_url: str, nights: list[str]) -> None:
    with WriterLease(Lake.existing(lake_url).store, "raglake ingest"), pytest.raises(RefusedError, match="written by"):
        operate.forget(lake_url, uri="anna.md", why="x")


def test_the_command_line(lake_url: str, nights: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["forget", "anna.md", "--lake", lake_url]) == USAGE
    assert "needs --why" in capsys.readouterr().err
    assert _exit_status(["forget", "anna.md", "--lake", lake_url, "--dry-run"]) == OK
    assert "2 documents would be erased from 5 releases" in capsys.readouterr().out
    assert _exit_status(["forget", "anna.md", "--lake", lake_url, "--why", "request 4711"]) == OK
    told = capsys.readouterr().out
    assert "2 documents erased from 5 releases" in told
    assert "no trace found" in told
    assert _exit_status(["forget", "--lift", "anna.md", "--lake", lake_url]) == USAGE
    Path(lake_url, "stray.bin").write_bytes(b"\x00\x01\x02" * 50)
    assert _exit_status(["forget", "5.md", "--lake", lake_url, "--why", "request 4712"]) == FAILED
    assert "stray.bin (can't be decoded)" in capsys.readouterr().err


def test_a_word_of_raglake_s_own_findings_is_no_remnant(source: Path, lake_url: str) -> None:
    for number in range(3):
        (source / f"{number}.md").write_text(f"# File {number}\n\n{prose(2)}")
    (source / "locked.pdf").write_bytes(b"%PDF-1.4 nothing")
    (source / "anna.md").write_text("# Anna\n\nShe earns a quarter more.")
    release = ingest(source, lake_url).release or ""
    messages = Lake(lake_url).findings(release).column("message").to_pylist()
    assert any("more than" in message for message in messages), "the audit must have found something to report"
    found = operate.forget(lake_url, why="request", uri="anna.md")
    assert found.proof is not None
    assert found.proof.holds


def _holds(url: str, words: str) -> list[str]:
    """Paths of Parquet files under the lake with these words in a column of texts."""
    found = []
    for path in Path(url).rglob("*.parquet"):
        if words in str(pq.read_table(path).to_pylist()):
            found.append(str(path))
    return found


@pytest.mark.parametrize("killed", [True, False], ids=["prune was killed after its entry", "prune ended"])
def test_what_no_release_holds_any_more_is_erased_too(
    source: Path, lake_url: str, tmp_path: Path, killed: bool
) -> None:
    (source / "anna.md").write_text(f"# Anna\n\n{SECRET}\n")
    (source / "other.md").write_text(f"# Other\n\n{prose(2)}\n")
    ingest(source, lake_url)
    (source / "anna.md").unlink()
    ingest(source, lake_url, allow_removals=1)
    shutil.copytree(lake_url, tmp_path / "before")
    operate.prune(lake_url, Retention(keep_last=1, keep_daily=0, keep_monthly=0, grace_hours=0))
    assert len(Index(Lake.existing(lake_url)).releases()) == 1
    assert not _holds(lake_url, SECRET)
    if killed:
        for folder in ("commits", "contents", "vectors"):
            shutil.copytree(tmp_path / "before" / folder, Path(lake_url, folder), dirs_exist_ok=True)
        assert _holds(lake_url, SECRET)
    preview = operate.forget(lake_url, uri="anna.md", why="x", dry_run=True)
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")
    assert done.documents == preview.documents
    assert [(one.uri, one.because.split(";")[0]) for one in done.documents] == [("anna.md", "named")]
    assert (done.releases, done.proof is not None and done.proof.holds) == ((), True)
    assert _holds(lake_url, "Quistermann") == []
    assert sum(pq.read_metadata(path).num_rows for path in Path(lake_url, "vectors").rglob("*.parquet")) == (
        lake.open_lake(lake_url).dataset("chunks").count_rows()
    )
    (source / "anna.md").write_text(f"# Anna\n\n{SECRET}\n")
    assert ingest(source, lake_url).n_denied == 1
    assert lake.open_lake(lake_url).search("crowns", mode="text").num_rows == 0


def test_what_a_killed_run_stored_is_erased(source: Path, lake_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / "other.md").write_text(f"# Other\n\n{prose(2)}\n")
    ingest(source, lake_url)
    (source / "anna.md").write_text(f"# Anna\n\n{SECRET}\n")
    with monkeypatch.context() as patch:
        patch.setattr("lake.ingest.commit.commit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            ingest(source, lake_url)
    (source / "anna.md").unlink()
    assert _holds(lake_url, SECRET)
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")
    assert [one.uri for one in done.documents] == ["anna.md"]
    assert _holds(lake_url, "Quistermann") == []
    (source / "anna.md").write_text(f"# Anna\n\n{SECRET}\n")
    assert ingest(source, lake_url).n_denied == 1


def test_an_erasure_that_was_killed_before_it_denied_anything_denies_when_it_is_repeated(
    source: Path, lake_url: str
) -> None:
    """What a killed run stored is gone with the first attempt, and the source still holds the document."""
    source.mkdir(exist_ok=True)
    (source / "kept.md").write_text(prose(3))
    ingest(source, lake_url)
    Lake(lake_url).store.write(ERASING, b"of an erasure that was killed")
    assert operate.forget(lake_url, why="a request", uri="late.md", source="files").proof
    (source / "late.md").write_text(f"{SECRET} {prose(2)}")
    assert ingest(source, lake_url).n_denied == 1
    assert lake.open_lake(lake_url).dataset("documents").to_table(["uri"])["uri"].to_pylist() == ["kept.md"]


def test_a_text_that_is_a_part_of_a_kept_one_is_erased_as_a_document(source: Path, lake_url: str) -> None:
    """Its digest as a whole is then that of a chunk, or of a section, which stays."""
    paragraphs = [" ".join(RNG.choices(WORDS, k=40)) for _ in range(3)]
    (source / "long.txt").write_text("\n\n".join(paragraphs))
    (source / "short.txt").write_text(paragraphs[0])
    ingest(source, lake_url)
    done = operate.forget(lake_url, why="request 4711", uri="short.txt")
    assert done.proof is not None
    assert done.proof.holds
    assert _holds(lake_url, paragraphs[0])


def test_a_text_whose_vector_a_kept_one_has_too_is_erased(source: Path, lake_url: str) -> None:
    """Most models see no case, and ``hash`` sees no order: other words may have the very same vector."""
    (source / "kept.txt").write_text("The keeper lights the lamp")
    (source / "erased.txt").write_text("The lamp lights the keeper")
    ingest(source, lake_url)
    done = operate.forget(lake_url, why="request 4711", uri="erased.txt")
    assert done.proof is not None
    assert done.proof.holds
    assert not _holds(lake_url, "The lamp lights the keeper")
    assert _holds(lake_url, "The keeper lights the lamp")


def test_a_place_that_never_was_is_an_error_if_nothing_is_left_over(lake_url: str, nights: list[str]) -> None:
    with pytest.raises(UsageError, match="no document of any kept release"):
        operate.forget(lake_url, uri="nobody.md", why="x")


def test_sidecars_that_no_release_knows_do_not_spoil_the_proof(source: Path, lake_url: str) -> None:
    (source / "anna.md").write_text(f"# Anna\n\n{SECRET}\n")
    (source / "copy.md").write_text(f"# Anna\n\n{SECRET}\n")
    (source / "other.md").write_text(f"# Other\n\n{prose(2)}\n")
    for uri in ("anna.md", "copy.md"):
        (source / f"{uri}.meta.json").write_text('{"title": "Debts of Nordhausen", "acl": ["registrars"]}')
    (source / "later.md.meta.json").write_text('{"acl": ["registrars"]}')  # its document is still to come
    ingest(source, lake_url)
    for uri in ("anna.md", "copy.md"):
        (source / f"{uri}.meta.json").write_text("{}")
    ingest(source, lake_url, allow_opening=9)  # nobody's rights speak of registrars any more
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")
    assert {one.uri for one in done.documents} == {"anna.md", "copy.md"}
    assert done.proof is not None
    assert done.proof.holds
    assert _holds(lake_url, "Quistermann") == []


def test_the_caches_forget_sidecars_of_copies(source: Path, lake_url: str) -> None:
    (source / "other.md").write_text(f"# Other\n\n{prose(2)}\n")
    for uri in ("anna.md", "copy.md"):
        (source / uri).write_text(f"# Anna\n\n{SECRET}\n")
        (source / f"{uri}.meta.json").write_text('{"title": "Debts of Nordhausen"}')
    ingest(source, lake_url)
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")
    assert done.proof is not None
    assert done.proof.holds
    assert _holds(lake_url, "Nordhausen") == []


def test_a_notice_that_waits_names_an_erased_document_no_more_and_loses_no_change(
    lake_url: str, nights: list[str]
) -> None:
    store = Lake.existing(lake_url).store
    inbox.put(store, "docs", ["anna.md", "lamp.md"])
    inbox.put(store, "docs", [], ["bucket/folder/anna.md"])
    inbox.put(store, "docs", ["lamp.md"])
    assert operate.forget(lake_url, uri="anna.md", why="request 4711").proof.holds
    assert [(one.keys, one.objects) for one in inbox.waiting(store)] == [(("",), ()), (("",), ()), (("lamp.md",), ())]


def test_words_that_the_lake_says_by_itself_and_earlier_reasons_spoil_no_proof(source: Path, lake_url: str) -> None:
    """Titles that are the user's name, a release's, a column's and an action's, and a reason that names a document."""
    (source / "kept.md").write_text("Lamps burn oil.")
    for title in (own_name(), "stable", "chunk_id", "forget", "Request", "gdpr", "Payroll of Quistermann"):
        (source / f"odd {title}.md").write_text(f"---\ntitle: {title}\n---\n{SECRET} {title}.")
    first = ingest(source, lake_url).release or ""
    (source / "kept.md").write_text("Lamps burn gas.")
    ingest(source, lake_url)
    operate.rollback(lake_url, first, why="Payroll of Quistermann was left out")
    operate.name(lake_url, first, "stable", why="it serves")
    erasure = {"where": "uri LIKE 'odd %'"}
    with pytest.raises(UsageError, match="the reason names"):
        operate.forget(lake_url, **erasure, why="request about the Payroll of Quistermann")
    with pytest.raises(UsageError, match="the reason names"):  # a word of its title, and of no other document
        operate.forget(lake_url, **erasure, why="Asked for by Anna Quistermann")
    forgotten = operate.forget(lake_url, **erasure, why="Request 4711: gdpr")
    assert len(forgotten.documents) == 7
    reasons = [entry.why for entry in Lake(lake_url).log.read().entries if entry.why]
    assert reasons[-3:] == ["erased", "it serves", "Request 4711: gdpr"]
