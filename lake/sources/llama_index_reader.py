"""Readers of LlamaIndex as sources: ``reader:MODULE.CLASS?argument=value``; each listing loads everything."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib import import_module
from threading import Lock
from typing import Any, cast
from urllib.parse import parse_qsl

from lake.errors import UsageError
from lake.ids import bytes_digest
from lake.sources.address import name_of, options_of, place_of, setting
from lake.sources.protocol import SourceFile
from lake.sources.rows import acl_of, common_acl, no_rights_in
from lake.sources.spool import Spool, known_spool, spool_of
from lake.sources.spooled import SpooledSource
from lake.storage.secrets import resolved

#: What LlamaIndex gives a document that its reader leaves without a name: another one each time.
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_BETWEEN = b"\n\n"
#: Arguments by which readers fail instead of leaving out what they can't read, which would count as removed.
_STRICT = {"raise_on_error": True, "fail_on_error": True, "continue_on_failure": False}


@dataclass(frozen=True)
class ReaderOptions:
    """Options besides the arguments of the reader itself."""

    name_by: str = setting("", "Metadata key that names a document; id_ for the reader's own name.")
    suffix: str = setting("txt", "Suffix that decides the parser, such as md.")
    keep: tuple[str, ...] = setting((), "Metadata keys that are kept; title, author, language and tags are known.")
    acl_by: str = setting("", "Metadata key with the users and groups that may see a document.")


class ReaderSource(SpooledSource):
    """The documents of a reader. Those with one name, such as the pages of a file, form one document."""

    options: Any = ReaderOptions

    def __init__(self, url: str) -> None:
        self._root, self._name = url, place_of(url)
        self._class = _class_of(self._name)
        self._lock, self._own = Lock(), cast("Spool | None", None)
        own = {one.name for one in fields(ReaderOptions)}
        given = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
        ours = "&".join(pair for pair in url.partition("?")[2].split("&") if pair.partition("=")[0] in own)
        self._options = options_of(f"reader:?{ours}", ReaderOptions)
        no_rights_in("keep", self._options.keep, "acl_by")
        self._arguments = {name: resolved(text) for name, text in given.items() if name not in own}

    def list(self) -> Iterator[SourceFile]:
        found = self._loaded()
        # Those that a run reads next are those that were listed.
        self._own = spool_of(self._root, "", ((uri, data) for uri, (data, _) in found.items()), fresh=True)
        for uri, (data, documents) in found.items():
            yield self._file(uri, data, documents)

    def _spool(self) -> Spool:
        """What this process listed; in a process that did not, what this object loads: an earlier one may be old."""
        with self._lock:
            if self._own is None:
                listed = known_spool(self._root, "")
                self._own = listed or Spool((uri, data) for uri, (data, _) in self._loaded().items())
            return self._own

    def _loaded(self) -> dict[str, tuple[bytes, Sequence[Any]]]:
        """Everything that the reader gives, by uri."""
        construct = _parameters(self._class)
        load = _parameters(self._class.load_data)
        unknown = [name for name in self._arguments if name not in construct and name not in load and "**" not in load]
        if unknown:
            raise UsageError(f"{self._name} takes no {', '.join(unknown)}; it takes {', '.join([*construct, *load])}")
        made = {name: _converted(text, construct[name]) for name, text in self._arguments.items() if name in construct}
        made = _strict(construct) | made
        given = {n: _converted(t, load.get(n)) for n, t in self._arguments.items() if n not in construct}
        given = _strict(load) | given
        try:
            reader = self._class(**made)
        except (TypeError, ValueError, ImportError) as error:
            raise UsageError(f"{self._name} can't be made: {error}") from error
        by_uri: dict[str, list[Any]] = {}
        suffix = f".{self._options.suffix.lstrip('.')}"
        for document in reader.load_data(**given):
            by_uri.setdefault(name_of(self._key(document), suffix), []).append(document)
        return {
            uri: (_BETWEEN.join((one.get_content() or "").encode("utf-8", "replace") for one in documents), documents)
            for uri, documents in by_uri.items()
        }

    def _key(self, document: Any) -> str:
        key = self._options.name_by
        if key and key != "id_":
            if document.metadata.get(key) in (None, ""):
                known = ", ".join(map(str, document.metadata))
                raise UsageError(f"{self._name} gives a document with no metadata {key!r}; it gives {known}")
            return str(document.metadata[key])
        name = str(document.id_)
        if not key and _RANDOM.fullmatch(name):
            raise UsageError(
                f"{self._name} seems to name documents at random, so that each run would index them anew; choose a "
                f"metadata key by name_by=KEY ({', '.join(document.metadata)}), or name_by=id_ if the names are its own"
            )
        return name

    def _file(self, uri: str, data: bytes, documents: Sequence[Any]) -> SourceFile:
        options = self._options
        metadata = {
            key: one.metadata[key] for one in reversed(documents) for key in options.keep if key in one.metadata
        }
        acls = [acl_of(one.metadata.get(options.acl_by)) for one in documents] if options.acl_by else []
        return SourceFile(uri, len(data), None, bytes_digest(data)[:32], metadata or None, common_acl(acls))


def _class_of(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{name} can't be imported ({error}); install its package, such as llama-index-core"
        ) from error
    if not (isinstance(found, type) and callable(getattr(found, "load_data", None))):
        raise UsageError(f"{name} is no reader of LlamaIndex: it has no load_data")
    return found


def _parameters(function: Any) -> Mapping[str, Any]:
    """Annotation of each parameter; ``**`` if there may be others."""
    found: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            found["**"] = Any
        elif parameter.name != "self":
            found[parameter.name] = parameter.annotation
    return found


def _strict(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _STRICT.items() if name in parameters}


def _converted(text: str, annotation: Any) -> Any:
    """JSON for parameters that take anything but a text."""
    if annotation is str or str(annotation) in ("str", "str | None", "typing.Optional[str]"):
        return text
    with suppress(ValueError):
        return json.loads(text)
    return {"True": True, "False": False}.get(text, text)
