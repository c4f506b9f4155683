"""One small sample of each format that the product reads, made here from a fixed seed."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

STATIONS = ("Zürich", "São Paulo", "Kraków", "Ōsaka", "Reykjavík", "Addis Abäba", "Montréal", "Nukuʻalofa")
_TYPES = {
    "csv": "text/csv",
    "fa": "text/x-fasta",
    "txt": "text/plain",
    "vcf": "text/plain",
    "gz": "application/gzip",
    "tif": "image/tiff",
    "imzML": "text/xml",
}
REMARKS = (
    "",
    "sensor cleaned",
    'observer wrote: "fog, then sun"',
    "first line\nsecond line",
    "wind vane stuck;\r\nfreed at noon",
    "snö på mätaren",
    "雨",
)


def weather_csv(rows: int = 12_000) -> bytes:
    """Hourly observations with quoted newlines, quotes in quotes and text in several scripts; UTF-8."""
    chance = random.Random(20_240_101)
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["observed", "station", "temperature", "pressure", "remark"])
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for row in range(rows):
        observed = start + timedelta(hours=row // len(STATIONS))
        remark = chance.choice(REMARKS) if chance.random() < 0.15 else ""
        writer.writerow(
            [
                f"{observed:%Y-%m-%dT%H:%M}",
                STATIONS[row % len(STATIONS)],
                f"{chance.gauss(12, 9):.1f}",
                chance.randint(960, 1045),
                remark,
            ]
        )
    return table.getvalue().encode()


def genome_fasta(contigs: int = 24, longest: int = 60_000) -> bytes:
    """A small made-up genome: contigs of falling length, 60 bases a line."""
    chance = random.Random(7)
    lines: list[str] = []
    for number in range(1, contigs + 1):
        length = longest // number + chance.randint(0, 500)
        lines.append(f">contig_{number} made-up sequence, {length} bases")
        bases = "".join(chance.choices("ACGT", (3, 2, 2, 3), k=length))
        lines += [bases[at : at + 60] for at in range(0, length, 60)]
    return ("\n".join(lines) + "\n").encode()


def make_samples() -> dict[str, tuple[bytes, str]]:
    """Key below the demo bucket -> (content, content type), of every format that can be written with what is installed.

    LAZ and COPC need lazrs, the MeasurementSets need python-casacore.
    """
    from . import (
        samples_gzip,
        samples_lidar,
        samples_raster,
        samples_sky,
        samples_spectra,
        samples_table,
        samples_text,
    )

    contents: dict[str, bytes] = {
        "tables/weather.csv": weather_csv(),
        "sequences/genome.fa": genome_fasta(),
        "sequences/reads.fastq": samples_text.fastq_sample(),
        "text/sentences.txt": samples_text.text_sample(),
        "variants/family.vcf": samples_text.vcf_sample(),
        "point-clouds/terrain.las": samples_lidar.las_sample(),
        "images/terrain.tif": samples_raster.geotiff_sample(),
        "images/fields.tif": samples_raster.fields_sample(),
        **samples_gzip.gzip_sample(),
        **samples_spectra.spectra_sample(),
        **samples_spectra.kidney_sample(),
        **samples_sky.galaxy_sample(),
        **samples_table.measurementset_sample(),
    }
    if find_spec("lazrs"):
        contents["point-clouds/terrain.laz"] = samples_lidar.laz_sample()
        contents["point-clouds/terrain.copc.laz"] = samples_lidar.copc_sample()
    return {key: (content, _content_type(key)) for key, content in contents.items()}


def _content_type(key: str) -> str:
    return _TYPES.get(key.rpartition(".")[2], "application/octet-stream")
