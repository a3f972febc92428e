"""A folder of any file system that fsspec reaches, as a source."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from lake.errors import UsageError
from lake.parse.registry import MAX_BYTES
from lake.sources.blocks import whole
from lake.sources.protocol import SIDECAR_SUFFIX, SIDECAR_TABLE, SourceFile, is_misnamed, is_sidecar

#: Ends of names that a sidecar has, or nearly.
_ENDS = (SIDECAR_SUFFIX, SIDECAR_TABLE, f"{SIDECAR_SUFFIX}.txt", f"{SIDECAR_TABLE}.txt")
#: What S3 calls a refusal that is about who asks, not about an object.
_OF_LOGIN = (
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    *("RequestTimeTooSkewed", "RequestExpired", "InvalidSecurity", "NotSignedUp", "AccountProblem"),
)


class FsspecReader:
    """A folder of any file system that fsspec reaches."""

    def __init__(self, root: str, hidden: bool = False) -> None:
        self._root, self._hidden = root, hidden

    def list(self) -> Iterator[SourceFile]:
        details = self._filesystem.find(self._path, detail=True)
        if not details and not self._filesystem.exists(self._path):
            raise FileNotFoundError(self._root)
        yield from self._found(details)

    def names(self) -> Iterator[str]:
        """The names in the folder itself, of folders too."""
        yield from (path.rstrip("/").rpartition("/")[2] for path in self._filesystem.ls(self._path, detail=False))

    def named(self, uri: str) -> Iterator[SourceFile]:
        """What ``list`` yields of one object, or of everything below one folder; nothing if there is neither."""
        yield from self._found(self._filesystem.find(f"{self._path}/{uri}".rstrip("/"), detail=True))

    def holds_anything(self) -> bool:
        """Whether there is any object."""
        return bool(self._filesystem.exists(self._path))

    def _found(self, details: dict[str, Any]) -> Iterator[SourceFile]:
        folders = set[str]()
        for name, info in details.items():
            uri = name.removeprefix(self._path).removeprefix("/")  # a key may have more slashes than one in a row
            if self._hidden or "/." not in f"/{uri}":
                if not _is_mark_of_folder(uri, info):
                    yield _remote_found(uri, info)
                folders.update(_meant_as_sidecars(uri))
        yield from map(SourceFile, sorted(folders))  # reading one will reveal why

    def find(self, uri: str) -> SourceFile:
        """One file, as ``list`` would yield it."""
        return _remote_found(uri, self._filesystem.info(f"{self._path}/{uri}"))

    def read(self, uri: str) -> bytes:
        with self._login_errors(uri), self.open(uri) as file:
            # A file of known size is one request; in blocks it would be many.
            is_small = isinstance(size := getattr(file, "size", None), int) and size <= MAX_BYTES
            return bytes(file.read()) if is_small else whole(file)

    def open(self, uri: str) -> Any:
        """Open a binary file, which may be larger than memory. Raises IsADirectoryError for the mark of a folder."""
        if uri.endswith("/"):
            raise IsADirectoryError(uri)
        path = f"{self._path}/{uri}"
        file = self._filesystem.open(path, "rb")
        if getattr(file, "details", {}).get("type") == "directory":  # of the same name, which hides the object
            return io.BytesIO(self._filesystem.cat_file(path))
        return file

    @contextmanager
    def _login_errors(self, uri: str) -> Iterator[None]:
        """Tell a login that is refused from an object that is closed: the former says nothing of any document."""
        try:
            yield
        except PermissionError as error:
            if (code := self._refusal(uri, error)) in _OF_LOGIN:
                raise UsageError(
                    f"the login was refused when {self._root}/{uri} was read ({code}); "
                    "renew its credentials and run again"
                ) from error
            raise

    def _refusal(self, uri: str, error: PermissionError) -> str:
        """The code of a refusal; that of a request for the bytes, if the answer to one for the size could hold none."""
        if (code := _code(error)) == "403":
            try:
                self._filesystem.cat_file(f"{self._path}/{uri}", 0, 1)
            except PermissionError as second:
                return _code(second)
        return code

    @cached_property
    def _filesystem(self) -> Any:
        return filesystem_of(self._root)[0]

    @cached_property
    def _path(self) -> str:
        return filesystem_of(self._root)[1].rstrip("/")


def _code(error: PermissionError) -> str:
    """The code by which S3 refused a request; empty for other file systems."""
    answer = getattr(error.__cause__, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _meant_as_sidecars(uri: str) -> Iterator[str]:
    """Folders above a file that have the name of a sidecar, or nearly: one may be meant to restrict a document."""
    parts = uri.split("/")[:-1]
    if any(part.lower().endswith(_ENDS) for part in parts):
        folders = ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
        yield from (folder for folder in folders if is_sidecar(folder) or is_misnamed(folder))


def _is_mark_of_folder(uri: str, info: dict[str, Any]) -> bool:
    """Whether an object stands for a folder, as consoles of object stores make them: it has no bytes."""
    return uri.endswith("/") and not info.get("size")


def filesystem_of(url: str) -> tuple[Any, str]:
    """The file system behind a URL and the path in it. Raises UsageError if its scheme has none."""
    import fsspec

    scheme = url.partition(":")[0]
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"can't open {scheme}:// sources: {error}") from error
    filesystem.invalidate_cache()
    return filesystem, str(path)


def _remote_found(uri: str, info: dict[str, Any]) -> SourceFile:
    modified = next((info[k] for k in ("LastModified", "mtime", "created", "updated") if info.get(k)), None)
    if isinstance(modified, datetime):
        moment = modified if modified.tzinfo else modified.replace(tzinfo=UTC)
        modified = moment.timestamp()
    revision = info.get("ETag") or info.get("etag") or info.get("md5Hash")
    microseconds = int(modified * 1_000_000) if isinstance(modified, int | float) else None
    return SourceFile(uri, info.get("size"), microseconds, str(revision) if revision else None)
