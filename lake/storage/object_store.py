"""A lake's files in an S3-compatible bucket."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lake.errors import UsageError
from lake.storage.failures import service_failures
from lake.storage.protocol import Stored


class ObjectStore:
    """A prefix of an S3-compatible bucket; endpoint and keys come from the usual AWS environment."""

    def __init__(self, url: str) -> None:
        try:
            import s3fs
        except ImportError as error:
            raise UsageError("a lake on s3:// needs s3fs: pip install 's3fs'") from error
        self.url = url
        self._root = url.removeprefix("s3://")
        with service_failures(url):
            self._fs = s3fs.S3FileSystem(use_listings_cache=False)
        # Tries of s3fs; each makes AWS_MAX_ATTEMPTS (default 5) tries of botocore's, which take up to 15 s each.
        self._fs.retries = 2

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"

    def read(self, path: str) -> bytes:
        with service_failures(self.url):
            return bytes(self._fs.cat_file(self._path(path)))

    def write(self, path: str, data: bytes) -> None:
        with service_failures(self.url):
            self._fs.pipe_file(self._path(path), data)

    def put_if_absent(self, path: str, data: bytes) -> bool:
        try:
            with service_failures(self.url):
                self._fs.pipe_file(self._path(path), data, mode="create")
        except FileExistsError:
            # A client that retries after a lost response finds what it wrote itself.
            return self.read(path) == data
        return True

    def names(self, folder: str) -> list[str]:
        try:
            with service_failures(self.url):
                found = self._fs.ls(self._path(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(name.rsplit("/", 1)[-1] for name in found)

    def walk(self, folder: str = "") -> Iterator[Stored]:
        with service_failures(self.url):
            found = self._fs.find(self._path(folder).rstrip("/"), detail=True)
        for path, facts in found.items():
            yield Stored(path.removeprefix(f"{self._root}/"), facts["size"], facts["LastModified"])

    def delete(self, path: str) -> None:
        with suppress(FileNotFoundError), service_failures(self.url):
            self._fs.rm_file(self._path(path))

    def delete_folder(self, folder: str) -> None:
        with suppress(FileNotFoundError), service_failures(self.url):
            self._fs.rm(self._path(folder), recursive=True)

    def delete_empty_folders(self, folder: str) -> None:
        """Does nothing: an object store has no folders."""

    def open_input(self, path: str) -> Any:
        return io.BytesIO(self.read(path))

    def flush(self) -> None:
        """Does nothing: an object store acknowledges only durable writes."""
