"""Git repositories as sources: ``git:FOLDER?ref=main``, ``git+https://HOST/REPO.git?ref=v1.2``, ``git+ssh://...``."""

from __future__ import annotations

import os
import re
import stat
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, cast

from lake.errors import TransientError, UsageError
from lake.ids import value_digest
from lake.reporting import did_you_mean
from lake.sources.address import options_of, place_of, setting
from lake.sources.lfs import pointed_at
from lake.sources.local import name_bytes, readable_name
from lake.sources.protocol import Cursor, CursorLost, Removal, SourceFile, is_misnamed, is_sidecar
from lake.storage.secrets import hidden

_SCHEMES = ("git+https", "git+http", "git+ssh")
#: What the server answers with one of these words must be corrected by somebody. They may stand in an address as well.
_CLOSED = re.compile(r"\b40[13]\b|authentication|unauthorized|permission denied|forbidden", re.IGNORECASE)
_ADDRESS = re.compile(r"\w+://\S+")
#: What a cursor begins with. Raise the number if more is listed of a commit than before.
_POSITION = "2 "


@dataclass(frozen=True)
class GitOptions:
    """Options of a Git repository."""

    ref: str = setting("HEAD", "Branch, tag or commit whose files are indexed.")
    path: str = setting("", "Folder in the repository, if not all of it is wanted.")
    user: str = setting("", "Name for a server that wants one, for instance x-access-token.")
    token: str = setting("", "$VARIABLE or block:NAME with a token or password for that server.", secret=True)


class GitSource:
    """The files of a commit; what differs between two commits is read from their trees, so no listing is ever full.

    A remote repository is fetched, without its history, into ``raglake/git`` of the user's cache folder.
    """

    options = GitOptions

    def __init__(self, url: str) -> None:
        self._scheme, self._place = url.partition(":")[0], place_of(url)
        self._options = options_of(url, GitOptions)
        self._folder = self._options.path.strip("/").encode()
        self._lock = RLock()
        self._names: dict[bytes, bytes | None] | None = None
        try:
            import dulwich.repo
        except ImportError as error:
            raise UsageError(f"Git needs dulwich: pip install 'raglake[git]' ({error})") from error
        self._repo: Any = None
        if self._scheme not in _SCHEMES:
            self._open(dulwich.repo.Repo, self._place)

    def _open(self, kind: Any, place: str) -> None:
        from dulwich.errors import NotGitRepository

        try:
            self._repo = kind(place)
        except NotGitRepository as error:
            raise FileNotFoundError(f"{place} is no Git repository") from error
        weakref.finalize(self, self._repo.close)

    def list(self) -> Iterator[SourceFile]:
        for item in self.changes(None):
            if isinstance(item, SourceFile):
                yield item

    def changes(self, since: str | None) -> Iterator[SourceFile | Removal | Cursor]:
        from dulwich.diff_tree import tree_changes

        with self._lock:
            commit = self._commit(is_listing=True)
            old = None if since is None else self._known_tree(since)
            changes = tree_changes(
                self._repo.object_store, old, self._tree(commit), include_trees=True, change_type_same=True
            )
            for change in changes:
                gone, new = change.old, change.new
                if new is not None and _is_listed(new):
                    yield SourceFile(_uri(new.path), etag=new.sha.decode())
                elif gone is not None and _is_listed(gone):
                    yield Removal(_uri(gone.path))
            yield Cursor(_POSITION + commit.id.decode(), commit.id.decode())

    def read(self, uri: str) -> bytes:
        with self._lock:
            if self._names is None:
                self._names = self._blobs()
            name = name_bytes(uri)
            if name not in self._names:
                raise FileNotFoundError(uri)
            sha = self._names[name]
            if sha is None:
                raise IsADirectoryError(uri)
            try:
                data = bytes(self._repo[sha].data)
            except KeyError as error:
                raise UsageError(
                    f"{self._place} lacks the object {sha.decode()} of {uri}; if it is a partial clone, fetch what it "
                    "lacks, or name a full one"
                ) from error
            return pointed_at(data, self._repo.commondir())

    def _blobs(self) -> dict[bytes, bytes | None]:
        """The ids of all that is listed, by path; None for what is no file."""
        from dulwich.object_store import iter_tree_contents

        tree = self._tree(self._commit(is_listing=False))
        entries = iter_tree_contents(self._repo.object_store, tree, include_trees=True)
        return {one.path: one.sha if _is_file(one) else None for one in entries if _is_listed(one)}

    def _known_tree(self, position: str) -> Any:
        commit = position.removeprefix(_POSITION)
        if commit == position:
            raise CursorLost("an earlier version listed no links and submodules with the names of sidecars")
        try:
            return self._tree(self._repo[commit.encode()])
        except (KeyError, ValueError, FileNotFoundError) as error:
            raise CursorLost(f"the commit {commit} is not there any more") from error

    def _tree(self, commit: Any) -> Any:
        """The id of the tree of the wanted folder. Raises FileNotFoundError if the commit has none."""
        from dulwich.object_store import tree_lookup_path

        if not self._folder:
            return commit.tree
        try:
            mode, sha = tree_lookup_path(self._repo.__getitem__, commit.tree, self._folder)
        except (KeyError, NotADirectoryError) as error:
            raise FileNotFoundError(f"{self._options.path} in {self._options.ref}") from error
        if not stat.S_ISDIR(mode):
            raise FileNotFoundError(f"{self._options.path} in {self._options.ref} is no folder")
        return sha

    def _commit(self, *, is_listing: bool) -> Any:
        if self._scheme in _SCHEMES:
            self._mirror(is_listing)
            return self._repo[self._repo.refs[self._mirrored]]
        from dulwich.objectspec import parse_commit

        try:
            return parse_commit(self._repo, self._options.ref)
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"{self._place} has no branch, tag or commit {self._options.ref!r}{self._meant()}"
            ) from error

    def _meant(self) -> str:
        """The end of a message about a ref that there isn't."""
        known = [name.decode("utf-8", "replace").split("/", 2)[-1] for name in self._repo.refs if b"/" in name]
        return did_you_mean(self._options.ref, known, f"it has {', '.join(sorted(known)[:10]) or 'no commit yet'}")

    @property
    def _mirrored(self) -> bytes:
        """The ref under which a mirror keeps the commit that was fetched last."""
        return b"refs/raglake/" + value_digest([self._options.ref])[:16].encode()

    def _mirror(self, is_listing: bool) -> None:
        """Fetch the ref, or whatever was fetched last if no listing is made."""
        from dulwich.repo import Repo

        root = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        folder = root / "raglake" / "git" / value_digest([self._scheme, self._place])[:32]
        if self._repo is None:
            if not (folder / "HEAD").exists():
                folder.mkdir(parents=True, exist_ok=True)
                Repo.init_bare(str(folder))
            self._open(Repo, str(folder))
        if not is_listing and self._mirrored in self._repo.refs:
            return
        self._repo.refs[self._mirrored] = self._fetched()

    def _fetched(self) -> bytes:
        from dulwich.client import HTTPProxyUnauthorized, HTTPUnauthorized, get_transport_and_path
        from dulwich.errors import GitProtocolError, HangupException, NotGitRepository

        address = f"{self._scheme.removeprefix('git+')}:{self._place}"
        options = self._options
        words: dict[str, Any] = {"username": options.user or "git", "password": options.token} if options.token else {}
        wanted: list[Any] = []

        def wants(refs: Any, depth: int | None = None) -> list[Any]:
            wanted[:] = [_advertised(refs, options.ref, address)]
            return wanted if wanted[0] not in self._repo.object_store else []

        try:
            client, path = get_transport_and_path(address, quiet=True, **words)
            client.fetch(path, self._repo, determine_wants=cast(Any, wants), depth=1)
        except (HTTPUnauthorized, HTTPProxyUnauthorized) as error:
            raise PermissionError(hidden(str(error))) from None
        except (GitProtocolError, HangupException, NotGitRepository, OSError) as error:
            message = hidden(f"{type(error).__name__}: {error}")
            if _CLOSED.search(_ADDRESS.sub("", message)):
                raise PermissionError(message) from None
            if isinstance(error, NotGitRepository):
                raise FileNotFoundError(address) from None
            raise TransientError(f"could not fetch {address}: {message}") from None
        commit: Any = self._repo[wanted[0]]
        while commit.type_name == b"tag":
            commit = self._repo[commit.object[1]]
        return bytes(commit.id)


def _advertised(refs: Any, ref: str, address: str) -> bytes:
    """The id that a server gives for a branch or tag; a commit's id stands for itself."""
    for prefix in ("", "refs/heads/", "refs/tags/", "refs/"):
        if (sha := refs.get(f"{prefix}{ref}".encode())) is not None:
            return bytes(sha)
    if len(ref) == 40 and all(letter in "0123456789abcdef" for letter in ref):
        return ref.encode()
    raise UsageError(f"{address} has no branch or tag {ref!r}; name one, or a commit by all 40 letters")


def _is_file(entry: Any) -> bool:
    return entry.mode is not None and stat.S_ISREG(entry.mode)


def _is_listed(entry: Any) -> bool:
    """Links, submodules and folders are no documents, but with the name of a sidecar they may restrict one."""
    return _is_file(entry) or is_sidecar(uri := _uri(entry.path)) or is_misnamed(uri)


def _uri(path: bytes) -> str:
    return readable_name(os.fsdecode(path))
