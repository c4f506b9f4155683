"""Directories as one source: bytes in order of names, changes noticed, names that cannot be, detection."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_data_cockpit import tree
from cloud_data_cockpit.errors import BadRequest, NotFound, SourceChanged
from cloud_data_cockpit.source import FileSource, MemorySource, Source
from cloud_data_cockpit.tree import MARK, FileTree, Found, Member, TreeSource, head_of


class MemoryTree(TreeSource):
    """A tree of bytes in memory."""

    def __init__(self, content: dict[str, bytes]) -> None:
        super().__init__("memory:x")
        self.content = content

    def _list(self) -> Iterable[Found]:
        return [Found(name, len(data), str(hash(data))) for name, data in self.content.items()]

    def _open(self, member: Member) -> Source:
        return MemorySource(self.content[member.name])


def directory(path: Path) -> Path:
    (path / "sub" / "deep").mkdir(parents=True)
    (path / "b").write_bytes(b"BB")
    (path / "a é#%").write_bytes(b"AAA")
    (path / "empty").write_bytes(b"")
    (path / "sub" / "deep" / "c").write_bytes(b"C" * 10)
    (path / "table.lock").write_bytes(b"lock")
    return path


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=6), st.data())
def test_bytes_are_those_of_the_members_in_order(parts: list[bytes], data: st.DataObject) -> None:
    source = MemoryTree({f"{i}": part for i, part in enumerate(parts)})
    whole = b"".join(parts)
    assert source.size == len(whole)
    places = data.draw(st.lists(st.tuples(st.integers(0, len(whole)), st.integers(0, len(whole))), max_size=5))
    ranges = [(min(pair), abs(pair[0] - pair[1])) for pair in places]
    assert source.read_many(ranges) == [whole[o : o + n] for o, n in ranges]
    with pytest.raises(BadRequest):
        source.read(len(whole), 1)


def test_a_directory(tmp_path: Path) -> None:
    source = FileTree(directory(tmp_path))
    assert source.uri.endswith("/")
    assert [member.name for member in source.files] == ["a é#%", "b", "empty", "sub/deep/c", "table.lock"]
    assert source.size == 19
    assert source.read(2, 5) == b"ABBCC"
    assert source.member("sub/deep/c").read(8, 2) == b"CC"
    assert head_of(source, 100).startswith(MARK + "a é#%\nb\nempty\n".encode())
    assert head_of(FileSource(tmp_path / "b"), 100) == b"BB"
    with pytest.raises(NotFound):
        source.member("c")
    with pytest.raises(NotFound):
        source.sibling(".x")
    again = pickle.loads(pickle.dumps(source))
    assert (again.etag, again.read(0, 19)) == (source.etag, source.read(0, 19))


def test_changes_of_any_member_are_noticed_but_for_locks(tmp_path: Path) -> None:
    known = FileTree(directory(tmp_path))
    (tmp_path / "table.lock").write_bytes(b"held")
    assert FileTree(tmp_path).etag == known.etag
    assert FileTree(tmp_path, known.etag, known.size).read(3, 2) == b"BB"
    (tmp_path / "sub" / "deep" / "c").write_bytes(b"D" * 10)
    with pytest.raises(SourceChanged):
        FileTree(tmp_path, known.etag, known.size).read(0, 1)
    with pytest.raises(SourceChanged):
        known.read(10, 1)
    assert FileTree(tmp_path).etag != known.etag
    (tmp_path / "sub" / "deep" / "c").rename(tmp_path / "sub" / "c")
    assert len({known.etag, FileTree(tmp_path).etag}) == 2


def test_what_cannot_be_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound):
        FileTree(tmp_path).read(0, 0)
    for name in ("../a", "/a", "a//b", "a/./b", "a\0", ".."):
        with pytest.raises(BadRequest):
            MemoryTree({name: b"x"}).read(0, 1)
    monkeypatch.setattr(tree, "MOST_MEMBERS", 2)
    with pytest.raises(BadRequest, match="prefix"):
        MemoryTree(dict.fromkeys("abc", b"")).read(0, 0)
