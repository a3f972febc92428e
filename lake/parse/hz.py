"""HZ (RFC 1843): Chinese written in ASCII between ``~{`` and ``~}``."""

from __future__ import annotations

import re

_STRETCH = re.compile(rb"~\{((?:[!-}][!-~])+)~\}")
#: Rows of GB 2312 with punctuation and other scripts, and with the 3,755 characters in common use.
_SIGNS, _COMMON = range(0x21, 0x2A), range(0x30, 0x58)
_LEAST_COMMON, _CERTAIN = 0.7, 6


def hz_remark(data: bytes) -> str | None:
    r"""Whether ASCII is a text in HZ: None if not, else what to remark on it, which is empty if it is certain.

    Programs write ``~{`` too, so its pairs of bytes must be characters in common use. Bytes that look so in a text that
    breaks the rules of HZ elsewhere, are not decoded: their remark begins with ``us-ascii``.

    >>> hz_remark(b"~{RQKy2;S{#,NpJ)l6HK~}"), hz_remark(b"(format t ~{~a~^, ~})")
    ('', None)
    """
    if b"~{" not in data or not data.isascii():
        return None
    pairs = [one[i : i + 2] for one in _STRETCH.findall(data) for i in range(0, len(one), 2)]
    n_common = sum(pair[0] in _COMMON for pair in pairs)
    n_signs = sum(pair[0] in _SIGNS for pair in pairs)
    if n_common < 2 or n_common < _LEAST_COMMON * (len(pairs) - n_signs):
        return None
    try:
        data.decode("hz")
    except UnicodeDecodeError:
        return "us-ascii; also possible: hz-gb-2312"
    return "" if n_common >= _CERTAIN else "hz-gb-2312; also possible: us-ascii"
