"""Makes compound files (MS-CFB) and Outlook items (MS-OXMSG) in them; a reader of neither is used here."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

Tree = Mapping[str, "bytes | Tree"]

_SECTOR, _SMALL, _LARGE = 512, 64, 4096
_END, _FREE, _TABLE, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
PUBLIC = UUID("00020329-0000-0000-c000-000000000046")
ADDRESS, APPOINTMENT, TASK = (UUID(f"000620{n}-0000-0000-c000-000000000046") for n in ("04", "02", "03"))


@dataclass
class _Container:
    sectors: list[bytes] = field(default_factory=list)
    chains: list[int] = field(default_factory=list)
    small: bytes = b""
    small_chains: list[int] = field(default_factory=list)
    entries: list[list[Any]] = field(default_factory=list)

    def store(self, data: bytes) -> int:
        """The first of the sectors that hold the data."""
        if not data:
            return _END
        first, n = len(self.sectors), -(-len(data) // _SECTOR)
        self.sectors += [data[i * _SECTOR : (i + 1) * _SECTOR].ljust(_SECTOR, b"\0") for i in range(n)]
        self.chains += [*range(first + 1, first + n), _END]
        return first

    def store_small(self, data: bytes) -> int:
        if not data:
            return _END
        first, n = len(self.small) // _SMALL, -(-len(data) // _SMALL)
        self.small += data.ljust(n * _SMALL, b"\0")
        self.small_chains += [*range(first + 1, first + n), _END]
        return first

    def add(self, tree: Tree) -> int:
        """Adds entries beside each other as a chain; returns the first."""
        first = _NONE
        for name, value in sorted(tree.items(), key=lambda one: (len(one[0]), one[0].upper()), reverse=True):
            is_folder = not isinstance(value, bytes)
            child = self.add(value) if not isinstance(value, bytes) else _NONE
            data = b"" if not isinstance(value, bytes) else value
            start = 0 if is_folder else self.store(data) if len(data) >= _LARGE else self.store_small(data)
            self.entries.append([name, 1 if is_folder else 2, first, child, start, len(data)])
            first = len(self.entries) - 1
        return first


def compound(tree: Tree) -> bytes:
    """A compound file with streams (bytes) and storages (mappings)."""
    made = _Container(entries=[[]])
    child = made.add(tree)
    made.entries[0] = ["Root Entry", 5, _NONE, child, made.store(made.small), len(made.small)]
    folder = made.store(b"".join(_entry(*one) for one in made.entries))
    small = made.store(struct.pack(f"<{len(made.small_chains)}I", *made.small_chains)) if made.small else _END
    n_small = -(-4 * len(made.small_chains) // _SECTOR)
    n_tables = -(-len(made.sectors) // (_SECTOR // 4 - 1))
    chains = [*made.chains, *[_TABLE] * n_tables]
    chains += [_FREE] * (n_tables * _SECTOR // 4 - len(chains))
    places = range(len(made.sectors), len(made.sectors) + n_tables)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIII", 0, n_tables, folder, 0, _LARGE) + struct.pack("<II", small, n_small)
    head += struct.pack("<II", _END, 0) + struct.pack("<109I", *places, *[_FREE] * (109 - n_tables))
    return head + b"".join(made.sectors) + struct.pack(f"<{len(chains)}I", *chains)


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le")
    head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2, kind, 1)
    return head + struct.pack("<III", _NONE, right, child) + bytes(36) + struct.pack("<IQ", start, size)


@dataclass
class Outlook:
    """One file: numbers are given to properties that have names as they come up."""

    named: list[tuple[UUID, int | str]] = field(default_factory=list)

    def key(self, group: UUID, name: int | str) -> int:
        if (group, name) not in self.named:
            self.named.append((group, name))
        return 0x8000 + self.named.index((group, name))

    def item(self, header: int, properties: Mapping[int, Any], **inside: Tree) -> dict[str, bytes | Tree]:
        """A storage; texts are wide, bytes are bytes, pairs of bytes and True are 8-bit texts."""
        tree: dict[str, bytes | Tree] = dict(inside)
        rows = b""
        for key, value in properties.items():
            kind, stored, fixed = _stored(value)
            if isinstance(stored, list):
                tree |= {f"__substg1.0_{key:04X}{kind:04X}-{n:08X}": one for n, one in enumerate(stored)}
            elif stored is not None:
                tree[f"__substg1.0_{key:04X}{kind:04X}"] = stored
            rows += struct.pack("<HHI", kind, key, 6) + fixed
        return tree | {"__properties_version1.0": bytes(header) + rows}

    def message(
        self,
        properties: Mapping[int, Any],
        attached: Sequence[Tree] = (),
        people: Sequence[Tree] = (),
        *,
        inner: bool = False,
    ) -> dict[str, bytes | Tree]:
        parts = {f"__attach_version1.0_#{n:08X}": one for n, one in enumerate(attached)}
        parts |= {f"__recip_version1.0_#{n:08X}": one for n, one in enumerate(people)}
        return self.item(24 if inner else 32, properties, **parts)

    def attachment(self, name: str, data: bytes | Tree, kind: str = "") -> dict[str, bytes | Tree]:
        stated = {0x3707: name, **({0x370E: kind} if kind else {}), 0x3705: 1 if isinstance(data, bytes) else 5}
        if isinstance(data, bytes):
            return self.item(8, {**stated, 0x3701: data})
        return self.item(8, stated, **{"__substg1.0_3701000D": data})

    def person(self, name: str, address: str, kind: int = 1) -> dict[str, bytes | Tree]:
        return self.item(8, {0x3001: name, 0x39FE: address, 0x0C15: kind})

    def file(self, message: Tree) -> bytes:
        groups = list(dict.fromkeys(group for group, _ in self.named if group != PUBLIC))
        entries, texts = b"", b""
        for number, (group, name) in enumerate(self.named):
            place = 2 if group == PUBLIC else groups.index(group) + 3
            if isinstance(name, str):
                raw = name.encode("utf-16-le")
                entries += struct.pack("<IHH", len(texts), place << 1 | 1, number)
                texts += struct.pack("<I", len(raw)) + raw + bytes(-len(raw) % 4)
            else:
                entries += struct.pack("<IHH", name, place << 1, number)
        names = {"00020102": b"".join(one.bytes_le for one in groups), "00030102": entries, "00040102": texts}
        table = {f"__substg1.0_{key}": value for key, value in names.items()}
        return compound({**message, "__nameid_version1.0": table})


def _stored(value: Any) -> tuple[int, Any, bytes]:
    """Type, streams, and the eight bytes of the property's row."""
    if isinstance(value, bool):
        return 0x0B, None, struct.pack("<Q", value)
    if isinstance(value, int):
        return 0x03, None, struct.pack("<Q", value)
    if isinstance(value, float):
        return 0x05, None, struct.pack("<d", value)
    if isinstance(value, datetime):
        return (
            0x40,
            None,
            struct.pack("<Q", int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000),
        )
    if isinstance(value, list):
        is_text = isinstance(value[0], str)
        data = [one.encode("utf-16-le") + b"\0\0" if is_text else one for one in value]
        return 0x101F if is_text else 0x1102, data, struct.pack("<II", 4 * len(data), 0)
    if isinstance(value, tuple):
        return 0x1E, value[0], struct.pack("<II", len(value[0]) + 1, 0)
    kind, data = (0x1F, value.encode("utf-16-le")) if isinstance(value, str) else (0x102, value)
    return kind, data, struct.pack("<II", len(data), 0)
