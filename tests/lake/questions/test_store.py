"""Questions in a lake: found again under any chunking, kept by several writers, erased with their documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import UsageError
from lake.maintenance.doctor import examine, repair
from lake.options import RecipeOptions, Retention
from lake.questions import EvalQuestion, Evidence, add, anchored, drop, questions
from tests.lake.patterns import copied, pattern_of

PROSE = "# Lamps\n\n" + " ".join(f"Lamp {n} burns oil of kind {n}, and its wick wants trimming." for n in range(40))
CUTS = [
    RecipeOptions(embedder="hash", child_tokens=24, overlap_tokens=8, heading_tokens=8, parent_tokens=100),
    RecipeOptions(embedder="hash", strategy="window", child_tokens=60, overlap_tokens=0, heading_tokens=0),
    RecipeOptions(embedder="hash", strategy="paragraph"),
]


def of_lamps(name: str = "lamps") -> EvalQuestion:
    evidence = (Evidence("lamps.md", quote="Lamp 17 burns oil of kind 17,", grade=2), Evidence("boats.md"))
    return EvalQuestion(name, "What does lamp 17 burn?", answers=("oil of kind 17",), evidence=evidence)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {"lamps.md": PROSE, "boats.md": "# Boats\n\nBoats need no oil.\n"}
    return pattern_of(tmp_path_factory.mktemp("pattern"), files, CUTS[0])


@pytest.fixture
def built(pattern: Path, source: Path, lake_url: str) -> None:
    copied(pattern, source, lake_url)


def place_of(quote: str) -> tuple[int, int]:
    """In the canonical text, which is the prose itself."""
    return PROSE.index(quote), PROSE.index(quote) + len(quote)


def keep(url: str, *asked: EvalQuestion) -> list[EvalQuestion]:
    place = Lake.existing(url)
    return add(place, anchored(place, place.log.read().live, list(asked)))


@pytest.mark.usefixtures("built")
def test_one_import_holds_under_any_chunking_and_any_move(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    kept = keep(lake_url, of_lamps())
    stored = Path(lake_url, "questions", "0000000001.parquet").read_bytes()
    index = lake.open_lake(lake_url)
    for cut in [*CUTS, CUTS[0]]:
        ingest(settings=cut, change_recipe=True)
        (one,) = index.resolve(kept)
        assert one.left_out == ""
        place = one.places[0]
        assert place.start is not None
        chunks = index.dataset("chunks").to_table(columns=["chunk_id", "start", "end", "uri"]).to_pylist()
        inside = [row for row in chunks if row["uri"] == "lamps.md" and row["chunk_id"] in place.chunk_ids]
        covered = {n for row in inside for n in range(row["start"], row["end"])}
        assert {n for n in range(*place_of("Lamp 17 burns oil")) if n not in covered} == set()
        assert all(row["start"] < (place.end or 0) and place.start < row["end"] for row in inside)
        assert len(inside) <= 3
        assert len(place.parent_ids) >= 1
        assert one.places[1].start is None
    (source / "lamps.md").write_text(PROSE.replace("# Lamps\n\n", "# Lamps\n\nAll lamps are oil lamps.\n\n"))
    ingest(settings=CUTS[0])
    (moved,) = index.resolve(kept)
    assert moved.places[0].start == kept[0].evidence[0].start + 26  # type: ignore[operator]
    assert Path(lake_url, "questions", "0000000001.parquet").read_bytes() == stored


@pytest.mark.usefixtures("built")
def test_what_is_gone_is_told_and_left_out(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    kept = keep(lake_url, of_lamps())
    (source / "lamps.md").write_text(PROSE.replace("kind 17", "kind seventeen"))
    ingest(settings=CUTS[0])
    index = lake.open_lake(lake_url)
    assert [(one.left_out, [lost.reason for lost in one.never_found]) for one in index.resolve(kept)] == [
        ("", ["text gone"])
    ], "one of two pieces of evidence remains"
    (source / "lamps.md").write_bytes(b"\x00\xff" * 300)
    ingest(settings=CUTS[0], allow_removals=5)
    before = index.resolve(kept)[0]
    assert (before.left_out, [lost.reason for lost in before.lost]) == ("", ["quarantined"])
    lamps_alone = replace(kept[0], evidence=tuple(one for one in kept[0].evidence if one.uri == "lamps.md"))
    assert index.resolve([lamps_alone])[0].left_out == "quarantined"
    (source / "lamps.md").unlink()
    ingest(settings=CUTS[0], allow_removals=5)
    after = index.resolve(kept)[0]
    assert (after.is_partial, index.resolve([lamps_alone])[0].left_out) == (True, "absent")
    assert before.evidence_bytes != after.evidence_bytes
    ungraded = replace(kept[0], evidence=(replace(kept[0].evidence[1], grade=0),))
    assert [one.left_out for one in index.resolve([ungraded])] == ["no evidence"]


@pytest.mark.usefixtures("built")
def test_a_span_needs_its_quote_or_a_release_that_has_it(lake_url: str) -> None:
    (one,) = keep(lake_url, EvalQuestion("s", "What?", evidence=(Evidence("lamps.md", start=9, end=20),)))
    assert len(one.evidence[0].quote or "") == 11
    assert one.evidence[0].source is not None
    with pytest.raises(UsageError, match="comes without its text"):
        keep(lake_url, EvalQuestion("s", "What?", evidence=(Evidence("nowhere.md", start=9, end=20),)))


@pytest.mark.usefixtures("built")
def test_writers_at_once_lose_nothing_and_pruning_keeps_the_newest(lake_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add(Lake.existing(lake_url), [of_lamps(f"set-{n}")]), range(16)))
    place = Lake.existing(lake_url)
    assert len({question.set for question in questions(place)}) == 16
    add(place, [of_lamps("set-3")])  # nothing new, nothing written
    assert len(place.store.names("questions")) == 16
    operate.prune(lake_url, Retention(grace_hours=0))
    assert place.store.names("questions") == ["0000000016.parquet"]
    assert drop(place, "set-3") == 1
    with pytest.raises(UsageError, match="no set of questions 'set-3'"):
        drop(place, "set-3")


SECRET = "Annabella Quistermann owes eleven thousand crowns."


@pytest.mark.usefixtures("built")
def test_an_erased_document_takes_its_questions_along(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "anna.md").write_text(f"# Debts\n\n{SECRET}\n")
    ingest(settings=CUTS[0])
    of_anna = (Evidence("anna.md", quote=SECRET),)
    owed = EvalQuestion("debts", "Who owes money?", key="1912", answers=("Annabella",), evidence=of_anna)
    both = replace(of_lamps("debts"), evidence=(*of_lamps().evidence, Evidence("anna.md")))
    told = EvalQuestion("debts", "Is Quistermann a boat?", evidence=(Evidence("boats.md"),))
    keyed = EvalQuestion("debts", "Is this a boat?", key="crowns", evidence=(Evidence("boats.md"),))
    keep(lake_url, owed, both, told, keyed, of_lamps())
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")
    assert done.proof is not None
    assert done.proof.holds
    assert done.n_questions == 2
    place = Lake.existing(lake_url)
    left = {(question.set, question.text): question for question in questions(place)}
    assert left.keys() == {("debts", both.text), ("debts", keyed.text), ("lamps", of_lamps().text)}
    assert left["debts", both.text].answers == ()
    assert [piece.uri for piece in left["debts", both.text].evidence] == ["lamps.md", "boats.md"]
    assert left["debts", keyed.text].key is None
    assert left["lamps", of_lamps().text].answers == of_lamps().answers
    again = keep(lake_url, EvalQuestion("debts", "Who owes what?", evidence=of_anna))
    assert len(again) == 3
    assert examine(place).healthy


@pytest.mark.usefixtures("built")
def test_the_doctor_finds_damage_and_what_was_erased(lake_url: str) -> None:
    keep(lake_url, of_lamps())
    place = Lake.existing(lake_url)
    path = Path(lake_url, "questions", "0000000001.parquet")
    good = path.read_bytes()
    operate.forget(lake_url, uri="boats.md", why="request 1")
    Path(lake_url, "questions", "0000000009.parquet").write_bytes(good)
    assert [(a.where, a.fixable) for a in examine(place).issues] == [("questions", True)]
    assert repair(place).healthy
    Path(lake_url, "questions", "0000000099.parquet").write_bytes(good[:-9])
    assert [a.where for a in examine(place).issues] == ["questions/0000000099.parquet"]


@pytest.mark.usefixtures("built")
def test_the_commands(source: Path, lake_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = source.parent / "Lamps.jsonl"
    rows = [{"question": "What burns?", "uri": "lamps.md", "quote": "Lamp 3 burns"}, {"question": "No?", "uri": "x.md"}]
    path.write_text("\n".join(map(json.dumps, rows)))

    def said(*words: str) -> dict[str, object]:
        assert _exit_status(["questions", *words, "--lake", lake_url, "--json"]) == OK
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    taken = said("import", "jsonl", str(path), "--allow-unknown")
    assert (taken["set"], taken["imported"], len(taken["left_out"])) == ("lamps", 2, 1)  # type: ignore[arg-type]
    checked = said("check")
    assert [row["reason"] for row in checked["left_out"]] == ["absent"]  # type: ignore[attr-defined]
    assert said("list")["sets"] == [
        {"set": "lamps", "questions": 2, "unreviewed": 0, "evidence": {"place": 1, "document": 1}}
    ]
    for words in (
        ["check"],
        ["list"],
        ["list", "--set", "lamps"],
        ["import", "jsonl", str(path), "--allow-unknown"],
        ["drop", "lamps"],
    ):
        assert _exit_status(["questions", *words, "--lake", lake_url]) == OK
        assert capsys.readouterr().out
    assert said("list")["sets"] == []
    assert _exit_status(["questions", "import", "xml", str(path), "--lake", lake_url]) == USAGE
    half = {"question": "What?", "evidence": [{"uri": "lamps.md"}, {"uri": "x.md"}]}
    path.write_text(json.dumps(half))
    assert _exit_status(["questions", "import", "jsonl", str(path), "--lake", lake_url]) == USAGE
    assert "does not hold: x.md" in capsys.readouterr().err
    path.write_text(json.dumps({**half, "evidence": [{"uri": "lamps.md"}, {"uri": "x.md", "grade": 0}]}))
    assert _exit_status(["questions", "import", "jsonl", str(path), "--lake", lake_url]) == OK
