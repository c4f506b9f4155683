"""The bytes of a ZIP archive around its members, which are stored as they are: nothing is seekable, anything is large.

ZIP64 where numbers need it, names in UTF-8, the CRC32 after each member. APPNOTE.TXT 6.3.10 of PKWARE.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_MOST_16, _MOST_32 = 0xFFFF, 0xFFFFFFFF
_FLAGS = 0x0808  # the CRC32 follows the member; names are UTF-8
_VERSION, _VERSION_64 = 20, 45
_UNIX = 3 << 8
_MODES = {False: 0o100644, True: 0o040755}
_IN_MEMORY = 4 << 20


@dataclass(frozen=True)
class Member:
    """One file of the archive, or a folder, whose `name` ends with "/". `size` in bytes."""

    name: str
    size: int
    modified: datetime

    @property
    def large(self) -> bool:
        """Whether its size takes 64 bits."""
        return self.size >= _MOST_32


class Archive:
    """Writes an archive in order: `begin` a member, its bytes, `end` it; `finish`. Close it in any case.

    What the directory at the end needs is kept in a temporary file, as there may be any number of members.
    """

    def __init__(self) -> None:
        self._directory = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._count = 0
        self._offset = 0
        self._start = 0

    def close(self) -> None:
        """Forget the directory."""
        self._directory.close()

    def begin(self, member: Member) -> bytes:
        """What comes before the bytes of a member."""
        self._start = self._offset
        header = _local(member)
        self._offset += len(header) + member.size
        return header

    def end(self, member: Member, crc32: int) -> bytes:
        """What comes after them."""
        form, size = ("<4sLQQ", member.size) if member.large else ("<4sLLL", member.size)
        after = struct.pack(form, b"PK\x07\x08", crc32, size, size)
        self._offset += len(after)
        self._directory.write(_central(member, crc32, self._start))
        self._count += 1
        return after

    def finish(self) -> Iterator[bytes]:
        """The directory, which ends the archive."""
        size = self._directory.tell()
        self._directory.seek(0)
        while block := self._directory.read(1 << 20):
            yield block
        yield _end(self._count, size, self._offset)


def archive_size(members: Iterable[Member]) -> int:
    """Bytes of the archive of these members."""
    offset = directory = count = 0
    for member in members:
        start = offset
        offset += len(_local(member)) + member.size + (24 if member.large else 16)
        directory += len(_central(member, 0, start))
        count += 1
    return offset + directory + len(_end(count, directory, offset))


def _local(member: Member) -> bytes:
    name, extra = member.name.encode(), _stamp(member)
    size = member.size
    if member.large:
        extra = struct.pack("<HHQQ", 1, 16, size, size) + extra
        size = _MOST_32
    version = _VERSION_64 if member.large else _VERSION
    date, time = _dos(member.modified)
    fields = (version, _FLAGS, 0, time, date, 0, size, size, len(name), len(extra))
    return struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", *fields) + name + extra


def _central(member: Member, crc32: int, offset: int) -> bytes:
    name, extra = member.name.encode(), _stamp(member)
    size, wide = member.size, b""
    if member.large:
        wide, size = struct.pack("<QQ", size, size), _MOST_32
    if offset >= _MOST_32:
        wide, offset = wide + struct.pack("<Q", offset), _MOST_32
    if wide:
        extra = struct.pack("<HH", 1, len(wide)) + wide + extra
    version = _VERSION_64 if wide else _VERSION
    date, time = _dos(member.modified)
    folder = member.name.endswith("/")
    mode = _MODES[folder] << 16 | (0x10 if folder else 0)
    fields = (_UNIX | version, version, _FLAGS, 0, time, date, crc32, size, size, len(name), len(extra), 0, 0, 0)
    return struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", *fields, mode, offset) + name + extra


def _end(count: int, size: int, offset: int) -> bytes:
    wide = b""
    if count >= _MOST_16 or size >= _MOST_32 or offset >= _MOST_32:
        wide = struct.pack(
            "<4sQHHLLQQQQ", b"PK\x06\x06", 44, _VERSION_64, _VERSION_64, 0, 0, count, count, size, offset
        ) + struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + size, 1)
    few, short, near = min(count, _MOST_16), min(size, _MOST_32), min(offset, _MOST_32)
    return wide + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, few, few, short, near, 0)


def _stamp(member: Member) -> bytes:
    """The extended timestamp: the DOS date has no zone and no odd seconds."""
    seconds = min(max(int(member.modified.timestamp()), -(1 << 31)), (1 << 31) - 1)
    return struct.pack("<HHBl", 0x5455, 5, 1, seconds)


def _dos(modified: datetime) -> tuple[int, int]:
    when = modified.astimezone(UTC)
    year = min(max(when.year, 1980), 2107)
    return (year - 1980) << 9 | when.month << 5 | when.day, when.hour << 11 | when.minute << 5 | when.second // 2
