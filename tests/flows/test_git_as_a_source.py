"""Git repositories as sources: the torture table at a branch, histories, and a server of dulwich's own."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

import pytest
from dulwich import porcelain
from dulwich.objects import Blob, Tree
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import WSGIRequestHandlerLogger, WSGIServerLogger, make_wsgi_chain

from lake.directory import Lake
from lake.errors import InputError, TransientError, UsageError
from lake.sources.listing import listing
from lake.sources.source import parse_source
from tests.torture import Rig, Torture, text


class GitRig(Rig):
    """A work tree whose changes are committed before each run; rights are stated by sidecars."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        porcelain.init(folder)
        self.settle()

    @property
    def url(self) -> str:
        return f"git:{self.folder}?ref=master"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        (self.folder / f"{name}.txt").write_text(text)
        if acl is not None:
            (self.folder / f"{name}.txt.meta.json").write_text(json.dumps({"acl": acl}))

    def delete(self, name: str) -> None:
        (self.folder / f"{name}.txt").unlink()

    def settle(self) -> None:
        porcelain.add(self.folder, [str(path) for path in self.folder.glob("*.*")])
        with Repo(self.folder) as repo:
            gone = [name for name in repo.open_index() if not (self.folder / name.decode()).exists()]
        if gone:
            porcelain.remove(self.folder, [str(self.folder / name.decode()) for name in gone])
        porcelain.commit(self.folder, message=b"an edit", author=b"A <a@example.org>", committer=b"A <a@example.org>")

    @contextmanager
    def broken(self) -> Iterator[None]:
        """The tree of the newest commit is lost."""
        self.settle()
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        with Repo(self.folder) as repo:
            tree = repo[repo.head()].tree.decode()  # type: ignore[union-attr]
        lost = self.folder / ".git" / "objects" / tree[:2] / tree[2:]
        lost.rename(self.folder.parent / "lost")
        yield
        (self.folder.parent / "lost").rename(lost)
        self.settle = settle  # type: ignore[method-assign]

    @contextmanager
    def refused(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        (self.folder / ".git").rename(self.folder / "git")
        yield
        (self.folder / "git").rename(self.folder / ".git")
        self.settle = settle  # type: ignore[method-assign]


class AtCommit(GitRig):
    """The same repository at one of its commits."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.folder, self._commit = folder, commit

    @property
    def url(self) -> str:
        return f"git:{self.folder}?ref={self._commit}"

    def settle(self) -> None:
        """Nothing more is committed."""


def test_the_torture_table(tmp_path: Path) -> None:
    Torture(GitRig(tmp_path / "repo"), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


def test_a_file_whose_object_is_damaged_costs_that_file_only(tmp_path: Path) -> None:
    rig = GitRig(tmp_path / "repo")
    torture = Torture(rig, str(tmp_path / "lake"))
    for name in ("a", "b", "c"):
        rig.put(name, text(name))
    assert torture.run().added == 3
    rig.put("a", text("a", 1))
    rig.put("b", text("b", 1))
    rig.delete("c")
    rig.settle()
    lost = object_of(rig.folder, "b.txt")
    inside = lost.read_bytes()
    lost.chmod(0o600)
    for damaged in (b"no object", b""):
        lost.write_bytes(damaged)
        for _ in range(2):
            outcome = torture.run()
            assert any("b.txt of docs could not be read and stays as it was" in remark for remark in outcome.remarks)
        assert outcome.reason == "nothing to do"
    assert (outcome.n_documents, outcome.n_quarantined) == (2, 0)
    lost.write_bytes(inside)
    assert torture.run().changed == 1
    torture.compare(str(tmp_path / "fresh"))


def object_of(folder: Path, name: str) -> Path:
    """The file that holds what is committed of a file."""
    digest = Blob.from_string((folder / name).read_bytes()).id.decode()
    return folder / ".git" / "objects" / digest[:2] / digest[2:]


def test_each_commit_is_a_release_and_a_rollback_equals_a_checkout(tmp_path: Path) -> None:
    rig = GitRig(tmp_path / "repo")
    torture = Torture(rig, str(tmp_path / "lake"))
    commits, releases = [], []
    for n in range(3):
        rig.put(f"a{n}", f"The paper number {n} is about ballast.\n")
        releases.append(torture.run().release)
        with Repo(rig.folder) as repo:
            commits.append(repo.head().decode())
    history = torture.lake.log.read()
    assert [history.source_versions(release) for release in releases if release] == [{"docs": one} for one in commits]
    fresh = Torture(AtCommit(rig.folder, commits[1]), str(tmp_path / "fresh"))
    fresh.run()
    second = Lake(str(tmp_path / "lake")).log.read().releases[str(releases[1])]
    assert fresh.live() == second.digest


def test_only_files_below_a_path_are_listed_and_links_are_not(tmp_path: Path) -> None:
    rig = GitRig(tmp_path / "repo")
    (rig.folder / "docs").mkdir()
    for name in ("docs/ü.md", "docs/.hidden.md", "top.md", "docs/a b.md"):
        (rig.folder / name).write_text(name)
    (rig.folder / "docs" / "link.md").symlink_to("a b.md")
    porcelain.add(rig.folder, [str(path) for path in rig.folder.rglob("*.md")])
    rig.settle()
    source = parse_source(f"git:{rig.folder}?path=docs")
    assert listing([source])["uri"].to_pylist() == ["a b.md", "ü.md"]
    assert source.read("ü.md") == "docs/ü.md".encode()
    for options in ("ref=nobody", "path=nowhere", "path=top.md"):
        with pytest.raises(UsageError, match=options.partition("=")[2]):
            listing([parse_source(f"git:{rig.folder}?{options}")])


@pytest.mark.parametrize("kind", ["link", "folder", "submodule", "link with capitals"])
def test_what_has_the_name_of_a_sidecar_and_is_no_file_hides_its_document(tmp_path: Path, kind: str) -> None:
    rig = GitRig(tmp_path / "repo")
    for name in ("secret", "open"):
        rig.put(name, f"The {name} plan of the harbour.\n")
    torture = Torture(rig, str(tmp_path / "lake"))
    torture.run()
    assert torture.may_see() == {}
    name = "secret.txt.Meta.JSON" if kind == "link with capitals" else "secret.txt.meta.json"
    commit_odd(rig.folder, name, kind.split()[0])
    rig.settle = lambda: None  # type: ignore[method-assign] # which would commit the index
    [remark] = torture.run().remarks
    assert name in remark
    assert torture.may_see() == {"secret.txt": []}


def commit_odd(folder: Path, name: str, kind: str) -> None:
    """Commit a link, a folder or a submodule of this name."""
    with Repo(folder) as repo:
        commit: Any = repo[repo.head()]
        tree: Any = repo[commit.tree]
        target, inside = Blob.from_string(b"elsewhere.json"), Tree()
        inside.add(b"a.txt", 0o100644, target.id)
        kinds = {"link": (0o120000, target.id), "folder": (0o040000, inside.id), "submodule": (0o160000, b"1" * 40)}
        tree.add(name.encode(), *kinds[kind])
        commit.parents, commit.tree = [commit.id], tree.id
        for one in (target, inside, tree, commit):
            repo.object_store.add_object(one)
        repo.refs[b"refs/heads/master"] = commit.id


def test_a_file_of_lfs_is_read_if_it_was_fetched_and_its_pointer_never(tmp_path: Path) -> None:
    rig = GitRig(tmp_path / "repo")
    data = b"The crane of the harbour lifts ballast.\n"
    name = hashlib.sha256(data).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(data)}\n"
    rig.put("a", pointer)
    rig.put("b", f"A pointer has this form:\n{pointer}")
    rig.settle()
    source = parse_source(rig.url)
    a, b = source.read_each(["a.txt", "b.txt"])
    assert isinstance(a, InputError)
    assert "git lfs fetch" in str(a)
    assert isinstance(b, bytes)
    held = rig.folder / ".git" / "lfs" / "objects" / name[:2] / name[2:4] / name
    held.parent.mkdir(parents=True)
    held.write_bytes(data)
    assert source.read("a.txt") == data


def test_what_a_repository_lacks_is_named(tmp_path: Path) -> None:
    rig = GitRig(tmp_path / "repo")
    rig.put("a", "The paper a.\n")
    rig.settle()
    with pytest.raises(UsageError, match="'mister'; did you mean master"):
        listing([parse_source(f"git:{rig.folder}?ref=mister")])
    blob = Blob.from_string(b"The paper a.\n").id.decode()
    (rig.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()  # as in a partial clone
    source = parse_source(rig.url)
    assert listing([source])["uri"].to_pylist() == ["a.txt"]
    with pytest.raises(UsageError, match=f"lacks the object {blob} of a.txt; if it is a partial clone"):
        source.read("a.txt")
    porcelain.init(tmp_path / "empty").close()
    with pytest.raises(UsageError, match="'HEAD'; it has no commit yet"):
        listing([parse_source(f"git:{tmp_path / 'empty'}")])


def test_a_history_that_was_rewritten_is_listed_anew(tmp_path: Path) -> None:
    rig = GitRig(tmp_path / "repo")
    torture = Torture(rig, str(tmp_path / "lake"))
    rig.put("a", "One text of the harbour.\n")
    torture.run()
    shutil.rmtree(rig.folder)
    other = GitRig(rig.folder)
    other.put("b", "Another text of the harbour.\n")
    assert torture.run(allow_removals=1).added == 1


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[GitRig, str, list[str]]]:
    """A repository over HTTP, its address, and what the server answers first, one status for each request."""
    rig, refusals = GitRig(tmp_path / "repo"), list[str]()
    wanted = "Basic " + base64.b64encode(b"git:s3cr3t").decode()

    def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if refusals:
            start(refusals.pop(), [])
            return [b""]
        if environ.get("HTTP_AUTHORIZATION") != wanted:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"')])
            return [b""]
        with Repo(rig.folder) as repo:
            return [*make_wsgi_chain(DictBackend({"/forbidden/401.git": repo}))(environ, start)]

    server = make_server("127.0.0.1", 0, guarded, handler_class=WSGIRequestHandlerLogger, server_class=WSGIServerLogger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield rig, f"git+http://127.0.0.1:{server.server_port}/forbidden/401.git?ref=master", refusals
    server.shutdown()
    server.server_close()


def test_a_remote_repository_is_fetched_and_only_changes_are_listed(
    tmp_path: Path, served: tuple[GitRig, str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, url, refusals = served
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_TOKEN", "s3cr3t")
    for name in ("a", "b"):
        rig.put(name, f"The paper {name}.\n")
    rig.settle()
    source = parse_source(f"{url}&token=$GIT_TOKEN")
    *_, cursor = source.changes(None)
    rig.delete("a")
    rig.put("c", "The paper c.\n")
    rig.settle()
    changed = list(parse_source(f"{url}&token=$GIT_TOKEN").changes(cursor[0]))
    assert sorted(item[0] for item in changed[:-1]) == ["a.txt", "c.txt"]
    assert source.read("c.txt") == b"The paper c.\n"
    with pytest.raises(UsageError, match="no branch or tag"):
        list(parse_source(f"{url.replace('master', 'nobody')}&token=$GIT_TOKEN").changes(None))
    monkeypatch.setenv("GIT_TOKEN", "s3cr3t-wrong")
    with pytest.raises(UsageError, match="check its credentials") as raised:
        list(parse_source(f"{url}&token=$GIT_TOKEN").changes(None))
    assert "s3cr3t" not in str(raised.value)
    refusals.append("429 Too Many Requests")
    with pytest.raises(TransientError, match="could not fetch"):
        list(parse_source(f"{url}&token=$GIT_TOKEN").changes(None))
