"""URLs are stored, logged and shown; credentials in them would be as well."""

from __future__ import annotations

import re

from lake.errors import UsageError

_USER = re.compile(r"\b([a-z][a-z0-9+.-]*)://([^/?#]*)@", re.IGNORECASE)
#: A reference to a secret (lake/storage/secrets.py) is none.
_QUERY = re.compile(
    r"[?&;#]((?:[\w.-]*(?:token|secret|password|passwd|signature|credentials?|api[_-]?key|access[_-]?key|authorization))"
    r"|sig|key|auth)=(?!(?:(?:\$|%24)[A-Za-z_]\w*|block:(?:[a-z0-9-]+(?:/|%2[Ff]))?[a-z0-9-]+(?:\.\w+)?)(?:[&#]|$))",
    re.IGNORECASE,
)
#: A URL with or without ``//``; a name may stand before it.
_SCHEME = re.compile(r"(?:[A-Za-z][\w.-]*=)?([a-z][a-z0-9+.-]+):", re.IGNORECASE)
#: Schemes of sources that resolve references, and what else holds their credentials.
_WITH_REFERENCES = {
    **dict.fromkeys(("postgresql", "postgres"), ", or set PGPASSWORD, or use ~/.pgpass"),
    **dict.fromkeys(("imap", "imaps", "reader", "unstructured", "web+https", "web+http", "git+https", "git+http"), ""),
}
#: For forms, which are stored before anybody can refuse them.
PATTERN = r"^(?![\s\S]*://[^/?#]*:[^/?#]*@)(?![\s\S]*[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*@)"


def without_credentials(url: str) -> str:
    """The URL as it is. Raises UsageError, which does not repeat them, if it holds credentials.

    >>> without_credentials("abfs://container@account.dfs.core.windows.net/docs")
    'abfs://container@account.dfs.core.windows.net/docs'
    """
    for scheme, user in _USER.findall(url):
        if ":" in user or scheme.lower().endswith(("http", "https")):
            raise UsageError(
                f"a {scheme}:// URL holds credentials before the @, and URLs are stored and shown; "
                f"remove them and {_way(scheme.lower())}"
            )
    scheme = _SCHEME.match(url)
    if ("://" in url or scheme) and (found := _QUERY.search(url)):
        raise UsageError(
            f"a URL holds credentials in {found[1]!r}, and URLs are stored and shown; "
            f"remove them and {_way(scheme[1].lower() if scheme else '')}"
        )
    return url


def _way(scheme: str) -> str:
    """How credentials get to the library that reads this scheme."""
    if scheme in ("s3", "s3a"):
        return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use an AWS profile"
    if scheme in ("http", "https"):
        headers = '{"client_kwargs": {"headers": {"Authorization": "Bearer ..."}}}'
        return f"set the environment variable FSSPEC_{scheme.upper()}='{headers}'"
    if scheme in _WITH_REFERENCES:
        return f"name an environment variable instead, as in password=$NAME{_WITH_REFERENCES[scheme]}"
    return f"set them in the environment, as FSSPEC_{re.sub('[^A-Z0-9]', '_', scheme.upper())}_NAME=VALUE"
