"""The state of a file, by which a source that is one file knows whether to read it again."""

from __future__ import annotations

import os
import time
from typing import Any

from lake.sources.remote import filesystem_of

#: A file that is younger may still change without a new time stamp.
_RACY_SECONDS = 0.1
#: What file systems call the revision of an object, or else the time of its last change: S3, Azure, Google, HTTP.
_MARKS = (
    *("ETag", "etag", "md5Hash", "Content-MD5", "Digest"),
    *("LastModified", "last_modified", "Last-Modified", "mtime", "updated", "created"),
)


def state_of(path: str) -> list[Any]:
    """Size, times and identity of a file; waits until a later change of it could be told by them."""
    if "://" in path:
        filesystem, inner = filesystem_of(path)
        info = filesystem.info(inner)
        return [path, info.get("size"), str(next(filter(None, map(info.get, _MARKS)), None))]
    status = os.stat(path)
    age = time.time() - max(status.st_mtime, status.st_ctime)
    if 0 <= age < _RACY_SECONDS:
        time.sleep(_RACY_SECONDS - age)
        return state_of(path)
    return [path, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns]
