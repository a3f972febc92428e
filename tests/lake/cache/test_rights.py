"""Nobody gets what another one found: not by names, not by a change of rights, not at another release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.directory import Lake
from lake.errors import UsageError
from lake.index import Index
from lake.options import RecipeOptions
from lake.releases import rights
from lake.schemas import RIGHTS
from lake.search.rights import checked
from tests.lake.cache.conftest import RedisServer, opened, settled
from tests.lake.cache.test_keys import OPTIONS, Chat
from tests.lake.service.conftest import TwoReleases
from tests.waiting import until

SECRET = "Who fills lamps, and earns how many ducats?"
#: Names that are not the one that may see the payroll, "hr", however they are written or put together.
OTHERS: list[Any] = [
    *((), [], ["h", "r"], ["hr "], [" hr"], ["HR"], ["h r"], ["hr\u200b"], ["h\u0131r"], ["hr,it"], ["hr", "it"][1:]),
    *(["it"], ["hr|it"], ["hr\x1fit"], ['hr"'], ["'hr'"], ["['hr']"], ["hrs"], ["h"], ["\uff48\uff52"], ["h%72"]),
    *(["hr'] OR true --"], ["l2:hr"], ["t2:hr"], {"it"}, frozenset(["h"]), ["h\u0072\u0301"], ["public"], ["**"]),
]


def finds_payroll(index: Index, principals: Any, at: str = "live") -> bool:
    found = index.search(SECRET, 5, principals=principals, at=at)
    answer = index.answer(SECRET, 5, principals=principals, at=at, chat=Chat(), options=OPTIONS)
    *_, streamed = index.answer_stream(SECRET, 5, principals=principals, at=at, chat=Chat(), options=OPTIONS)
    assert not isinstance(streamed, str)
    seen = {"payroll.md" in one.column("uri").to_pylist() for one in (found.hits, answer.passages, streamed.passages)}
    assert len(seen) == 1
    return seen.pop()


@pytest.mark.parametrize("similar", [None, 0.8])
def test_no_name_gets_the_result_of_another(two_releases: TwoReleases, similar: float | None) -> None:
    index = opened(two_releases.url, similar=similar)
    for _ in range(2):
        assert finds_payroll(index, ["hr"])
        assert finds_payroll(index, "*")
        for others in OTHERS:
            may = "hr" in others
            assert finds_payroll(index, others) == may, others
    for alike in (["hr", "hr"], ("hr",), {"hr"}, frozenset(["hr"])):
        assert index.search(SECRET, 5, principals=alike).cached == "process"
    assert index.search(SECRET, 5, principals=["it", "hr"]).cached is None
    assert index.search(SECRET, 5, principals=["hr", "it"]).cached == "process"
    assert index.search(SECRET, 5, principals=[]).cached == "process"


@pytest.mark.parametrize(
    "wrong", [None, "hr", "", ["*"], ["*", "hr"], [""], [1], b"hr", {"hr": 1}, [None], "**", ["hr", " "]]
)
def test_principals_that_are_refused_find_nothing_in_a_cache(two_releases: TwoReleases, wrong: Any) -> None:
    index = opened(two_releases.url)
    for principals in (["hr"], "*", []):
        index.search(SECRET, 5, principals=principals)
    with pytest.raises(UsageError):
        checked(wrong)
    with pytest.raises(UsageError):
        index.search(SECRET, 5, principals=wrong)


def source_of(changing: TwoReleases) -> Path:
    return Path(changing.url).parent / "source"


def run(changing: TwoReleases) -> str | None:
    job = Job(sources=(str(source_of(changing)),), lake=changing.url, settings=RecipeOptions(embedder="hash"))
    with PlainSteps() as steps:
        return reindex(job, steps).release


def restrict(changing: TwoReleases, name: str, acl: list[str]) -> None:
    (source_of(changing) / f"{name}.meta.json").write_text(json.dumps({"acl": acl}))
    run(changing)


def test_a_change_of_rights_holds_at_once_and_everywhere(changing: TwoReleases, redis_server: RedisServer) -> None:
    first = run(changing)  # the copied folder is a source of its own
    assert first is not None
    (source_of(changing) / "new.md").write_text("# Another lamp\n\nIt burns no oil.")
    second = run(changing)
    indexes = [opened(changing.url, url=redis_server.url), opened(changing.url, url=redis_server.url, megabytes=0)]
    where = {"uri": "7.md", "source": str(source_of(changing))}

    def sees(principals: list[str]) -> set[bool]:
        """What everybody finds at every release, twice."""
        found = set()
        for at in ("live", first, second, "live", first, second):
            for index in indexes:
                found.add(
                    bool(
                        len(index.search("Which oil does Lamp 7 burn?", 3, at=at, principals=principals, filters=where))
                    )
                )
                settled(index)
        return found

    assert sees([]) == {True}
    for acl in (["boris"], ["anna"]):
        restrict(changing, "7.md", acl)
        assert sees([]) == {False}
        assert sees(["anna"]) == {"anna" in acl}
        assert sees(["boris"]) == {"boris" in acl}
    operate.rollback(changing.url, first, why="test")
    assert sees([]) == {False}
    assert sees(["anna"]) == {True}
    assert sees(["boris"]) == {False}


def test_what_was_found_under_earlier_rights_leaves_both_stores(
    changing: TwoReleases, redis_server: RedisServer
) -> None:
    index, lake = opened(changing.url, url=redis_server.url), Lake(changing.url)
    for number in range(5):
        index.search(f"lamp {number}", 3)
    settled(index)
    before = {key for key in redis_server.all() if b":results:" in key}
    assert len(before) == 5
    rows = pa.table({"doc_id": ["0" * 32], "acl": [["anna"]]}, schema=RIGHTS)
    held = rights.read(lake.store, lake.log.read().rights)
    lake.log.record("rights", "", rights=rights.write(lake.store, pa.concat_tables([held, rows])))
    index.search("lamp 7", 3)
    settled(index)
    assert index.caches is not None
    assert len(index.caches.process) == 7  # six vectors, which depend on no rights, and one result
    until(lambda: not before & redis_server.all().keys())
    left = redis_server.all()
    assert [sum(level in key for key in left) for level in (b":vectors:", b":results:")] == [6, 1]
