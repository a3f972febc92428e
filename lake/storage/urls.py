"""URLs are stored, logged and shown; credentials in them would be as well."""

from __future__ import annotations

import re

from lake.errors import UsageError

_USER = re.compile(r"\b([a-z][a-z0-9+.-]*)://([^/?#]*)@", re.IGNORECASE)
_QUERY = re.compile(
    r"[?&;#]((?:[\w.-]*(?:token|secret|password|passwd|signature|credentials?|api[_-]?key|access[_-]?key))|sig|key|auth)=",
    re.IGNORECASE,
)
#: For forms, which are stored before anybody can refuse them.
PATTERN = r"^(?![\s\S]*://[^/?#]*:[^/?#]*@)(?![\s\S]*[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*@)"


def without_credentials(url: str) -> str:
    """The URL as it is. Raises UsageError, which does not repeat them, if it holds credentials.

    >>> without_credentials("abfs://container@account.dfs.core.windows.net/docs")
    'abfs://container@account.dfs.core.windows.net/docs'
    """
    for scheme, user in _USER.findall(url):
        if ":" in user or scheme.lower() in ("http", "https"):
            raise UsageError(
                f"a {scheme}:// URL holds credentials before the @, and URLs are stored and shown; "
                f"remove them and {_way(scheme.lower())}"
            )
    if "://" in url and (found := _QUERY.search(url)):
        raise UsageError(
            f"a URL holds credentials in {found[1]!r}, and URLs are stored and shown; "
            f"remove them and {_way(url.split('://', 1)[0].rpartition('=')[2].lower())}"
        )
    return url


def _way(scheme: str) -> str:
    """How credentials get to the library that reads this scheme."""
    if scheme in ("s3", "s3a"):
        return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use an AWS profile"
    if scheme in ("http", "https"):
        headers = '{"client_kwargs": {"headers": {"Authorization": "Bearer ..."}}}'
        return f"set the environment variable FSSPEC_{scheme.upper()}='{headers}'"
    return f"set them in the environment, as FSSPEC_{re.sub('[^A-Z0-9]', '_', scheme.upper())}_NAME=VALUE"
