"""imzML: conformance against pyimzml, spellings of XML, companions, regions, compression, wrapped offsets, damage."""

from __future__ import annotations

import io
import json
import re
import struct
import time
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyimzml.ImzMLParser import ImzMLParser, getionimage

import cloud_data_cockpit as cdc
from cloud_data_cockpit.demo.samples_spectra import kidney_sample, spectra_sample
from cloud_data_cockpit.errors import CockpitError, FormatError, SourceChanged
from cloud_data_cockpit.formats.base import Cut, Format, Index
from cloud_data_cockpit.formats.imzml import ImzmlFormat, ImzmlParams
from cloud_data_cockpit.formats.imzml_scan import MOST_TEMPLATES
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import FileSource, MemorySource, Source

from .conformance import FormatConformance, ignore

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "imzml"
TYPES = {"<f4": ("MS:1000521", "32-bit float"), "<f8": ("MS:1000523", "64-bit float")}
TYPES |= {"<i4": ("MS:1000519", "32-bit integer"), "<i8": ("MS:1000522", "64-bit integer")}

Pair = tuple[bytes, bytes]
Plain = tuple[int, int, int, list[float], list[float]]


def param(accession: str, name: str, value: object = "") -> str:
    return f'<cvParam cvRef="{accession[:3].strip(":")}" accession="{accession}" name="{name}" value="{value}"/>'


def made(
    spectra: Sequence[tuple[int, int, int | None, Sequence[float], Sequence[float]]],
    *,
    continuous: bool = False,
    packed: bool = False,
    mz_type: str = "<f8",
    type_: str = "<f4",
    identity: uuid.UUID | None = None,
    swapped: bool = False,
) -> Pair:
    """An imzML and its ibd, written plainly; `swapped` puts intensities first."""
    identity = identity or uuid.uuid5(uuid.NAMESPACE_URL, repr((spectra, continuous, packed, mz_type, type_)))
    ibd = bytearray(identity.bytes)
    places: dict[bytes, int] = {}
    groups = []
    for group, role, kind in (
        ("mzs", ("MS:1000514", "m/z array"), mz_type),
        ("ints", ("MS:1000515", "intensity array"), type_),
    ):
        squeeze = ("MS:1000574", "zlib compression") if packed else ("MS:1000576", "no compression")
        inner = "".join(
            param(*about) for about in (squeeze, role, TYPES[kind], ("IMS:1000101", "external data", "true"))
        )
        groups.append(f'<referenceableParamGroup id="{group}">{inner}</referenceableParamGroup>\n')

    def array(group: str, values: Sequence[float], kind: str, shared: bool) -> str:
        data = np.asarray(values, dtype=kind).tobytes()
        stored = zlib.compress(data) if packed else data
        at = places.get(stored) if shared else None
        if at is None:
            at = places[stored] = len(ibd)
            ibd.extend(stored)
        numbers = (("IMS:1000103", "external array length", len(values)), ("IMS:1000102", "external offset", at))
        inner = "".join(
            f"            {param(*n)}\n" for n in (*numbers, ("IMS:1000104", "external encoded length", len(stored)))
        )
        return (
            f'          <binaryDataArray encodedLength="0">\n            <referenceableParamGroupRef ref="{group}"/>\n'
            f"{inner}            <binary/>\n          </binaryDataArray>\n"
        )

    body = []
    for i, (x, y, z, mz, intensity) in enumerate(spectra):
        at = [("IMS:1000050", "position x", x), ("IMS:1000051", "position y", y)]
        at += [] if z is None else [("IMS:1000052", "position z", z)]
        scan = "".join(f"            {param(*p)}\n" for p in at)
        arrays = [array("mzs", mz, mz_type, continuous), array("ints", intensity, type_, False)]
        body.append(
            f'      <spectrum id="Scan={i + 1}" defaultArrayLength="0" index="{i}">\n'
            f"        {param('MS:1000285', 'total ion current', sum(intensity))}\n"
            f'        <scanList count="1">\n          <scan>\n{scan}          </scan>\n        </scanList>\n'
            f'        <binaryDataArrayList count="2">\n{"".join(arrays[::-1] if swapped else arrays)}'
            "        </binaryDataArrayList>\n      </spectrum>\n"
        )
    mode = ("IMS:1000030", "continuous") if continuous else ("IMS:1000031", "processed")
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1">\n'
        '  <cvList count="1"><cv id="IMS" fullName="Imaging" URI="imagingMS.obo"/></cvList>\n'
        f"  <fileDescription><fileContent>{param('IMS:1000080', 'universally unique identifier', identity.hex)}"
        f"{param(*mode)}</fileContent></fileDescription>\n"
        f'  <referenceableParamGroupList count="2">{"".join(groups)}</referenceableParamGroupList>\n'
        '  <scanSettingsList count="1"><scanSettings id="s">'
        f"{param('IMS:1000042', 'max count of pixels x', max([s[0] for s in spectra], default=1))}"
        f"{param('IMS:1000043', 'max count of pixels y', max([s[1] for s in spectra], default=1))}"
        "</scanSettings></scanSettingsList>\n"
        '  <instrumentConfigurationList count="1"><instrumentConfiguration id="i"/></instrumentConfigurationList>\n'
        f'  <run id="r">\n    <spectrumList count="{len(spectra)}">\n'
        f"{''.join(body)}    </spectrumList>\n  </run>\n</mzML>\n"
    )
    return text.encode("latin-1"), bytes(ibd)


def image(
    width: int, height: int, *, equal: bool = False
) -> list[tuple[int, int, int | None, list[float], list[float]]]:
    rng = np.random.default_rng(width * 1000 + height)
    axis = np.sort(rng.uniform(100, 900, 12)).tolist()
    found: list[tuple[int, int, int | None, list[float], list[float]]] = []
    for i in range(width * height):
        points = 12 if equal else int(rng.integers(0, 9))
        mz = axis if equal else np.sort(rng.uniform(100, 900, points)).tolist()
        found.append((i % width + 1, i // width + 1, None, mz, rng.uniform(0, 50, points).astype("f4").tolist()))
    return found


def pairs() -> dict[str, Pair]:
    text, ibd = made(image(2, 1))
    small = re.sub(rb"\n +", b"\n", text), ibd
    assert len(small[0]) < 4096
    crlf = made(image(4, 3), identity=uuid.UUID(int=7))
    doc = crlf[0]
    with_comments = made(image(5, 2), identity=uuid.UUID(int=8))
    commented = re.sub(
        rb"(      <spectrum )",
        rb"      <!-- <spectrum index='9'> </spectrumList> --><?pi <spectrum ?>\n\1",
        with_comments[0],
    ).replace(b"<binary/>", b"<binary><![CDATA[ <spectrum > ]]></binary>")
    single = made(image(4, 4), identity=uuid.UUID(int=9))
    return {
        "processed.imzML": made(image(13, 9)),
        "small.imzML": small,
        "continuous.imzML": made(image(6, 5, equal=True), continuous=True),
        "crlf.imzML": (doc.replace(b"\n", b"\r\n"), crlf[1]),
        "comments.imzML": (commented, with_comments[1]),
        "volume.imzML": made([(1, 1, z, [1.0, 2.0], [3.0, float(z)]) for z in (3, 1, 2)], mz_type="<f4", type_="<f8"),
        "swapped.imzML": made(image(3, 3), swapped=True),
        "integers.imzML": made([(x, 1, None, [1.5], [x]) for x in (1, 2)], type_="<i4"),
        "single quotes.imzML": (requoted(single[0]), single[1]),
        "bom.imzML": (b"\xef\xbb\xbf" + made(image(2, 2))[0].replace(b"ISO-8859-1", b"UTF-8"), made(image(2, 2))[1]),
    }


def requoted(text: bytes) -> bytes:
    """Attributes in another order, in single quotes, with white space wherever XML allows it."""

    def turned(match: re.Match[bytes]) -> bytes:
        attributes = re.findall(rb'([\w:]+)="([^"]*)"', match[2])
        return b"<%s%s%s>" % (match[1], b"".join(b"\n %s = '%s'" % a for a in reversed(attributes)), match[3])

    return re.sub(rb"<(\w+)((?: [\w:]+=\"[^\"]*\")+)(/?)>", turned, text)


PAIRS = pairs()
BY_UUID = {ibd[:16].hex(): ibd for _, ibd in PAIRS.values()}


def by_pyimzml(text: bytes, ibd: bytes | None = None) -> list[Plain]:
    """All spectra as pyimzml reads them."""
    if ibd is None:
        found = re.search(
            rb"(?:value\s*=\s*.([0-9a-f]{32})\W[^<>]*IMS:1000080|IMS:1000080[^<>]*value\s*=\s*.([0-9a-f]{32}))", text
        )
        assert found is not None
        ibd = BY_UUID[(found[1] or found[2]).decode()]
    if b"<spectrum " not in text and b"<spectrum\n" not in text:
        return []
    parser = ImzMLParser(io.BytesIO(text), ibd_file=io.BytesIO(ibd))
    arrays = (parser.getspectrum(i) for i in range(len(parser.coordinates)))
    return [(*at, mz.tolist(), values.tolist()) for at, (mz, values) in zip(parser.coordinates, arrays, strict=True)]


def plain(spectra: Sequence[Any]) -> list[Plain]:
    return [(s.x, s.y, s.z, s.mz.tolist(), s.intensity.tolist()) for s in spectra]


def source_of(pair: Pair, name: str = "x.imzML", ending: str = ".ibd") -> MemorySource:
    uri = f"memory:{name}"
    return MemorySource(pair[0], uri, beside={uri.rpartition(".")[0] + ending: pair[1]})


def cut_of(source: Source, **params: Any) -> tuple[list[Slice], Cut, Index]:
    index = ImzmlFormat().index(source, ImzmlParams(), ignore)
    cut = ImzmlFormat().partition(index, ImzmlParams(**params))
    return list(cut.slices), cut, index


def read_all(source: Source, **params: Any) -> list[Plain]:
    slices, cut, _ = cut_of(source, **params)
    return [s for piece in slices for s in plain(ImzmlFormat().read(source, cut.shared, piece))]


class TestImzml(FormatConformance):
    def make(self) -> Format:
        return ImzmlFormat()

    def examples(self) -> Mapping[str, bytes]:
        return {name: text for name, (text, _) in PAIRS.items()}

    def source(self, name: str) -> MemorySource:
        return source_of(PAIRS[name], name)

    def reference(self, data: bytes) -> list[Any]:
        return by_pyimzml(data)

    def records_of(self, value: Any) -> list[Any]:
        return plain(value)

    def body(self, data: bytes) -> bytes:
        clean = re.sub(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>", lambda m: b" " * len(m[0]), data, flags=re.DOTALL)
        return data[re.search(rb"<spectrum\s", clean).start() : clean.rindex(b"</spectrumList")]  # type: ignore[union-attr]

    def damaged(self) -> Mapping[str, bytes]:
        text = PAIRS["small.imzML"][0]
        end = text.index(b"</spectrum>")
        return {
            "text": b"hello, this is no XML at all",
            "other xml": b"<?xml version='1.0'?><html><body/></html>",
            "gzip": b"\x1f\x8b\x08" + bytes(40),
            "utf-16": text.decode().encode("utf-16"),
            "cut in the header": text[:700],
            "cut in a tag": text[: end - 20],
            "cut in a spectrum": text[: end - 5],
            "cut after a spectrum": text[: end + 12],
            "cut at the very end": text[: text.rindex(b"</mzML>")],
        }

    def test_damaged_content_is_refused_in_words(self) -> None:
        for name, data in {**self.damaged(), "nothing": b""}.items():
            source = source_of((data, PAIRS["small.imzML"][1]), name + ".imzML")
            with pytest.raises(FormatError) as caught:
                ImzmlFormat().index(source, ImzmlParams(), ignore)
            assert len(caught.value.message) > 20, name

    def test_an_object_that_changed_is_noticed(self, tmp_path: Path) -> None:
        for part in (0, 1):
            paths = tmp_path / f"{part}.imzML", tmp_path / f"{part}.ibd"
            for path, data in zip(paths, PAIRS["small.imzML"], strict=True):
                path.write_bytes(data)
            source = FileSource(paths[0])
            slices, cut, index = cut_of(source, num_slices=2)
            assert ImzmlFormat().current(source, index)
            paths[part].write_bytes(PAIRS["small.imzML"][part] + b"\n")
            with pytest.raises(SourceChanged):
                ImzmlFormat().read(source, cut.shared, slices[0])
            assert part == 0 or not ImzmlFormat().current(source, index)


# --- real files --------------------------------------------------------------------------------


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not on this machine")
@pytest.mark.parametrize("name", ["Example_Continuous", "Example_Processed"])
@pytest.mark.parametrize("number", [1, 2, 3, 7, 16])
def test_real_files(name: str, number: int) -> None:
    path = SAMPLES / f"{name}.imzML"
    truth = json.loads((SAMPLES.parent / "truth.json").read_text())[f"imzml/{name}.imzML"]
    source = FileSource(path)
    slices, cut, index = cut_of(source, num_slices=number)
    assert len(slices) == min(number, truth["spectra"])
    got = [s for piece in slices for s in ImzmlFormat().read(source, cut.shared, piece)]
    assert plain(got) == by_pyimzml(path.read_bytes(), path.with_suffix(".ibd").read_bytes())
    assert index.facts["continuous"] == truth["continuous"]
    assert sum(len(s.mz) for s in got) == truth["points"]
    assert sum(float(s.intensity.sum()) for s in got) == pytest.approx(truth["tic"])


# --- companions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ending"), [("a.imzML", ".IBD"), ("a.imzml", ".ibd"), ("a.IMZML", ".IBD"), ("a.imzML", ".Ibd")]
)
def test_companions_are_found_however_they_are_spelled(name: str, ending: str) -> None:
    pair = PAIRS["small.imzML"]
    assert read_all(source_of(pair, f"b c#/d.e/{name}", ending)) == by_pyimzml(*pair)


def test_a_missing_companion_is_named() -> None:
    with pytest.raises(FormatError, match=r"a\.b\.ibd"):
        cut_of(MemorySource(PAIRS["small.imzML"][0], "memory:x/a.b.imzML"))


def test_a_companion_of_another_file_is_refused_unless_told() -> None:
    text, ibd = PAIRS["small.imzML"]
    other = source_of((text, uuid.uuid4().bytes + ibd[16:]))
    with pytest.raises(FormatError, match="UUID"):
        cut_of(other)
    index = ImzmlFormat().index(other, ImzmlParams(check_uuid=False), ignore)
    assert index.records == 2
    swapped = source_of((text, uuid.UUID(bytes=ibd[:16]).bytes_le + ibd[16:]))
    assert cut_of(swapped)[2].records == 2
    braces = re.sub(rb"[0-9a-f]{32}", b"{%s}" % str(uuid.UUID(bytes=ibd[:16])).upper().encode(), text)
    assert cut_of(source_of((braces, ibd)))[2].records == 2


def test_without_a_uuid_a_note_says_so() -> None:
    text, ibd = PAIRS["small.imzML"]
    _, cut, _ = cut_of(source_of((text.replace(b"IMS:1000080", b"IMS:1999999"), ibd)))
    assert "UUID" in cut.notes[0]


def test_a_companion_that_was_cut_off_is_refused() -> None:
    text, ibd = PAIRS["processed.imzML"]
    for size in (0, 10, 100, len(ibd) - 1):
        with pytest.raises(FormatError, match="cut off"):
            cut_of(source_of((text, ibd[:size])))


# --- what spectra may look like ----------------------------------------------------------------


def test_compressed_arrays() -> None:
    spectra = image(5, 4)
    expected = by_pyimzml(*made(spectra))
    assert read_all(source_of(made(spectra, packed=True)), num_slices=3) == expected


def test_a_compressed_array_that_lies_about_its_length_is_refused() -> None:
    text, ibd = made([(1, 1, None, [1.0, 2.0], [1.0, 2.0])], packed=True)
    for wrong in (b"1", b"3", b"999999999999"):
        source = source_of((text.replace(b'length" value="2"', b'length" value="%s"' % wrong), ibd))
        with pytest.raises(FormatError, match="promises"):
            read_all(source)
    garbage = bytearray(ibd)
    garbage[18:24] = b"\xff" * 6
    with pytest.raises(FormatError, match="decompressed"):
        read_all(source_of((text, bytes(garbage))))


def test_parameters_may_stand_in_the_arrays_themselves() -> None:
    spectra = image(3, 2)
    text, ibd = made(spectra)
    inner = dict(re.findall(rb'<referenceableParamGroup id="(\w+)">(.*?)</ref', text))
    for name, params in inner.items():
        text = text.replace(b'<referenceableParamGroupRef ref="%s"/>' % name, params)
    assert read_all(source_of((text, ibd))) == by_pyimzml(*made(spectra))


def test_a_namespace_prefix() -> None:
    text, ibd = PAIRS["processed.imzML"]
    prefixed = re.sub(rb"<(/?)(?=\w)", rb"<\1ns:", text).replace(b"xmlns=", b"xmlns:ns=")
    assert read_all(source_of((prefixed, ibd)), num_slices=5) == by_pyimzml(text, ibd)


def test_spectra_of_many_forms() -> None:
    """More forms than are remembered, in turns."""
    text, ibd = PAIRS["processed.imzML"]
    number = iter(range(10**6))

    def form(match: re.Match[bytes]) -> bytes:
        return match[0] + b"\n<userParam name='form'/>" * (next(number) % (MOST_TEMPLATES + 3))

    forms = re.sub(rb"<scan>", form, text)
    assert read_all(source_of((forms, ibd)), num_slices=5) == by_pyimzml(text, ibd)


def test_offsets_that_wrapped_at_32_bits_are_mended_in_every_slice() -> None:
    text, ibd = made([(x, 1, None, [float(x)], [float(x)]) for x in range(1, 7)])
    size = 9 << 30

    class Huge(MemorySource):
        """9 GiB whose numbers tell where they stand."""

        @property
        def size(self) -> int:
            return size

        def read(self, offset: int, length: int) -> bytes:
            return ibd[:16] if offset == 0 else struct.pack("<d", offset)[8 - length :]

        def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
            return [self.read(*r) for r in ranges]

    class Beside(MemorySource):
        def sibling(self, suffix: str, *, replacing: str = "") -> Source:
            return Huge(b"", "memory:x.ibd", etag="huge")

    offsets = [100 + (i * 3 << 29) for i in range(6)]
    places = iter([offset for offset in offsets for _ in range(2)])

    def wrapped(match: re.Match[bytes]) -> bytes:
        low = next(places) & 0xFFFFFFFF
        return match[1] + b"%d" % (low - (1 << 32) if low >> 31 else low)

    source = Beside(re.sub(rb'(external offset" value=")\d+', wrapped, text), "memory:x.imzML")
    for number in (1, 2, 3, 6):
        slices, cut, _ = cut_of(source, num_slices=number)
        got = [s for piece in slices for s in ImzmlFormat().read(source, cut.shared, piece)]
        assert [s.mz[0] for s in got] == offsets, number
        for piece in slices:
            alone = ImzmlFormat().read_bytes(source, cut.shared, piece, header=True)
            parser = ImzMLParser(io.BytesIO(alone), ibd_file=None)
            first = sum(p.records for p in slices[: piece.number])
            assert parser.mzOffsets == offsets[first : first + piece.records]
    slices, cut, _ = cut_of(source, region="2:5,1:1", num_slices=2)
    assert [s.mz[0] for p in slices for s in ImzmlFormat().read(source, cut.shared, p)] == offsets[1:5]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'position x" value="1"', b'position x" value="a"'),
        (b'accession="IMS:1000050"', b'accession="IMS:1000059"'),
        (b'array length" value="1"', b'array length" value="-1"'),
        (b'array length" value="1"', b'array length" value="900000000000000000"'),
        (b'external offset" value="16"', b'external offset" value="99999"'),
        (b'external offset" value="16"', b'external offset" value="-16"'),
        (b"MS:1000576", b"MS:1002312"),
        (b"MS:1000521", b"MS:1999999"),
        (b'ref="mzs"', b'ref="ints"'),
        (b"<scan>", b"<scan><scan>"),
        (b"<scan>", b'<scan a="1" a=>'),
        (b"<scan>", b"<scan><!ENTITY>"),
        (b"<scan>", b"<scan><!-- not closed"),
        (b'position x" value="1"', b'position x" value="&x;"'),
        (b"<mzML", b'<!DOCTYPE a [<!ENTITY x "1">]><mzML'),
        (b"</spectrum>", b"</spectrum> stray"),
        (b"</spectrumList>", b"</spectrumList><spectrum id='late'/>"),
    ],
)
def test_what_is_wrong_is_refused(old: bytes, new: bytes) -> None:
    text, ibd = made([(1, 1, None, [1.0], [2.0]), (2, 1, None, [1.0], [2.0])])
    assert old in text
    for block_size in (1 << 20, 100):
        for count in (-1, 1):
            source = source_of((text.replace(old, new, count), ibd))
            with pytest.raises(FormatError):
                ImzmlFormat().index(source, ImzmlParams(), ignore, block_size=block_size)


def test_more_mz_values_than_intensities_are_refused() -> None:
    text, ibd = made([(1, 1, None, [1.0, 2.0], [1.0, 2.0])])
    with pytest.raises(FormatError, match="fewer"):
        cut_of(source_of((text.replace(b'length" value="2"', b'length" value="1"', 1), ibd)))


def test_a_hostile_header_takes_no_time() -> None:
    started = time.perf_counter()
    for text in (
        b"<mzML" + b" a" * 200_000,
        b"<mzML>" + b"<a b='" * 100_000,
        b"<mzML>" + b"<!-- " * 100_000 + b"<spectrumList",
    ):
        with pytest.raises(FormatError):
            ImzmlFormat().index(source_of((text, b"")), ImzmlParams(), ignore)
    assert time.perf_counter() - started < 5


def test_no_spectra() -> None:
    for text in (
        made([])[0],
        re.sub(rb'<spectrumList count="0">\s*</spectrumList>', b'<spectrumList count="0"/>', made([])[0]),
    ):
        source = source_of((text, made([])[1]))
        slices, cut, index = cut_of(source, num_slices=3)
        assert index.records == 0
        assert ImzmlFormat().read(source, cut.shared, slices[0]) == []
        assert cut.notes


def test_a_wrong_count_is_noted() -> None:
    text, ibd = PAIRS["small.imzML"]
    _, cut, index = cut_of(source_of((text.replace(b'<spectrumList count="2"', b'<spectrumList count="9"'), ibd)))
    assert index.records == 2
    assert "9 spectra" in cut.notes[0]


# --- cuts --------------------------------------------------------------------------------------


def test_spectra_and_bytes_per_slice() -> None:
    source = source_of(PAIRS["processed.imzML"])
    slices, _, _ = cut_of(source, spectra=25)
    assert [p.records for p in slices] == [25, 25, 25, 25, 17]
    slices, _, index = cut_of(source, slice_bytes=1000)
    total = int((index.arrays["mz_bytes"] + index.arrays["bytes"]).sum())
    assert len(slices) == pytest.approx(total / 1000, abs=1)
    assert sum(p.details["data_bytes"] for p in slices) == total
    assert max(p.details["data_bytes"] for p in slices) < 1200
    one_each, _, _ = cut_of(source, slice_bytes=1)
    assert sum(p.records for p in one_each) == 117
    assert read_all(source, slice_bytes=1) == read_all(source)


def test_slices_are_balanced_by_the_numbers_they_bring() -> None:
    big = [(x, 1, None, [1.0] * (1000 if x < 10 else 10), [1.0] * (1000 if x < 10 else 10)) for x in range(1, 101)]
    slices, _, _ = cut_of(source_of(made(big)), num_slices=4)
    assert slices[0].records < 5 < slices[-1].records


@pytest.mark.parametrize("number", [None, 1, 2, 7, 1000])
def test_regions(number: int | None) -> None:
    source = source_of(PAIRS["processed.imzML"])
    expected = [s for s in by_pyimzml(PAIRS["processed.imzML"][0]) if 3 <= s[0] <= 8 and 2 <= s[1] <= 4]
    assert read_all(source, region="3:8,2:4", num_slices=number) == expected
    slices, cut, _ = cut_of(source, region="3:8, 2:4", num_slices=number)
    assert sum(p.records for p in slices) == 18
    for header in (True, False):
        texts = [ImzmlFormat().read_bytes(source, cut.shared, p, header=header) for p in slices]
        assert sum(len(re.findall(rb"<spectrum ", text)) for text in texts) == 18
    assert [ImzmlFormat().count(source, cut.shared, p) for p in slices] == [p.records for p in slices]


def test_a_region_of_many_rows_keeps_its_slices_small() -> None:
    source = source_of(made(image(3, 60)))
    slices, cut, _ = cut_of(source, region="2:2,1:60", num_slices=2)
    assert max(len(p.ranges) for p in slices) <= 16
    assert [s.y for p in slices for s in ImzmlFormat().read(source, cut.shared, p)] == list(range(1, 61))


def test_a_region_without_pixels_and_one_that_is_none() -> None:
    slices, cut, _ = cut_of(source_of(PAIRS["small.imzML"]), region="50:60,1:1")
    assert [p.records for p in slices] == [0]
    assert "region" in cut.notes[0]
    for text in ("1:2", "a", "5:1,1:2", "1:2,3:4,5:6"):
        with pytest.raises(ValueError, match="region"):
            ImzmlParams(region=text)


# --- views -------------------------------------------------------------------------------------


def test_tables_and_arrays() -> None:
    spectra = image(4, 3, equal=True)
    source = source_of(made(spectra, continuous=True))
    slices, cut, _ = cut_of(source)
    views = ImzmlFormat().views
    table = views["to_pandas"](source, cut.shared, slices[0])
    assert list(table.columns) == ["x", "y", "z", "mz", "intensity"]
    assert table["intensity"].tolist() == [v for s in spectra for v in s[4]]
    assert table["y"].tolist() == [s[1] for s in spectra for _ in s[4]]
    arrays = views["to_arrays"](source, cut.shared, slices[0])
    assert arrays["intensity"].shape == (12, 12)
    assert arrays["coordinates"].tolist() == [[s[0], s[1], 1] for s in spectra]
    ragged = source_of(PAIRS["processed.imzML"])
    slices, cut, _ = cut_of(ragged)
    assert len(views["to_arrays"](ragged, cut.shared, slices[0])["mz"]) == 117


def test_ion_images_of_slices_add_up_to_that_of_pyimzml() -> None:
    pair = PAIRS["continuous.imzML"]
    source = source_of(pair)
    slices, cut, _ = cut_of(source, num_slices=4)
    mz = by_pyimzml(*pair)[0][3][5]
    images = [ImzmlFormat().views["ion_image"](source, cut.shared, p, mz, tol=60) for p in slices]
    parser = ImzMLParser(io.BytesIO(pair[0]), ibd_file=io.BytesIO(pair[1]))
    assert np.allclose(sum(images), getionimage(parser, mz, tol=60))


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_a_slice_becomes_a_pair_of_files(name: str, tmp_path: Path) -> None:
    source = source_of(PAIRS[name], name)
    slices, cut, _ = cut_of(source, num_slices=2)
    got = []
    for piece in slices:
        path = ImzmlFormat().views["to_imzml"](source, cut.shared, piece, tmp_path / f"{piece.number}.imzML")
        text, ibd = path.read_bytes(), path.with_suffix(".ibd").read_bytes()
        got += by_pyimzml(text, ibd)
        assert read_all(FileSource(path)) == by_pyimzml(text, ibd)
        assert ibd[:16] != PAIRS[name][1][:16]
        if name == "continuous.imzML":
            assert len(ibd) < len(PAIRS[name][1])
    assert got == by_pyimzml(*PAIRS[name])


@pytest.mark.parametrize("sample", [spectra_sample, kidney_sample])
def test_the_demo_sample(sample: Callable[[], dict[str, bytes]]) -> None:
    (key, text), (beside, ibd) = sample().items()
    source = MemorySource(text, f"memory:{key}", beside={f"memory:{beside}": ibd})
    assert read_all(source, num_slices=6) == by_pyimzml(text, ibd)


def test_other_mzml_is_not_imzml() -> None:
    fmt = ImzmlFormat()
    assert fmt.detect("a.mzML", b"<mzML><cvList/></mzML>") == 0
    assert fmt.detect("a.imzML", b"<mzML><cvList/></mzML>") == 0.9
    assert fmt.detect("a", b"<html/>") == 0
    with pytest.raises(CockpitError):
        cut_of(source_of((b"<mzML><run><spectrumList count='1'><spectrum/></spectrumList></run></mzML>", bytes(16))))


def test_a_new_companion_makes_a_new_index(tmp_path: Path) -> None:
    text, ibd = PAIRS["small.imzML"]
    path = tmp_path / "a.imzML"
    path.write_bytes(text)
    path.with_suffix(".ibd").write_bytes(ibd)
    first = cdc.partition(path, num_slices=2)
    path.with_suffix(".ibd").write_bytes(ibd + b"more")
    with pytest.raises(SourceChanged):
        first[0].get()
    again = cdc.partition(path, num_slices=2)
    assert [s for piece in again for s in plain(piece.get())] == by_pyimzml(text, ibd)
