"""Small samples of spectra: an image as imzML with its companion."""

from __future__ import annotations

import math
import random
import struct
import uuid
from collections.abc import Callable

_IDENTITY = uuid.UUID("3d6f1d52-8a4e-4f0c-9f5e-0c2b7a55e001")
_PEAKS = ((184.07, 5.0, 5.0), (369.35, 11.0, 4.0), (496.34, 8.0, 11.0), (760.59, 3.0, 12.0))

_VESSELS = ((0.32, 0.38), (0.62, 0.66), (0.70, 0.34))
Spectrum = Callable[[int, int, random.Random], tuple[list[float], list[float]]]

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1">
  <cvList count="2">
    <cv id="MS" fullName="Proteomics Standards Initiative Mass Spectrometry Ontology" version="4.1.0"/>
    <cv id="IMS" fullName="Mass Spectrometry Imaging Ontology" version="1.1.0"/>
  </cvList>
  <fileDescription>
    <fileContent>
      <cvParam cvRef="MS" accession="MS:1000579" name="MS1 spectrum" value=""/>
      <cvParam cvRef="IMS" accession="IMS:1000080" name="universally unique identifier" value="{identity}"/>
      <cvParam cvRef="IMS" accession="IMS:1000031" name="processed" value=""/>
    </fileContent>
  </fileDescription>
  <referenceableParamGroupList count="2">
    <referenceableParamGroup id="mzArray">
      <cvParam cvRef="MS" accession="MS:1000576" name="no compression" value=""/>
      <cvParam cvRef="MS" accession="MS:1000514" name="m/z array" value=""/>
      <cvParam cvRef="MS" accession="MS:1000523" name="64-bit float" value=""/>
      <cvParam cvRef="IMS" accession="IMS:1000101" name="external data" value="true"/>
    </referenceableParamGroup>
    <referenceableParamGroup id="intensityArray">
      <cvParam cvRef="MS" accession="MS:1000576" name="no compression" value=""/>
      <cvParam cvRef="MS" accession="MS:1000515" name="intensity array" value=""/>
      <cvParam cvRef="MS" accession="MS:1000521" name="32-bit float" value=""/>
      <cvParam cvRef="IMS" accession="IMS:1000101" name="external data" value="true"/>
    </referenceableParamGroup>
  </referenceableParamGroupList>
  <scanSettingsList count="1">
    <scanSettings id="settings">
      <cvParam cvRef="IMS" accession="IMS:1000042" name="max count of pixels x" value="{width}"/>
      <cvParam cvRef="IMS" accession="IMS:1000043" name="max count of pixels y" value="{height}"/>
    </scanSettings>
  </scanSettingsList>
  <instrumentConfigurationList count="1"><instrumentConfiguration id="none"/></instrumentConfigurationList>
  <run id="demo" defaultInstrumentConfigurationRef="none">
    <spectrumList count="{count}">
"""

_SPECTRUM = """      <spectrum id="pixel={number}" defaultArrayLength="0" index="{index}">
        <scanList count="1">
          <scan>
            <cvParam cvRef="IMS" accession="IMS:1000050" name="position x" value="{x}"/>
            <cvParam cvRef="IMS" accession="IMS:1000051" name="position y" value="{y}"/>
          </scan>
        </scanList>
        <binaryDataArrayList count="2">
{arrays}        </binaryDataArrayList>
      </spectrum>
"""

_ARRAY = """          <binaryDataArray encodedLength="0">
            <referenceableParamGroupRef ref="{group}"/>
            <cvParam cvRef="IMS" accession="IMS:1000102" name="external offset" value="{offset}"/>
            <cvParam cvRef="IMS" accession="IMS:1000103" name="external array length" value="{points}"/>
            <cvParam cvRef="IMS" accession="IMS:1000104" name="external encoded length" value="{held}"/>
            <binary/>
          </binaryDataArray>
"""

_TAIL = """    </spectrumList>
  </run>
</mzML>
"""


def spectra_sample() -> dict[str, bytes]:
    """Key below the demo bucket -> content: an imzML and its .ibd."""
    xml, ibd = image_imzml()
    return {"imaging/tissue.imzML": xml, "imaging/tissue.ibd": ibd}


def kidney_sample(width: int = 40, height: int = 30) -> dict[str, bytes]:
    """As `spectra_sample`, of a made-up section of a kidney: a lipid of the rind, one of the core, heme in vessels."""
    xml, ibd = image_imzml(width, height, lambda x, y, chance: _kidney(x / width, y / height, chance))
    return {"imaging/kidney.imzML": xml, "imaging/kidney.ibd": ibd}


def image_imzml(width: int = 15, height: int = 15, spectrum: Spectrum | None = None) -> tuple[bytes, bytes]:
    """An image of `spectrum(x, y, chance)`, m/z and intensities in order: the imzML and its .ibd.

    Without it, of four made-up molecules, each brightest at a place of its own.
    """
    made = spectrum or _spectrum
    chance = random.Random(21)
    ibd = bytearray(_IDENTITY.bytes)
    parts = [_HEAD.format(identity=_IDENTITY.hex, width=width, height=height, count=width * height)]
    for index in range(width * height):
        y, x = divmod(index, width)
        mz, intensity = made(x + 1, y + 1, chance)
        arrays = []
        for group, code, numbers in (("mzArray", "d", mz), ("intensityArray", "f", intensity)):
            data = struct.pack(f"<{len(numbers)}{code}", *numbers)
            arrays.append(_ARRAY.format(group=group, offset=len(ibd), points=len(numbers), held=len(data)))
            ibd += data
        parts.append(_SPECTRUM.format(number=index + 1, index=index, x=x + 1, y=y + 1, arrays="".join(arrays)))
    return "".join([*parts, _TAIL]).encode(), bytes(ibd)


def _spectrum(x: int, y: int, chance: random.Random) -> tuple[list[float], list[float]]:
    points = [(chance.uniform(100, 1000), chance.expovariate(0.2)) for _ in range(chance.randint(20, 60))]
    for mass, at_x, at_y in _PEAKS:
        bright = 1000 * math.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / 12)
        if bright > 1:
            points.append((chance.gauss(mass, 0.002), bright))
    points.sort()
    return [mass for mass, _ in points], [value for _, value in points]


def _kidney(x: float, y: float, chance: random.Random) -> tuple[list[float], list[float]]:
    """At x, y of 0 to 1: the matrix outside of the tissue; within, lipids by the depth below its edge."""
    bean = math.hypot((x - 0.5) / 0.44, (y - 0.5) / 0.42)
    bean += 0.9 * math.exp(-((x - 0.92) ** 2) / 0.03 - (y - 0.5) ** 2 / 0.012)
    peaks = [(273.04, 90.0 if bean > 1 else 25.0)]
    if bean <= 1:
        rind = 1 / (1 + math.exp(-(bean - 0.66) / 0.04))
        peaks += [(760.585, 20 + 800 * rind), (798.541, 20 + 600 * (1 - rind))]
        near = sum(math.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / 0.002) for at_x, at_y in _VESSELS)
        peaks += [(616.177, 900 * near)] if near > 0.01 else []
    points = [(chance.uniform(200, 1000), chance.expovariate(0.3)) for _ in range(chance.randint(12, 24))]
    points += [(chance.gauss(mass, 0.002), bright * chance.gauss(1, 0.08)) for mass, bright in peaks]
    points.sort()
    return [mass for mass, _ in points], [max(0.0, value) for _, value in points]
