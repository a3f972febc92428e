"""Text that was UTF-8, was read in another encoding by someone, and was written as UTF-8 again: "fÃ¼r" for "für".

Such text is valid, and what it said can only be guessed; it is kept as it is, and named.
"""

from __future__ import annotations

import re

from lake.parse.document import Omission

#: The encodings in which UTF-8 is usually misread.
_MISREAD_AS = ("cp1252", "cp1250", "cp1251", "cp437", "mac_roman")
#: The first letters of misread characters: Latin, punctuation, Cyrillic, Greek.
_LEADS = re.compile("[ÃÂâÄÅÐÑÎÏĂ\u0420\u0421Ĺ├┬─┼√¬ƒ≈]")
_RUN = re.compile(r"[^\x00-\x7f]{2,64}")
_MOST_RUNS = 2_000
_LEAST, _LEAST_SHARE = 2, 0.1


def twice_encoded(text: str) -> Omission | None:
    """A remark if two runs beyond ASCII, or the only one, and a tenth of all are misread UTF-8.

    >>> twice_encoded("Ã¼ber die TÃ¼r").place
    'it looks like UTF-8 that was read as cp1252 and written again: "Ã¼" for "ü"'
    >>> twice_encoded("über die Tür – „ja“")
    """
    if text.isascii() or not _LEADS.search(text):
        return None
    n_runs, found = 0, []
    for match in _RUN.finditer(text):
        n_runs += 1
        if meant := _meant(match[0]):
            found.append((match[0], *meant))
        if n_runs >= _MOST_RUNS:
            break
    if not found or len(found) < max(min(_LEAST, n_runs), _LEAST_SHARE * n_runs):
        return None
    run, encoding, meaning = found[0]
    place = f'it looks like UTF-8 that was read as {encoding} and written again: "{run[:12]}" for "{meaning[:12]}"'
    return Omission("guessed_encoding", 0, place)


def _meant(run: str) -> tuple[str, str] | None:
    """The encoding as which a run was misread, and what it meant; None if it is no misread UTF-8."""
    for encoding in _MISREAD_AS:
        try:
            meaning = run.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if len(meaning) < len(run) and meaning.isprintable():
            return encoding, meaning
    return None
