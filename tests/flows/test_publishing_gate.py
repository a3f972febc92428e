"""The gate between audit and publication, end to end: what answers worse is kept back, and says why."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

import lake
from expectations import scoring
from flows.cli.app import _exit_status
from flows.cli.options import OK, REFUSED, USAGE
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.embed import load_embedder
from lake.errors import ContractError, RefusedError, UsageError
from lake.maintenance.doctor.checks import examine
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, add
from lake.records import scores
from tests.conftest import ingested

N = 40
WORDS = ("wick", "oil", "harbour", "tide", "mast", "rope", "anchor", "chart", "lantern", "keel", "rudder", "buoy")


def text_of(n: int) -> str:
    about = [WORDS[(n * step + n // 12) % 12] for step in (1, 5, 7)]
    return f"# Page {n}\n\nThe {about[0]} number{n}x of the {about[1]} hangs by the {about[2]} in hall{n}y.\n"


@pytest.fixture
def ingest(source: Path, lake_url: str) -> Callable[..., Outcome]:
    return partial(ingested, f"docs={source}", lake_url)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A lake with a published release and a question about each of its documents; the folder and the release."""
    place = tmp_path_factory.mktemp("halls")
    (place / "source").mkdir()
    for n in range(N):
        (place / "source" / f"{n}.md").write_text(text_of(n))
    first = ingested(f"docs={place / 'source'}", str(place / "lake"))
    found = [EvalQuestion("halls", f"Where is number{n}x?", evidence=(Evidence(f"{n}.md"),)) for n in range(N)]
    add(Lake(str(place / "lake")), found)
    return place, first.release or ""


@pytest.fixture
def asked(made: tuple[Path, str], source: Path, lake_url: str) -> str:
    """The release of a lake of the test's own."""
    shutil.copytree(made[0] / "source", source, dirs_exist_ok=True)
    shutil.copytree(made[0] / "lake", lake_url)
    return made[1]


class Shuffled:
    """The hash embedder with its dimensions mixed up, as weights loaded in a wrong order would; unit vectors all."""

    def __init__(self) -> None:
        self._inner = load_embedder("hash")
        self.identity, self.embed_query = self._inner.identity, self._inner.embed_query

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        for positions, vectors in self._inner.embed(texts):
            yield positions, np.ascontiguousarray(vectors[:, np.random.default_rng(7).permutation(vectors.shape[1])])


#: Vectors of another type are stored apart, so every text is embedded anew.
OTHER = {"settings": RecipeOptions(embedder="hash", vector_dtype="float16"), "change_recipe": True}


def config(lake_url: str, *words: str) -> int:
    return _exit_status(["config", *words, "--lake", lake_url])


def test_what_answers_worse_is_kept_back_until_somebody_takes_the_blame(
    asked: str, source: Path, lake_url: str, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    assert config(lake_url, "set", "gate.how.mode", "vector") == OK
    (source / "new.md").write_text("# New\n\nA harmless page about nothing.\n")
    second = ingest()
    index = lake.open_lake(lake_url)
    assert (second.published, index.releases()["gate"].to_pylist()) == (True, [None, "passed"])

    third = ingest(embedder=Shuffled(), **OTHER)
    assert (third.published, third.refused, index.release().id) == (False, True, second.release)
    assert f"{third.release} was blocked by its gate" in third.reason
    assert "document nDCG@10 of halls fell from " in third.reason
    row = index.describe(third.release or "")
    assert (row["status"], row["audit"], row["gate"], row["why"]) == ("refused", "passed", "blocked", third.reason)
    (finding,) = index.findings(third.release or "").filter(pc.field("suite") == "gate").to_pylist()
    assert (finding["success"], finding["severity"], finding["n_checked"]) == (False, "critical", N)
    assert set(finding["sample_ids"]) <= {question.question_id for question in index.questions()}
    assert index.search("number3x", 3, at=third.release or "")["uri"][0].as_py() == "3.md"

    before = index.history().head
    again = ingest(embedder=Shuffled(), **OTHER)
    assert (again.release, again.refused, again.reason) == (third.release, True, third.reason)
    actions = [entry.action for entry in index.history().entries[before:]]
    assert actions == ["audit", "gate"]
    assert _exit_status(["publish", third.release or "", "--lake", lake_url]) == REFUSED
    with pytest.raises(RefusedError, match="document nDCG@10 of halls fell"):
        operate.publish(lake_url, third.release or "")
    forced = ["publish", third.release or "", "--lake", lake_url, "--force", "--json"]
    assert _exit_status(forced) == USAGE
    capsys.readouterr()
    assert _exit_status([*forced, "--why", "the vectors are mended tonight"]) == OK
    assert json.loads(capsys.readouterr().out)["live"] == third.release
    last = index.describe()["entries"][-1]
    assert (last["action"], last["why"]) == ("publish", "the vectors are mended tonight")
    assert last["by"]


def test_the_policy_decides_what_becomes_of_a_loss_and_the_same_candidate_is_judged_anew(
    asked: str, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    config(lake_url, "set", "gate.how", '{"mode": "vector"}')
    blocked = ingest(embedder=Shuffled(), **OTHER)
    assert blocked.refused
    place, index = Lake(lake_url), lake.open_lake(lake_url)
    kept = {path: place.store.read(path) for path in scores_files(place)}

    config(lake_url, "set", "gate.mode", "off")
    free = ingest(embedder=Shuffled(), publish=False, **OTHER)
    assert (free.release, free.refused, index.describe(blocked.release or "")["gate"]) == (blocked.release, False, None)
    assert not [f for f in index.findings(blocked.release or "").to_pylist() if f["suite"] == "gate"]
    config(lake_url, "set", "gate.mode", "warn")
    # Another measure: scores that lack it are taken again, of both.
    config(lake_url, "set", "gate.floors.document nDCG@3", "0.99", "--force")
    warned = ingest(embedder=Shuffled(), **OTHER)
    assert (warned.published, warned.release, len(warned.remarks)) == (True, blocked.release, 1)
    assert "(and 1 more remark)" in warned.remarks[0]
    assert {path for path in kept if place.store.read(path) == kept[path]} == set()
    assert index.releases()["status"].to_pylist() == ["superseded", "live"]


def scores_files(place: Lake) -> list[str]:
    return sorted(scores.paths(place))


def test_scores_are_reused_until_the_questions_change_and_taken_where_a_run_died(
    asked: str, source: Path, lake_url: str, ingest: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_AT_A_TIME", 10)
    place, index = Lake(lake_url), lake.open_lake(lake_url)
    (source / "new.md").write_text("# New\n\nA harmless page about nothing.\n")
    candidate = ingest(publish=False).release or ""
    first = index.scores(candidate)
    assert len(set(first["question_id"].to_pylist())) == N
    # As a run leaves it that died at its work: what came after is gone.
    some = sorted(set(first["question_id"].to_pylist()))[:20]
    scores.keep(place, first.filter(pc.field("question_id").isin(some)))
    add(place, [EvalQuestion("halls", "Where is number3x?", evidence=(Evidence("3.md", grade=2),))])
    published = ingest()
    assert (published.release, published.published) == (candidate, True)
    moments = {row["question_id"]: row["evaluated_at"] for row in first.to_pylist()}
    again = {row["question_id"]: row["evaluated_at"] for row in index.scores(candidate).to_pylist()}
    changed = EvalQuestion("halls", "Where is number3x?").question_id
    assert {name for name in moments if again[name] == moments[name]} == set(some) - {changed}


def test_a_candidate_that_nobody_asked_is_not_published_from_python(
    asked: str, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    config(lake_url, "set", "gate.mode", "off")
    (source / "new.md").write_text("# New\n\nA harmless page about nothing.\n")
    candidate = ingest(publish=False).release or ""
    config(lake_url, "unset", "gate.mode")
    with pytest.raises(RefusedError, match="questions; `raglake publish` evaluates it"):
        operate.publish(lake_url, candidate)
    assert _exit_status(["publish", candidate, "--lake", lake_url]) == OK
    assert lake.open_lake(lake_url).releases()["gate"].to_pylist() == [None, "passed"]


def test_too_few_questions_warn_or_block_and_a_lake_without_any_is_silent(
    asked: str, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    config(lake_url, "set", "gate.least", "41")
    (source / "new.md").write_text("# New\n\nA harmless page about nothing.\n")
    warned = ingest()
    assert warned.published
    assert "can be compared over 40 questions only, fewer than 41" in warned.remarks[0]
    config(lake_url, "set", "gate.not_enough_evidence", "block")
    (source / "new.md").write_text("# New\n\nAnother harmless page about nothing.\n")
    assert ingest().refused
    assert _exit_status(["questions", "drop", "halls", "--lake", lake_url]) == OK
    free = ingest()
    assert (free.published, free.remarks) == (True, ())
    assert lake.open_lake(lake_url).releases()["gate"].to_pylist() == [None, "warned", None]


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("gate.moda", "off", "gate has no 'moda'; did you mean mode?"),
        (
            "gat.mode",
            "off",
            "no 'gat'; did you mean gate?",
        ),
        ("gate.mode", "maybe", "gate.mode='maybe' must be one of off, warn, block"),
        ("gate.alpha", "0", "gate.alpha=0 must be a number from"),
        ("gate.floors.nDCG@10", "0.5", "must be a level .document, parent, chunk, span. and a measure"),
        ("gate.floors.document Ndgc@10", "0.5", "no measure 'Ndgc@10'"),
        ("gate.floors.span recall@7", "0.5", "no measure 'recall@7' of spans"),
        ("gate.how.mod", "text", "a search has no option mod"),
        ("gate.how.k", "3", r"\['k'\]"),
        ("alarms.quarantine_share", "2", "must be a number from 0 to 1"),
    ],
)
def test_wrong_words_are_refused_by_name_and_change_nothing(
    lake_url: str, key: str, value: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Lake(lake_url).create()
    config(lake_url, "set", "gate.mode", "warn")
    assert config(lake_url, "set", key, value) == USAGE
    assert re.search(told, capsys.readouterr().err)
    assert json.loads(Lake(lake_url).store.read("configuration.json")) == {"gate": {"mode": "warn"}}


def test_a_damaged_configuration_stops_a_run_before_its_work_and_doctor_says_so(
    asked: str, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    config(lake_url, "set", "gate.mode", "warn")
    assert examine(Lake(lake_url)).healthy
    Path(lake_url, "configuration.json").write_text('{"gate": ')
    (source / "new.md").write_text("# New\n\nA page.\n")
    with pytest.raises(ContractError, match=r"configuration.json of .* is damaged .*; restore it, or delete it"):
        ingest()
    assert [issue.where for issue in examine(Lake(lake_url)).issues] == ["configuration.json"]


def test_an_erasure_does_not_overlook_the_configuration(asked: str, lake_url: str) -> None:
    config(lake_url, "set", "gate.how.filters", '{"uri": "3.md"}')
    with pytest.raises(UsageError, match=r"configuration.json of .* speaks of what is to be erased"):
        operate.forget(lake_url, uri="3.md", why="case 17")
    config(lake_url, "unset", "gate")
    assert not Path(lake_url, "configuration.json").exists()
    config(lake_url, "set", "gate.mode", "warn")
    assert operate.forget(lake_url, uri="3.md", why="case 17").proof
    assert Path(lake_url, "configuration.json").exists()


def test_drafts_alone_ask_nothing_of_a_candidate_that_is_published_by_hand(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "a.md").write_text(text_of(1))
    candidate = ingest(publish=False).release or ""
    drafted = EvalQuestion("halls", "Where is number1x?", evidence=(Evidence("a.md"),), reviewed=False)
    add(Lake(lake_url), [drafted])
    assert config(lake_url, "set", "gate.floors.document nDCG@10", "0.5") == OK
    assert operate.publish(lake_url, candidate).resolve("live").id == candidate
