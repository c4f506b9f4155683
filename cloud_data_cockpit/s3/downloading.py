"""Downloads into a directory: any key becomes a safe name, each file is whole and verified before it has its name."""

from __future__ import annotations

import hashlib
import threading
import zlib
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from ..errors import Cancelled, ServiceError, SourceChanged
from ..models import DownloadRequest
from .batches import LOOK, Failures, Halting, Watch, each
from .connections import Connection, resolve
from .crc import as_header, combined
from .facts import Facts, is_md5, look, part_size, parts_in
from .local_files import GrowingFile, left_files, make_folder, new_file
from .local_names import Taken, folder_marked, safe_path
from .objects import make_uri
from .selections import Picked, counting, iter_picked, picks_of
from .source import PART, S3Source

PARTS_AT_ONCE = 8
Steps = tuple[str, ...]
"""A path as its steps, relative to the folder of the download."""


def check_download_request(request: DownloadRequest) -> None:
    """What can be said at once."""
    resolve(request.connection)
    picks_of(request)


def download_selection(request: DownloadRequest, root: Path, steps: Steps, watch: Watch, mark: str = "") -> None:
    """Bring what a request selects into the folder `steps` below `root`, which is a real path; never outside of it.

    Objects that fail do not stop the others: Incomplete tells at the end how many and why. What was begun is gone after
    an error or a cancel; what has its name is whole. What a kill leaves, `remove_left` removes by the same `mark`.
    """
    connection, picks = resolve(request.connection), picks_of(request)
    halting, failures = Halting(watch), Failures(watch)
    make_folder(root, steps)
    with (
        closing(Taken()) as taken,
        _Downloader(connection, request, (root, steps), taken, halting, mark) as downloader,
        counting(connection, request.bucket, picks, halting),
    ):
        try:
            named = map(downloader.name, iter_picked(connection, request.bucket, picks))
            each(named, lambda one: downloader.fetch(*one), watch, failures, lambda one: one[0].key)
        except BaseException:
            halting.halt()
            raise
    if downloader.skipped:
        watch.note(f"{downloader.skipped:,} were skipped, as their files existed already")
    failures.check("downloaded")


def remove_left(request: DownloadRequest, root: Path, steps: Steps, mark: str) -> int:
    """Remove what a download that was killed has left half-way in its folder; the number of files."""
    folder = root.joinpath(*steps)
    if not folder.resolve().is_relative_to(root):
        return 0
    removed = 0
    places = [(folder, False), *((folder / name, True) for name in _folders(request))]
    for place, below in places:
        for path in left_files(place, mark, below=below):
            with suppress(OSError):
                path.unlink()
                removed += 1
    return removed


def _folders(request: DownloadRequest) -> set[str]:
    """Names of the folders that a download makes in its own: those of its prefixes, or of the bucket."""
    names = [request.bucket if prefix == "" else prefix.rstrip("/").rpartition("/")[2] for prefix in request.prefixes]
    steps = {name: safe_path(name)[0] for name in names}
    return {*steps.values(), *(folder_marked(step, name) for name, step in steps.items())}


class _Downloader:
    """Fetches objects into one folder. Thread-safe; close it at the end."""

    def __init__(
        self,
        connection: Connection,
        request: DownloadRequest,
        place: tuple[Path, Steps],
        taken: Taken,
        watch: Halting,
        mark: str,
    ) -> None:
        self._connection = connection
        self._request = request
        self._root, self._steps = place
        self._taken = taken
        self._watch = watch
        self._mark = mark
        self._parts = ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-download")
        self._lock = threading.Lock()
        self.skipped = 0

    def __enter__(self) -> _Downloader:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.shutdown()

    def name(self, picked: Picked) -> tuple[Picked, Steps]:
        """An object and the steps of its path; called in order, so that each run gives the same names."""
        # An empty prefix means the whole bucket, which goes into a folder of its name.
        name = f"{self._request.bucket}/{picked.key}" if "" in self._request.prefixes else picked.name
        path = self._taken.path_for(picked.key, name, folder=picked.key.endswith("/"))
        if "/".join(path) != name.removesuffix("/"):
            self._watch.note(f"{picked.key} is saved as {'/'.join(path)}")
        return picked, path

    def fetch(self, picked: Picked, path: Steps) -> None:
        """One object; a folder's marker becomes a folder."""
        key, bucket, entry = picked.key, self._request.bucket, picked.entry
        if entry is None:
            facts = look(self._connection, bucket, key)
            size, etag, modified = facts.size, facts.etag, parsedate_to_datetime(facts.modified)
            self._watch.add(total=size)
        else:
            size, etag, modified = entry.size, entry.etag, entry.last_modified
        if key.endswith("/"):
            self._make_marker(key, path, size)
        else:
            self._write(key, path, size, etag, modified)
        self._watch.add(items=1)

    def _make_marker(self, key: str, path: Steps, size: int) -> None:
        make_folder(self._root, (*self._steps, *path))
        if size:
            self._watch.note(f"{key} is a folder with {size} bytes of its own, which no directory keeps")
        self._watch.add(done=size)

    def _write(self, key: str, path: Steps, size: int, etag: str, modified: datetime) -> None:
        folder = make_folder(self._root, (*self._steps, *path[:-1]))
        target = folder / path[-1]
        if self._request.on_conflict == "skip" and target.is_symlink() | target.exists():
            with self._lock:
                self.skipped += 1
            self._watch.add(done=size)
            return
        source = S3Source(self._connection, make_uri(self._request.bucket, key), etag=etag, size=size)
        with new_file(target, self._request.on_conflict, modified.astimezone(UTC), self._mark) as file:
            try:
                self._fill(file, source)
            except SourceChanged:
                raise SourceChanged(f"{source.uri} has changed while it was downloaded; download it again") from None

    # --- the bytes ------------------------------------------------------------------------------

    def _fill(self, file: GrowingFile, source: S3Source) -> None:
        done = 0
        try:
            file.resize(source.size)
            spans = [(offset, min(PART, source.size - offset)) for offset in range(0, source.size, PART)]
            sums: dict[int, tuple[int, int]] = {}
            if len(spans) == 1:
                sums[0] = self._part(file, source, spans[0])
                done = source.size
                self._watch.add(done=done)
            running = {self._parts.submit(self._part, file, source, span): span for span in spans if len(spans) > 1}
            try:
                while running:
                    over, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
                    for future in over:
                        span = running.pop(future)
                        sums[span[0]] = future.result()
                        done += span[1]
                        self._watch.add(done=span[1])
                    self._watch.check()
            finally:
                _end(running)
            self._verify(file, source, combined(sums[offset] for offset in sorted(sums)))
        except BaseException:
            with suppress(Cancelled):
                self._watch.add(done=-done)
            raise

    def _part(self, file: GrowingFile, source: S3Source, span: tuple[int, int]) -> tuple[int, int]:
        """Fetch a range and put it into the file; its CRC32 and length."""
        self._watch.check()
        data = source.read(*span)
        file.write(span[0], data)
        return zlib.crc32(data), len(data)

    def _verify(self, file: GrowingFile, source: S3Source, crc32: int) -> None:
        """ServiceError unless what is in the file has the MD5 or CRC32 that the service tells, as far as it does."""
        bucket, key = self._request.bucket, source.uri.removeprefix(f"s3://{self._request.bucket}/")
        if is_md5(source.etag) and self._md5(file, source.size) == source.etag:
            return
        facts = look(self._connection, bucket, key)
        if facts.etag != source.etag:
            raise SourceChanged(f"{source.uri} has changed while it was downloaded; download it again")
        kept = facts.checksums.get("CRC32", "")
        if kept and "-" not in kept and facts.checksum_type != "COMPOSITE":
            right = kept == as_header(crc32)
        else:
            right = facts.own_key or self._has_etag(file, facts, bucket, key)
        if not right:
            raise ServiceError(f"{source.uri} has another checksum than what arrived of it; download it again")

    def _has_etag(self, file: GrowingFile, facts: Facts, bucket: str, key: str) -> bool:
        """Whether the ETag of an object of parts is that of the file; True where that cannot be told."""
        count = parts_in(facts.etag)
        if count is None:
            return not is_md5(facts.etag)
        first = part_size(self._connection, bucket, key, facts.etag)
        if first is None or first <= 0 or -(-facts.size // first) != count:
            return True
        return f"{self._md5(file, first, joined=True)}-{count}" == facts.etag

    def _md5(self, file: GrowingFile, part: int, *, joined: bool = False) -> str:
        """The MD5 of the file; `joined`: of the MD5s of its parts."""
        whole, inner, room = hashlib.md5(usedforsecurity=False), hashlib.md5(usedforsecurity=False), part
        for block in file.blocks():
            self._watch.check()
            if not joined:
                whole.update(block)
                continue
            rest = memoryview(block)
            while rest:
                inner.update(rest[:room])
                taken = min(room, len(rest))
                rest, room = rest[taken:], room - taken
                if room == 0:
                    whole.update(inner.digest())
                    inner, room = hashlib.md5(usedforsecurity=False), part
        if joined and room < part:
            whole.update(inner.digest())
        return whole.hexdigest()


def _end(running: dict[Future[tuple[int, int]], tuple[int, int]]) -> None:
    """What has begun writes into the file, so it must be over before the file is."""
    for future in running:
        future.cancel()
    wait(running)
