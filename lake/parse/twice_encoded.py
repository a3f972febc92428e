"""Text that was UTF-8, was read in another encoding by someone, and was written as UTF-8 again: "fÃ¼r" for "für".

Such text is valid, and what it said can only be guessed; it is kept as it is, and named. But if it was read as Latin-1,
some of its letters became control characters, which no text has and none can keep: they prove what it said.
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
#: A character of UTF-8 that was read as Latin-1.
_AS_LATIN = re.compile("[\xc2-\xf4][\x80-\xbf]{1,3}")
#: NEL is missing, as it ends lines.
_CONTROL = re.compile("[\x80-\x84\x86-\x9f]")
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
        # Without such a letter it is a word: "’é" of "l’été" would be Armenian in Mac Roman.
        if _LEADS.search(match[0]) and (meant := _meant(match[0])):
            found.append((match[0], *meant))
        if n_runs >= _MOST_RUNS:
            break
    if not found or len(found) < max(min(_LEAST, n_runs), _LEAST_SHARE * n_runs):
        return None
    run, encoding, meaning = found[0]
    place = f'it looks like UTF-8 that was read as {encoding} and written again: "{run[:12]}" for "{meaning[:12]}"'
    return Omission("guessed_encoding", 0, place)


def without_latin_controls(text: str) -> tuple[str, Omission | None]:
    r"""``text`` with what control characters above ASCII stood for, and a remark if there were some.

    >>> without_latin_controls("1986\xe2\x80\x931990")[0], without_latin_controls("\x93Quay\x94")[0]
    ('1986–1990', '“Quay”')
    """
    if text.isascii() or not _CONTROL.search(text):
        return text, None
    misread = next((match[0] for match in _AS_LATIN.finditer(text) if _is_proof(match[0])), None)
    if misread is not None:
        shown, meaning = misread, _of_utf8(misread)
        text = _AS_LATIN.sub(lambda match: _of_utf8(match[0]), text)
    else:
        shown = _CONTROL.findall(text)[0]
        meaning = _CONTROL.sub(_of_windows, shown)
    kind = "UTF-8" if misread else "cp1252"
    place = f'it holds {kind} that was read as Latin-1 and written again; {shown!a} is read as "{meaning}"'
    return _CONTROL.sub(_of_windows, text), Omission("guessed_encoding", 0, place)


def _is_proof(run: str) -> bool:
    return _CONTROL.search(run) is not None and _of_utf8(run) != run


def _of_utf8(run: str) -> str:
    try:
        return run.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return run


def _of_windows(control: re.Match[str]) -> str:
    """What a byte is in cp1252; a space if it is nothing there."""
    return control[0].encode("latin-1").decode("cp1252", "ignore") or " "


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
