"""Groups at the time of a question: nested, circular, aged, and away; what is not known is not granted."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import lake
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.options import CacheOptions, RecipeOptions
from lake.options.groups import GroupOptions
from lake.search import memberships as under_test
from lake.search.memberships import Memberships
from tests.lake.answer.conftest import QuietServer

NESTED = {"backend": ["anna"], "engineering": ["group:backend", "otto"], "all": ["group:engineering", "group:all"]}


def names(options: GroupOptions, *principals: str) -> set[str]:
    return set(Memberships(options).expanded(principals))


def test_groups_in_groups_are_followed_and_a_circle_ends() -> None:
    circular = GroupOptions(members={**NESTED, "backend": ["anna", "group:all"]})
    assert names(circular, "anna") == {"anna", "group:backend", "group:engineering", "group:all"}
    assert names(GroupOptions(members=NESTED), "otto") == {"otto", "group:engineering", "group:all"}
    assert names(GroupOptions(members=NESTED), "group:backend") == {"group:backend", "group:engineering", "group:all"}
    assert names(GroupOptions(members=NESTED), "Anna") == {"Anna"}
    assert names(GroupOptions(), "anna") == {"anna"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"group:backend": ["anna"], "engineering": ["group:backend"]}),
        "\ufeffgroup,member\r\nbackend,anna\r\n\r\nengineering,group:backend\r\n",
        'Group, Member\n"backend",anna\nengineering,group:backend\n',
    ],
)
def test_a_file_of_json_or_csv_says_the_same(tmp_path: Path, text: str) -> None:
    file = tmp_path / "groups"
    file.write_text(text)
    assert names(GroupOptions(url=str(file)), "anna") == {"anna", "group:backend", "group:engineering"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a": "anna"}', '{"a": [1]}', '{"": ["x"]}', "a,b\nx,anna", "group,member\nx\n", '{"a": [" "]}',
     '{"a": [], "a": ["anna"]}', '{"a": [], "group:a ": ["anna"]}', '{"a": ["anna"], "\\ud800": ["anna"]}',
     '{"a": ' + "[" * 100_000, "group,member\na,anna-maria\na,anna"],  # the last half written
    ids=lambda text: text[:30],
)  # fmt: skip
def test_a_file_that_is_not_understood_grants_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "groups"
    file.write_text(text)
    found = Memberships(GroupOptions(url=str(file))).expanded(["anna"])
    assert (set(found), found.is_degraded) == ({"anna"}, True)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "groups")
    assert Memberships(GroupOptions(url=str(tmp_path / "groups"))).expanded(["anna"]).is_degraded


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"members": {"a": "anna"}}, "members.a must be a list"),
        ({"members": {"a": ["anna"]}, "url": "/etc/groups"}, "members or a url"),
        ({"url": "groups.json"}, "an absolute path"),
        ({"url": "scim+https://me:secret@example.org/v2"}, "without"),
        ({"url": "scim+https://example.org/v2", "token": "s3cr3t"}, "never hold it"),
        ({"max_age": 0}, "max_age"),
    ],
)
def test_what_can_not_be_is_refused(words: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        GroupOptions(**words)
    assert "s3cr3t" not in str(refused.value)


class Directory:
    """Users and groups behind SCIM 2.0, two resources to a page; ``fault`` spoils every answer."""

    def __init__(self) -> None:
        self.users = {"u1": {"userName": "Anna"}, "u2": {"userName": "otto", "active": False}}
        self.groups: dict[str, tuple[str, set[str]]] = {
            **{f"t{n}": (f"team-{n}", {"u1"}) for n in range(5)},
            "g1": ("engineering", {"t0", "g2", "u2"}),
            "g2": ('all "staff"', {"g1"}),
        }
        self.fault = ""
        self.n_requests = 0
        self.tokens = set[str]()
        self.released = Event()
        self.released.set()

    def answer(self, path: str, condition: str, start: int) -> dict[str, Any]:
        attribute, _, quoted = condition.partition(" eq ")
        wanted = json.loads(quoted)
        if path.endswith("/Users"):
            every = [{"id": key, **user} for key, user in self.users.items() if user["userName"].lower() == wanted]  # type: ignore[attr-defined]
        elif attribute == "displayName":
            every = [{"id": key, "displayName": name} for key, (name, _) in self.groups.items() if name == wanted]
        else:
            is_in = {key for key, (_, of) in self.groups.items() if wanted in of or self.fault == "unfiltered"}
            every = [{"id": key, "displayName": name} for key, (name, _) in self.groups.items() if key in is_in]
        first = 1 if self.fault == "the first page again" else start
        shown = [] if self.fault == "torn" and start > 1 else every[first - 1 : first + 1]
        return {"totalResults": len(every), "startIndex": start, "Resources": shown}


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Directory, GroupOptions]]:
    behind = Directory()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            behind.n_requests += 1
            behind.released.wait(20)
            if behind.fault == "slow":
                time.sleep(0.3)
            behind.tokens.add(self.headers.get("authorization", ""))
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            answer = behind.answer(urlsplit(self.path).path, asked["filter"], int(asked["startIndex"]))
            spoiled = {"html": b"<html>", "deep": b"[" * 100_000}
            body = spoiled.get(behind.fault) or json.dumps(answer).encode()
            self.send_response({"away": 503, "busy": 429, "moved": 302}.get(behind.fault, 200))
            if behind.fault == "busy":
                self.send_header("retry-after", "60")
            if behind.fault == "moved":
                self.send_header("location", "http://127.0.0.1:1/")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("RAGLAKE_SCIM", "s3cr3t-token")
    url = f"scim+http://127.0.0.1:{server.server_port}/scim/v2"
    yield behind, GroupOptions(url=url, token="env:RAGLAKE_SCIM", max_age=100, stale_for=100, timeout=30)
    server.shutdown()
    thread.join()
    server.server_close()


TEAMS = {f"group:team-{n}" for n in range(5)}
OF_ANNA = {"anna", *TEAMS, "group:engineering", 'group:all "staff"'}


def test_a_directory_is_read_page_by_page_and_only_once(directory: tuple[Directory, GroupOptions]) -> None:
    behind, options = directory
    found = Memberships(options)
    assert set(found.expanded(["anna"])) == OF_ANNA
    n = behind.n_requests
    assert (set(found.expanded(["anna"])), behind.n_requests, behind.tokens) == (OF_ANNA, n, {"Bearer s3cr3t-token"})
    assert set(found.expanded(["otto"])) == {"otto"}  # who is not active
    assert set(found.expanded(["group:engineering"])) == {"group:engineering", 'group:all "staff"'}
    assert set(found.expanded(['nobody" or userName pr'])) == {'nobody" or userName pr'}


def test_a_user_who_is_not_clear_is_in_no_group(directory: tuple[Directory, GroupOptions]) -> None:
    behind, options = directory
    for active, is_in in (("False", False), (0, False), ({}, False), ("True", True), (None, True)):
        behind.users["u1"] = {"userName": "anna", "active": active}  # type: ignore[dict-item]
        assert (set(Memberships(options).expanded(["anna"])) == OF_ANNA) == is_in
    behind.users = {"u1": {"userName": "anna"}, "u2": {"userName": "ANNA"}}
    assert set(Memberships(options).expanded(["anna"])) == OF_ANNA
    assert set(Memberships(options).expanded(["Anna"])) == {"Anna"}


@pytest.mark.parametrize("fault", ["deep", "unfiltered", "half a letter", "the first page again"])
def test_a_directory_that_is_not_understood_grants_nothing(
    directory: tuple[Directory, GroupOptions], fault: str
) -> None:
    behind, options = directory
    behind.fault, behind.groups["g3"] = fault, ("\ud800", {"u1"} if fault == "half a letter" else set())
    found = Memberships(options).expanded(["anna"])
    assert (set(found), found.is_degraded) == ({"anna"}, True)


def test_slow_pages_hold_a_question_no_longer_than_one_answer_may(directory: tuple[Directory, GroupOptions]) -> None:
    behind, options = directory
    behind.fault = "slow"
    found = Memberships(replace(options, timeout=0.5)).expanded(["anna"])
    assert (set(found), found.is_degraded) == ({"anna"}, True)
    assert behind.n_requests <= 2  # of five and more


@pytest.mark.parametrize("fault", ["away", "busy", "moved", "html", "torn"])
def test_a_directory_that_fails_is_believed_for_a_while_and_then_nothing_is(
    directory: tuple[Directory, GroupOptions], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind, options = directory
    found, late = Memberships(options), time.monotonic()
    assert set(found.expanded(["anna"])) == OF_ANNA
    behind.fault, behind.groups["t0"] = fault, ("team-0", set())
    monkeypatch.setattr(under_test, "monotonic", lambda: late + 150)
    known = found.expanded(["anna"])
    assert (set(known), known.is_degraded) == (OF_ANNA, False)
    n = behind.n_requests
    found.expanded(["anna"])
    assert behind.n_requests == n  # it is left alone for some seconds
    monkeypatch.setattr(under_test, "monotonic", lambda: late + 199)
    found.expanded(["anna"])
    assert (behind.n_requests == n) == (fault == "busy")  # or as long as it says
    monkeypatch.setattr(under_test, "monotonic", lambda: late + 201)
    closed = found.expanded(["anna"])
    assert (set(closed), closed.is_degraded) == ({"anna"}, True)
    behind.fault = ""
    monkeypatch.setattr(under_test, "monotonic", lambda: late + 300)
    assert set(found.expanded(["anna"])) == {"anna", *(TEAMS - {"group:team-0"})}


def test_a_directory_that_hangs_delays_nobody_whose_groups_are_known(
    directory: tuple[Directory, GroupOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind, options = directory
    found, late = Memberships(options), time.monotonic()
    found.expanded(["anna"])
    behind.released.clear()
    strangers = [Thread(target=found.expanded, args=([name],)) for name in ("boris", "clara")]
    for one in strangers:
        one.start()
    assert set(found.expanded(["anna"])) == OF_ANNA
    monkeypatch.setattr(under_test, "monotonic", lambda: late + 150)  # too old, but good for a while
    strangers.append(Thread(target=found.expanded, args=(["anna"],)))
    strangers[-1].start()
    n = behind.n_requests
    while behind.n_requests == n:
        time.sleep(0.01)
    assert set(found.expanded(["anna"])) == OF_ANNA  # not waiting for the one that asks
    behind.released.set()
    for one in strangers:
        one.join()


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source and a lake of three documents: for all, for engineering, for anna."""
    folder = tmp_path_factory.mktemp("groups")
    (folder / "source").mkdir()
    for name, acl in (("open", None), ("eng", ["group:engineering"]), ("own", ["anna"])):
        (folder / "source" / f"{name}.md").write_text(f"# Pump {name}\n\nThe pump {name} needs oil.\n")
        if acl:
            (folder / "source" / f"{name}.md.meta.json").write_text(json.dumps({"acl": acl}))
    run(folder)
    return folder


def run(folder: Path, **words: Any) -> Outcome:
    job = Job((f"docs={folder / 'source'}",), str(folder / "lake"), RecipeOptions(embedder="hash"), **words)
    with PlainSteps() as steps:
        return reindex(job, steps)


def seen(index: lake.Index, principals: Any, **words: Any) -> set[str]:
    return {
        re.sub(r"\.md$", "", uri) for uri in index.search("pump", 9, principals=principals, **words)["uri"].to_pylist()
    }


def test_a_question_sees_what_its_groups_may_in_every_way_to_read(restricted: Path) -> None:
    url = str(restricted / "lake")
    configuration.put(Lake(url).store, "groups.members", NESTED)
    index = lake.open_lake(url, cache=CacheOptions(megabytes=8))
    for _ in range(2):  # searched, then from the cache
        assert seen(index, ["anna"]) == {"open", "eng", "own"}
        assert seen(index, ["otto"], mode="text") == {"open", "eng"}
        assert seen(index, ["group:backend"]) == {"open", "eng"}
        assert seen(index, ["mia"]) == seen(index, ()) == {"open"}
    assert seen(index, "*") == {"open", "eng", "own"}
    [eng] = [hit for hit in index.search("pump eng", 9, principals="*") if hit["uri"] == "eng.md"]
    assert index.document(eng["doc_id"], principals=["otto"])["uri"] == "eng.md"
    with pytest.raises(UsageError):
        index.document(eng["doc_id"], principals=["mia"])
    assert index.why_nothing("pump", principals=["otto"], filters={"uri": "own.md"})
    answer = index.answer("What does the pump eng need?", principals=["otto"])
    assert "eng.md" in set(answer.passages["uri"].to_pylist())


def test_a_lost_file_closes_what_needs_groups_and_the_cache_keeps_the_groups_apart(
    restricted: Path, tmp_path: Path
) -> None:
    url, file = str(restricted / "lake"), tmp_path / "groups.json"
    file.write_text(json.dumps(NESTED))
    configuration.obey(Lake(url).store, {"groups": {"url": str(file), "max_age": 1e-6, "stale_for": 0}})
    index = lake.open_lake(url, cache=CacheOptions(megabytes=8))
    assert seen(index, ["anna"]) == {"open", "eng", "own"}
    file.write_text(json.dumps({**NESTED, "backend": []}))  # she leaves the group
    assert seen(index, ["anna"]) == {"open", "own"}
    file.write_text(json.dumps(NESTED))
    assert seen(index, ["anna"]) == {"open", "eng", "own"}
    file.unlink()
    found = index.search("pump", 9, principals=["anna"])
    assert ({hit["uri"] for hit in found}, found.degraded) == ({"open.md", "own.md"}, ("groups",))
    assert index.search("pump", 9).degraded == ()


def test_a_run_over_rights_alone_parses_and_embeds_nothing_and_is_in_force_at_once(
    restricted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, sidecar = str(restricted / "lake"), restricted / "source" / "eng.md.meta.json"
    configuration.obey(Lake(url).store, {"groups": {"members": NESTED}})
    index = lake.open_lake(url)
    before = index.history().live
    (restricted / "source" / "new.md").write_text("# Pump new\n\nIt is new.\n")
    sidecar.write_text(json.dumps({"acl": ["group:board"]}))

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a run over rights did some work")

    for step in ("each_indexed", "embed", "submit", "collect", "commit", "audit", "publish"):
        monkeypatch.setattr(PlainSteps, step, never)
    outcome = run(restricted, rights_only=True)
    assert (outcome.reason, outcome.published, outcome.n_texts_embedded) == ("rights of 1 document changed", False, 0)
    assert seen(index, ["anna"]) == {"open", "own"}
    assert seen(index, ["group:board"]) == {"open", "eng"}
    assert index.history().live == before
    assert run(restricted, rights_only=True).reason == "nothing to do: no right changed"
    monkeypatch.undo()
    night = run(restricted)  # which has all the rest to do
    assert (night.published, night.added, night.changed) == (True, 1, 1)
    with pytest.raises(UsageError, match="no lake at"):
        reindex(Job((str(restricted / "source"),), str(restricted / "none"), rights_only=True), PlainSteps())
