"""What a notification says has changed: keys of our own form, events of buckets, and pushes to a repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from lake.errors import UsageError
from lake.sources.scope import SourceScope

#: More documents than this, and the whole source is looked at.
_MOST = 5000
_MOST_CHARACTERS = 1100
#: A push names no more commits than this.
_MOST_COMMITS = 20


class Change(NamedTuple):
    """``keys`` are uris or folders of the source, "" for all of it; ``objects`` are ``bucket/key``."""

    keys: tuple[str, ...]
    objects: tuple[str, ...]


def change_of(value: Any) -> Change | None:
    """What changed; None if the form is unknown. Raises UsageError for a key that no document can have."""
    found = list(_all(value))
    if not found or None in found:
        return None
    keys = tuple(dict.fromkeys(key for one in found if one for key in one.keys))
    objects = tuple(dict.fromkeys(name for one in found if one for name in one.objects))
    if len(keys) + len(objects) > _MOST:
        return Change(("",), ())
    if any(len(name) > _MOST_CHARACTERS for name in (*keys, *objects)):
        raise UsageError(f"a key has at most {_MOST_CHARACTERS:,} characters")
    return Change(SourceScope.of(key for key in keys if key).keys + (("",) if "" in keys else ()), objects)


def _all(value: Any) -> Iterator[Change | None]:
    """Of several events each."""
    for one in value if isinstance(value, list) else [value]:
        yield _of_one(one) if isinstance(one, Mapping) else None


def _of_one(value: Mapping[str, Any]) -> Change | None:
    for read in (_of_keys, _of_records, _of_test, _of_push, _of_cloud):
        try:
            if (found := read(value)) is not None:
                return found
        except (KeyError, TypeError, AttributeError):
            continue
    return None


def _of_keys(value: Mapping[str, Any]) -> Change | None:
    """``{"keys": ["a.md", "minutes/"]}``."""
    keys = value["keys"]
    return Change(_texts(keys), ()) if isinstance(keys, list) else None


def _of_records(value: Mapping[str, Any]) -> Change | None:
    """S3 and MinIO, whose keys are encoded as in a form."""
    places = [(one["s3"]["bucket"]["name"], unquote_plus(one["s3"]["object"]["key"])) for one in value["Records"]]
    return Change((), _objects(places))


def _of_test(value: Mapping[str, Any]) -> Change | None:
    """What S3 and GitHub send when a hook is set up."""
    return Change((), ()) if value.get("Event") == "s3:TestEvent" or ("zen" in value and "hook" in value) else None


def _of_push(value: Mapping[str, Any]) -> Change | None:
    """A push to a repository of GitHub, Gitea or Forgejo."""
    commits = value["commits"]
    if not isinstance(commits, list) or "ref" not in value:
        return None
    if value.get("forced") or value.get("deleted") or len(commits) >= _MOST_COMMITS or not commits:
        return Change(("",), ())
    names = (name for one in commits for kind in ("added", "modified", "removed") for name in one.get(kind) or ())
    return Change(_texts(names), ())


def _of_cloud(value: Mapping[str, Any]) -> Change | None:
    """EventBridge (``detail``), and CloudEvents (``data``) of Google Cloud Storage, Azure and our own form."""
    data = value.get("detail") if "detail-type" in value else value.get("data")
    subject = value.get("subject", "")
    if isinstance(subject, str) and subject.startswith("/blobServices/default/containers/"):
        container, _, name = subject.removeprefix("/blobServices/default/containers/").partition("/blobs/")
        return Change((), _objects([(container, name)]))
    if data is None and "name" in value and "bucket" in value:  # a CloudEvent whose attributes are headers
        data = value
    if not isinstance(data, Mapping):
        return None
    if "object" in data:
        return Change((), _objects([(data["bucket"]["name"], data["object"]["key"])]))
    if "bucket" in data:
        return Change((), _objects([(data["bucket"], data["name"])]))
    return _of_keys(data) if "keys" in data else _of_records(data)


def _objects(places: Iterable[tuple[Any, Any]]) -> tuple[str, ...]:
    return _texts(
        f"{bucket}/{key}" if isinstance(bucket, str) and isinstance(key, str) else None for bucket, key in places
    )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    """The texts. Raises TypeError if one is none."""
    found = tuple(values)
    if not all(isinstance(one, str) and one == one.encode("utf-8", "replace").decode() for one in found):
        raise TypeError("a key is a text")
    return found
