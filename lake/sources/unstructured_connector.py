"""Connectors of unstructured-ingest as sources: ``unstructured:CONNECTOR?field=value``, such as sharepoint or jira."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import tempfile
from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, cast
from urllib.parse import parse_qsl

from lake.errors import InputError, TransientError, UsageError
from lake.sources.address import name_of, place_of
from lake.sources.blocks import whole
from lake.sources.protocol import SourceFile
from lake.storage.secrets import resolved

_LOCK = Lock()
#: Connectors that state who may read each file. If they can't find it out, they leave it out.
_KNOW_RIGHTS = ("box", "confluence", "google_drive", "onedrive", "sharepoint")
#: Connectors whose rights are too wide. Confluence's leaves out what restricts the pages above a page, lets editors
#: view a page that is restricted to others, and does not ask whether those who are named may enter the space.
_MISSTATE_RIGHTS = ("confluence",)
#: Fields by which an indexer stops early without saying so, though what a listing lacks counts as removed, and readers
#: that it lacks are locked out; and what stands for no bound.
_BOUNDS, _UNBOUNDED = ("max_num_",), 10**9
#: The same of a downloader: Discord's takes so many messages of a channel.
_BOUND_OF_DOWNLOADS = "limit"
#: Connectors whose listings take away what they list, so that the next one lacks it.
_CONSUMING = ("kafka-cloud", "kafka-local")
#: What a connector logs, and does not raise, if its listing lacks something: warnings with these words (of GitHub, and
#: of SharePoint's channels), and errors, but for those about rights: a file without them is for nobody.
_LACKING, _ABOUT_RIGHTS = re.compile("may be missing|silently missing"), "fetching permissions"
_PRINCIPALS = ("users", "groups", "access_classes")
#: What this process listed of each source, by uri: a download needs what the indexer found.
_found: dict[str, dict[str, Any]] = {}


class UnstructuredSource:
    """The files that a connector's indexer lists; each run lists all of them, so that removed ones are noticed.

    Options are the fields of the connector's own configurations, whichever of them has the name.
    """

    def __init__(self, url: str) -> None:
        self._root, self._name = url, place_of(url)
        try:
            import unstructured_ingest.processes.connectors  # noqa: F401 - registers what can be imported
            from unstructured_ingest.processes.connector_registry import source_registry
        except ImportError as error:
            raise UsageError(f"it needs unstructured-ingest: pip install 'raglake[unstructured]' ({error})") from error
        logging.getLogger("unstructured_ingest").setLevel(logging.ERROR)  # it warns of each file on some systems
        if self._name not in source_registry:
            raise UsageError(
                f"no connector {self._name!r}; there are {', '.join(sorted({*source_registry} - {*_CONSUMING}))}"
            )
        if self._name in _CONSUMING:
            raise UsageError(
                f"{self._name} lists each message once, so that the next run would remove its document; let messages "
                "name documents of another source: raglake watch SOURCE --events 'kafka://HOST:PORT/TOPIC?group=NAME'"
            )
        self._entry: Any = source_registry[self._name]
        query = parse_qsl(url.partition("?")[2], keep_blank_values=True)
        self._fields = {name: resolved(text) for name, text in query}
        self._folder = tempfile.TemporaryDirectory(prefix="raglake-")
        self._lock, self._listed = Lock(), cast("dict[str, Any] | None", None)
        self._configure()

    def _configure(self) -> None:
        """Distribute the options. Raises UsageError for those that no configuration has, or takes."""
        entry, left = self._entry, dict(self._fields)
        index = _taken(entry.indexer_config, left)
        connection = _taken(entry.connection_config, left)
        access_type = _access_type(entry.connection_config)
        access = _taken(access_type, left)
        if left:
            known = {
                name for kind in (entry.indexer_config, entry.connection_config, access_type) for name in _names(kind)
            }
            raise UsageError(f"the connector {self._name} has no {', '.join(left)}; it has {', '.join(sorted(known))}")
        if access_type is not None:
            connection["access_config"] = access
        with self._translated():
            index = dict.fromkeys(self._bounds(), _UNBOUNDED) | index
            made = entry.connection_config(**connection) if entry.connection_config else None
            words = {"connection_config": made} if made is not None else {}
            config = entry.indexer_config(**index) if entry.indexer_config else None
            self._indexer = entry.indexer(**words, **({"index_config": config} if config is not None else {}))
            unlimited = {_BOUND_OF_DOWNLOADS: None} if _BOUND_OF_DOWNLOADS in _names(entry.downloader_config) else {}
            download = (
                entry.downloader_config(download_dir=Path(self._folder.name), **unlimited)
                if entry.downloader_config
                else None
            )
            self._downloader = entry.downloader(**words, download_config=download)

    def _bounds(self) -> Iterator[str]:
        return (name for name in _names(self._entry.indexer_config) if name.startswith(_BOUNDS))

    def list(self) -> Iterator[SourceFile]:
        found = self._listed = self._indexed()
        with _LOCK:
            _found[self._root] = found
        for uri, data in found.items():
            yield self._unclear_is_closed(_file(uri, data))

    def _unclear_is_closed(self, file: SourceFile) -> SourceFile:
        """A file whose rights the connector should know and does not, or misstates, is for nobody."""
        unknown = file.acl is None and self._name in _KNOW_RIGHTS
        return file._replace(acl=[]) if unknown or self._name in _MISSTATE_RIGHTS else file

    def _indexed(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with self._translated(), _nothing_lacking(self._name):
            self._indexer.precheck()
            for data in _each(self._indexer):
                if data.source_identifiers is None:
                    raise UsageError(f"{self._name} gives rows in batches; use a database or a table as the source")
                uri = name_of(data.source_identifiers.relative_path.strip("/"), "")
                if uri in found:
                    uri = name_of(f"{data.identifier}-{data.source_identifiers.filename}".replace("/", "-"), "")
                found[uri] = data
        return found

    def read(self, uri: str) -> bytes:
        """The bytes of a file, which is downloaded into a folder that ends with this object."""
        with self._lock:
            if self._listed is None:
                with _LOCK:
                    self._listed = _found.get(self._root)
            if self._listed is None:  # another process listed; what this one lists is not kept, since it grows old
                self._listed = self._indexed()
        listed = self._listed.get(uri)
        if listed is None:
            raise FileNotFoundError(uri)
        with self._translated():
            run = self._downloader
            answer = asyncio.run(run.run_async(file_data=listed)) if run.is_async() else run.run(file_data=listed)
        if isinstance(answer, list):
            raise InputError("the connector made several files of it", "unreadable")
        path = Path(answer["path"])
        with path.open("rb") as file:
            data = whole(file)
        if Path(self._folder.name).resolve() in path.resolve().parents:  # else it is the original
            path.unlink()
        return data

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Errors of the connectors by what somebody can do about them."""
        from pydantic import ValidationError
        from unstructured_ingest import error as older
        from unstructured_ingest import errors_v2

        def both(*names: str) -> tuple[type[Exception], ...]:
            return tuple(getattr(module, name) for module in (older, errors_v2) for name in names)

        try:
            yield
        except both("UserAuthError") as error:
            raise PermissionError(str(error)) from error
        except both("RateLimitError", "ProviderError", "TimeoutError", "ConnectionError") as error:
            raise TransientError(f"{self._name}: {type(error).__name__}: {error}") from error
        except (ValidationError, errors_v2.ValueError, ImportError, *both("UserError")) as error:
            raise UsageError(f"{self._name}: {_told(error)}") from error
        except both("UnstructuredIngestError") as error:
            raise TransientError(f"{self._name}: {type(error).__name__}: {error}") from error


@contextmanager
def _nothing_lacking(name: str) -> Iterator[None]:
    """Raises TransientError for a listing that the connector itself logs to lack something."""
    logger, lacking = logging.getLogger("unstructured_ingest"), list[str]()

    def noticed(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _LACKING.search(text) or (record.levelno >= logging.ERROR and _ABOUT_RIGHTS not in text):
            lacking.append(text)
        return record.levelno >= logging.ERROR

    level = logger.level
    logger.addFilter(noticed)
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeFilter(noticed)
    if lacking:
        raise TransientError(f"{name}: {lacking[0]}; nothing of the listing is used")


def _told(error: Exception) -> str:
    """A message without the values that were wrong, which may be secrets."""
    problems = getattr(error, "errors", None)
    if problems is None:
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'options'}: {one['msg']}" for one in problems())


def _names(kind: Any) -> Mapping[str, Any]:
    return {name: one for name, one in kind.model_fields.items() if name != "access_config"} if kind else {}


def _taken(kind: Any, left: dict[str, str]) -> dict[str, Any]:
    """The options that are fields of a configuration, removed from what is left; lists and flags are JSON."""
    return {name: _value(left.pop(name)) for name in _names(kind) if name in left}


def _value(text: str) -> Any:
    if text[:1] in "[{" and text:
        with suppress(ValueError):
            return json.loads(text)
    return text


def _access_type(connection: Any) -> Any:
    """The class of the secret part of a connection's configuration."""
    field = connection.model_fields.get("access_config") if connection else None
    waiting = [field.annotation] if field is not None else []
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and hasattr(one, "model_fields"):
            return one
        metadata = getattr(one, "__pydantic_generic_metadata__", {})
        waiting += [*getattr(one, "__args__", ()), *metadata.get("args", ())]
    return None


def _each(indexer: Any) -> Iterator[Any]:
    if not indexer.is_async():
        yield from indexer.run()
        return

    async def collected(items: AsyncIterable[Any]) -> Any:
        return [item async for item in items]

    yield from asyncio.run(collected(indexer.run_async()))


def _file(uri: str, data: Any) -> SourceFile:
    about = data.metadata
    metadata = {"url": about.url} if about.url else None
    modified = _microseconds(about.date_modified)  # without that and a version, it is read in each run
    return SourceFile(uri, about.filesize_bytes, modified, about.version, metadata, _readers(about.permissions_data))


def _readers(permissions: Any) -> list[str] | None:
    """Users, groups and classes such as everybody with a licence that may read; None if the connector does not know.

    Nobody, if it states who may read in a form that is not understood.
    """
    known = [one["read"] for one in permissions or () if isinstance(one, Mapping) and "read" in one]
    if not known:
        return None
    names = [_names_in(one) for one in known]
    return sorted(set().union(*(some for some in names if some))) if None not in names else []


def _names_in(readers: Any) -> set[str] | None:
    """The names of one entry; None if it is not understood."""
    if not isinstance(readers, Mapping):
        return None
    lists = [readers.get(kind) or () for kind in _PRINCIPALS]
    if not all(isinstance(one, list | tuple | set | frozenset) for one in lists):
        return None
    return {str(name) for one in lists for name in one}


def _microseconds(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return int(float(text) * 1_000_000)
    except ValueError:
        pass
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    return None
