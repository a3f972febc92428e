"""Subtitles and transcripts: what is said as paragraphs under the minute in which it is said, with its speakers.

A reader of our own, because files of these formats are written by hundreds of programs: libraries for them refuse a
file for one damaged line, and none collapses the repeated lines of automatic captions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from itertools import pairwise

from lake.parse.canonical import TextWriter, one_line
from lake.parse.document import ParsedDocument
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.text import decode

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_TIMES = re.compile(rf"\s*{_TIME}\s*(?:--?>|,)\s*{_TIME}(?:\s+[\w.:%,\- ]+)?\s*$")
_DIALOGUE = re.compile(r"(Dialogue|Comment):\s*(.*)", re.IGNORECASE)
_FIELDS_BEFORE_WORDS = 9
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")
#: Blocks of a file in WebVTT that are no cues.
_SETTINGS = re.compile(r"(?:STYLE|REGION)\s*$")
_NOTE = re.compile(r"NOTE(?:\s|$)")
_HEADER = re.compile(r"WEBVTT(?:[ \t]+-?[ \t]*(.*))?$")
_STATED = re.compile(r"(\w[\w-]*):\s*(.+)$")
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
#: A cue's number that a blank line parts from its times.
_LONE_COUNTER = re.compile(r"((?:\A|\n)[ \t]*\d+[ \t]*\n)(?:[ \t]*\n)+(?=[ \t]*\d[\d:.,]+[ \t]*-->)")
_COUNTER = re.compile(r"\s*\d+\s*")
#: An identifier that people wrote for people: words, no key of a program.
_NAME = re.compile(r"(?=.*[^\W\d_]{2})(?:.*\s.*|[^\W\d_]+)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]*)>")
_TAG = re.compile(r"</?(?:[cibuv]|lang|ruby|rt|font|span|s|strong|em|\d+:[\d:.]+)(?:[.\s][^<>]*)?>|\{\\[^{}]*\}", re.I)
_STEP = re.compile(r"<\d+:[\d:.]+>")
_ARROWS = re.compile(r"^\s*(?:>>+|&gt;&gt;)\s*(?=\S)")
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]]*$")
#: A paragraph ends at a sentence's end after so many seconds, at a pause of so many, and at the latest after so many.
_LONG, _PAUSE, _LONGEST = 20.0, 4.0, 60.0
#: Cues that begin with what the one before shows, among all, in captions that roll up.
_ROLLING = 0.4
_GAP = 1.0


@dataclass(frozen=True, slots=True)
class Cue:
    """Words shown from ``start`` to ``end`` (seconds), line by line; ``name`` is an identifier that says something."""

    start: float
    end: float
    lines: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one speaker ("" if unknown) says from ``start`` to ``end``."""

    start: float
    end: float
    speaker: str
    text: str
    name: str = ""


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    rights = misplaced_rights(text)
    writer = TextWriter()
    scripted = suffix in (".ass", ".ssa")
    title, stated, cues = _scripted(text, writer) if scripted else _timed(text, writer)
    writer.read("\n".join(dict.fromkeys(name for cue in cues for line in cue.lines for name in _VOICE.findall(line))))
    for cue in cues:
        writer.read("\n".join((cue.name, *map(_spoken, cue.lines))))
    writer.add(title)
    writer.read(title)
    _write(list(_turns(_collapsed(cues, writer))), writer)
    metadata = {**metadata, **stated, **({"duration": _clock(cues[-1].end)} if cues else {}), **rights.fields}
    language = stated.get("language")
    parsed = writer.finish(metadata=metadata, omitted=(*omitted, *rights.omitted), language=language)
    return replace(parsed, title=title or None)


def _timed(text: str, writer: TextWriter) -> tuple[str, dict[str, str], list[Cue]]:
    """Title, stated values, and cues of WebVTT, SubRip and SubViewer; any text that is no cue is kept as one."""
    text = text.strip("\n\ufeff ")
    title, stated = "", {}
    header = _HEADER.match(text.partition("\n")[0])
    is_web = header is not None
    blocks = re.split("\n\n+", text) if is_web else _BLANK.split(_LONE_COUNTER.sub(r"\1", text))
    if header:
        title = (header[1] or "").strip()
        lines = blocks.pop(0).split("\n")[1:]
        at = next((number for number, line in enumerate(lines) if _TIMES.match(line)), len(lines))
        for line in lines[:at]:
            if found := _STATED.match(line):
                stated[found[1].lower()] = found[2].strip()
        if at < len(lines):
            blocks.insert(0, "\n".join(lines[max(0, at - 1) :] if not _STATED.match(lines[at - 1]) else lines[at:]))
    cues: list[Cue] = []
    for block in blocks:
        is_note = is_web and _NOTE.match(block)
        if is_note or (is_web and _SETTINGS.match(block.partition("\n")[0])):
            writer.read(block)
            writer.omit("hidden" if is_note else "decoration", block, "notes" if is_note else "styles")
        else:
            cues += _cues_of(block.split("\n"), cues[-1] if cues else None, writer)
    return title, stated, cues


def _cues_of(lines: Sequence[str], before: Cue | None, writer: TextWriter) -> Iterator[Cue]:
    """The cues of a block; lines without a time go on with the cue ``before``."""
    times = [number for number, line in enumerate(lines) if _TIMES.match(line)]
    lead = list(lines[: times[0]] if times else lines)
    name = ""
    if times and lead:
        identifier = lead.pop().strip()
        if _NAME.fullmatch(identifier):
            name = identifier
        elif not _COUNTER.fullmatch(identifier):
            writer.read(identifier)
            writer.omit("decoration", identifier, "identifiers")
    if any(line.strip() for line in lead) and not (before is None and _COUNTER.fullmatch("".join(lead))):
        at = before.end if before else 0.0
        yield Cue(before.start if before and not any(map(str.strip, before.lines)) else at, at, tuple(lead))
    for number, after in zip(times, (*times[1:], len(lines)), strict=False):
        start, end = _seconds(lines[number])
        inside = list(lines[number + 1 : after])
        if after < len(lines) and inside and _COUNTER.fullmatch(inside[-1]):
            inside.pop()
        yield Cue(start, end, tuple(_without_breaks(inside)), name)
        name = ""


def _without_breaks(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from re.split(r"\[br\]|<br\s*/?>", line)


def _seconds(line: str) -> tuple[float, float]:
    match = _TIMES.match(line)
    parts = match.groups() if match else ("0",) * 8
    both = []
    for hours, minutes, seconds, parted in (parts[:4], parts[4:]):
        fraction = int((parted or "0").ljust(3, "0")) / 1000
        both.append(int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + fraction)
    return both[0], both[1]


def _scripted(text: str, writer: TextWriter) -> tuple[str, dict[str, str], list[Cue]]:
    """Title, stated values, and cues of SubStation Alpha, in the order of their times."""
    title, cues = "", []
    for line in text.split("\n"):
        if line.startswith("Title:") and "Default Aegisub" not in line:
            title = line.partition(":")[2].strip()
        match = _DIALOGUE.match(line)
        if match is None:
            continue
        fields = match[2].split(",", _FIELDS_BEFORE_WORDS)
        words = fields[-1]
        if _DRAWING.search(words):
            continue
        if match[1].lower() == "comment":
            writer.read(_spoken(words))
            writer.omit("hidden", _spoken(words), "comments")
            continue
        start, end = _seconds(f"{fields[1]},{fields[2]}") if len(fields) > 2 else (0.0, 0.0)
        speaker = fields[4].strip() if len(fields) > _FIELDS_BEFORE_WORDS else ""
        lines = re.split(r"\\[Nnh]", words)
        cues.append(Cue(start, end, (f"<v {speaker}>{lines[0]}" if speaker else lines[0], *lines[1:])))
    return title, {}, sorted(cues, key=lambda cue: cue.start)


def _spoken(line: str) -> str:
    """The words of a line without tags."""
    return unescape(_TAG.sub("", line))


def _collapsed(cues: list[Cue], writer: TextWriter) -> list[Cue]:
    """Cues without the lines that roll up from the cue before, in captions that do so; they are ``repeated``."""
    if not _is_rolling(cues):
        return cues
    kept: list[Cue] = []
    shown: list[str] = []
    until = -1.0
    for cue in cues:
        lines = [one_line(_spoken(line)) for line in cue.lines]
        wanted = [(line, words) for line, words in zip(cue.lines, lines, strict=True) if words]
        words = [words for _, words in wanted]
        before = shown if cue.start - until <= _GAP else []
        n_again = _overlap(before, words)
        for line in words[:n_again]:
            writer.omit("repeated", line, "lines that roll up")
        rest = [line for line, _ in wanted[n_again:]]
        if rest and n_again < len(words) and before and n_again == 0 and _grows(before[-1], words[0]) and kept:
            writer.omit("repeated", before[-1], "lines that roll up")
            kept[-1] = replace(kept[-1], lines=kept[-1].lines[:-1])
        if rest:
            kept.append(replace(cue, lines=tuple(rest)))
        shown = words or shown
        until = cue.end
    return [cue for cue in kept if cue.lines]


def _is_rolling(cues: list[Cue]) -> bool:
    n_rolling = n_compared = 0
    for before, cue in pairwise(cues):
        one, other = ([words for line in found.lines if (words := one_line(_spoken(line)))] for found in (before, cue))
        if one and other:
            n_compared += 1
            n_rolling += _overlap(one, other) > 0 or _grows(one[-1], other[0])
    stepped = any(_STEP.search(line) for cue in cues for line in cue.lines)
    return n_rolling > 1 and (stepped or n_rolling >= _ROLLING * n_compared)


def _overlap(before: list[str], lines: list[str]) -> int:
    """The number of lines that end what was shown and begin what is shown."""
    return next((n for n in range(min(len(before), len(lines)), 0, -1) if before[-n:] == lines[:n]), 0)


def _grows(before: str, line: str) -> bool:
    return len(line) > len(before) > 0 and line.startswith(before) and not line[len(before)].isalnum()


def _turns(cues: list[Cue]) -> Iterator[_Turn]:
    """What is said, one turn for each speaker of a cue."""
    for cue in cues:
        voice, name = "", cue.name
        for line in cue.lines:
            for number, piece in enumerate(_VOICE.split(line)):
                if number % 2:
                    voice = one_line(unescape(piece))
                elif words := one_line(_ARROWS.sub("", _spoken(piece))):
                    yield _Turn(cue.start, cue.end, voice, words, name)
                    name = ""


_NAMED = re.compile(r"(?:-\s*)?((?:[A-Z\u00c0-\u00de][\w.'\u2019-]*|\(?[A-Z]+\)?)(?: [\w.'\u2019()-]+){0,3}):\s")
_DASH = re.compile(r"[-\u2013\u2014]\s*(?=\S)")


def _write(turns: list[_Turn], writer: TextWriter) -> None:
    """Write paragraphs, each minute's first under a heading with its time."""
    paragraph: list[_Turn] = []
    minute = -1

    def end() -> None:
        nonlocal minute
        if paragraph:
            first = paragraph[0]
            if first.start // 60 != minute:
                minute = int(first.start // 60)
                writer.heading(_clock(first.start), 2)
            words = " ".join(turn.text for turn in paragraph)
            writer.add(f"{first.speaker}: {words}" if first.speaker else words)
            paragraph.clear()

    for turn in turns:
        if paragraph and _parts(paragraph, turn):
            end()
        if turn.name:
            end()
            writer.heading(turn.name, 1)
            minute = -1
        paragraph.append(turn)
    end()


def _parts(paragraph: list[_Turn], turn: _Turn) -> bool:
    """Whether a turn begins another paragraph."""
    first, last = paragraph[0], paragraph[-1]
    lasted = turn.start - first.start
    return (
        turn.speaker != last.speaker
        or _NAMED.match(turn.text) is not None
        or _DASH.match(turn.text) is not None
        or turn.start - last.end >= _PAUSE
        or lasted >= _LONGEST
        or (lasted >= _LONG and _SENTENCE_END.search(last.text) is not None)
    )


def _clock(seconds: float) -> str:
    """
    >>> _clock(3725.5)
    '01:02:05'
    """
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
