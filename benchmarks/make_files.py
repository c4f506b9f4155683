"""Makes files of the formats that the benchmark reads, of about the size asked for, from a seed.

Usage: python benchmarks/make_files.py --dir D [--size-mb 100] [--seed 1] [csv fasta fastq vcf copc cog imzml]
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

MB = 1_000_000


def make_csv(path: Path, size: int, seed: int) -> None:
    """Rows of a number, a name, two floats and a date; plain enough for every reader."""
    chance = np.random.default_rng(seed)
    names = np.array([f"station-{i:04d}" for i in range(1000)])
    with path.open("wb") as file:
        file.write(b"id,station,temperature,humidity,date\n")
        number = 0
        while file.tell() < size:
            rows = 50_000
            which = chance.integers(0, 1000, rows)
            warm, wet = chance.normal(12, 8, rows), chance.uniform(0, 100, rows)
            day, month = chance.integers(1, 29, rows), chance.integers(1, 13, rows)
            columns = zip(names[which].tolist(), warm.tolist(), wet.tolist(), month.tolist(), day.tolist(), strict=True)
            lines = [
                f"{number + i},{name},{t:.4f},{h:.5f},2024-{m:02d}-{d:02d}\n"
                for i, (name, t, h, m, d) in enumerate(columns)
            ]
            file.write("".join(lines).encode())
            number += rows


def make_fasta(path: Path, size: int, seed: int) -> None:
    """Contigs of 2 to 200 kb in lines of 60 bases."""
    chance = np.random.default_rng(seed)
    bases = np.frombuffer(b"ACGT", dtype=np.uint8)
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            length = int(chance.integers(2_000, 200_000)) // 60 * 60
            sequence = bases[chance.integers(0, 4, length)].reshape(-1, 60)
            lines = np.concatenate([sequence, np.full((len(sequence), 1), 10, np.uint8)], axis=1)
            file.write(f">contig_{number} length={length} made up\n".encode() + lines.tobytes())
            number += 1


def make_fastq(path: Path, size: int, seed: int) -> None:
    """Reads of 150 bases in one gzip member, as sequencing centres ship them; `size` is of the compressed file."""
    chance = np.random.default_rng(seed)
    bases = np.frombuffer(b"ACGT", dtype=np.uint8)
    marks = np.frombuffer(b"FFFFFFFFF:::,#", dtype=np.uint8)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            reads = 20_000
            sequences = bases[chance.integers(0, 4, (reads, 150))]
            # Qualities come in runs.
            runs = np.repeat(marks[chance.integers(0, len(marks), (reads, 30))], 5, axis=1)
            lines = [
                b"@A00123:45:HXXXX:1:%d:%d:%d 1:N:0\n%b\n+\n%b\n"
                % (1101 + (number + i) // 10_000, (number + i) * 7 % 30_000, number + i, s.tobytes(), q.tobytes())
                for i, (s, q) in enumerate(zip(sequences, runs, strict=True))
            ]
            file.write(packer.compress(b"".join(lines)))
            number += reads
        file.write(packer.flush())


def make_vcf(path: Path, size: int, seed: int) -> None:
    """Variants with 20 samples each, over five chromosomes."""
    chance = np.random.default_rng(seed)
    samples = [f"S{i:02d}" for i in range(20)]
    head = ["##fileformat=VCFv4.2", *(f"##contig=<ID=chr{c},length=250000000>" for c in range(1, 6))]
    head += ['##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">']
    head += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    head += ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])]
    genotypes = np.array(["0/0", "0/1", "1/1", "./."])
    with path.open("wb") as file:
        file.write(("\n".join(head) + "\n").encode())
        for chromosome in range(1, 6):
            position = 0
            while file.tell() < size * chromosome // 5:
                rows = 5_000
                steps = chance.integers(1, 200, rows).cumsum() + position
                position = int(steps[-1])
                calls = genotypes[chance.choice(4, (rows, 20), p=[0.7, 0.2, 0.08, 0.02])]
                letters = chance.integers(0, 4, rows).tolist()
                depths = chance.integers(5, 300, rows).tolist()
                lines = [
                    f"chr{chromosome}\t{at}\trs{at}\t{'ACGT'[x]}\t{'CGTA'[x]}\t{depth}.5\tPASS\tDP={depth}\tGT\t"
                    + "\t".join(row)
                    for at, x, depth, row in zip(steps.tolist(), letters, depths, calls.tolist(), strict=True)
                ]
                file.write(("\n".join(lines) + "\n").encode())


def make_copc(path: Path, size: int, seed: int) -> None:
    """Terrain in an octree with nodes of 50,000 points, and a CRS."""
    from rasterio.crs import CRS

    from cloud_data_cockpit.demo.samples_lidar import copc_file, terrain, vlr

    place = [vlr(b"LASF_Projection", 2112, CRS.from_epsg(32633).to_wkt().encode() + b"\0")]
    side = 200_000
    trial = len(copc_file(terrain(400_000, side, seed), node_points=50_000, more=place)) / 400_000
    path.write_bytes(copc_file(terrain(int(size / trial), side, seed), node_points=50_000, more=place))


def make_cog(path: Path, size: int, seed: int) -> None:
    """Three bands of 16 bits, deflated tiles of 512, overviews."""
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.transform import from_origin

    def image(side: int) -> np.ndarray:
        chance = np.random.default_rng(seed)
        y, x = np.mgrid[0:side, 0:side]
        made = np.empty((3, side, side), dtype=np.uint16)
        for band in range(3):
            smooth = 3_000 + 1_500 * np.sin(x / (90 + 40 * band)) * np.cos(y / (120 - 20 * band))
            made[band] = smooth + chance.normal(0, 12, (side, side))
        return made

    def pack(side: int, target: str) -> None:
        profile = {"driver": "COG", "width": side, "height": side, "count": 3, "dtype": "uint16", "crs": "EPSG:32633"}
        profile |= {"compress": "DEFLATE", "blocksize": 512, "transform": from_origin(4e5, 5e6, 10, 10)}
        with rasterio.open(target, "w", **profile) as file:
            file.write(image(side))

    with MemoryFile(ext=".tif") as trial:
        pack(1024, trial.name)
        per_pixel = len(trial.getbuffer()) / 1024**2
    pack(int((size / per_pixel) ** 0.5), str(path))


def make_imzml(path: Path, size: int, seed: int) -> None:
    """Spectra of about 1,000 peaks of their own (mode processed); `size` is of the .ibd."""
    from pyimzml.ImzMLWriter import ImzMLWriter

    chance = np.random.default_rng(seed)
    count = size // 12_000
    side = max(1, int(count**0.5))
    with ImzMLWriter(str(path), mode="processed", mz_dtype=np.float64, intensity_dtype=np.float32) as writer:
        for number in range(count):
            peaks = int(chance.integers(800, 1_200))
            mz = np.sort(chance.uniform(100, 1_000, peaks))
            writer.addSpectrum(mz, chance.exponential(50, peaks), (number % side + 1, number // side + 1, 1))


MAKERS: dict[str, tuple[str, Callable[[Path, int, int], None]]] = {
    "csv": ("table.csv", make_csv),
    "fasta": ("genome.fasta", make_fasta),
    "fastq": ("reads.fastq.gz", make_fastq),
    "vcf": ("variants.vcf", make_vcf),
    "copc": ("points.copc.laz", make_copc),
    "cog": ("image.tif", make_cog),
    "imzml": ("tissue.imzML", make_imzml),
}


def make(name: str, directory: Path, size_mb: int, seed: int) -> list[Path]:
    """The files of one format, made unless they are there already."""
    folder = directory / f"{size_mb}mb-{seed}" / name
    key, maker = MAKERS[name]
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        maker(folder / key, size_mb * MB, seed)
        done.touch()
    return sorted(path for path in folder.iterdir() if path != done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="format", help=", ".join(MAKERS))
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--size-mb", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name in asked.formats or MAKERS:
        start = time.perf_counter()
        for path in make(name, asked.dir, asked.size_mb, asked.seed):
            print(f"{path} {path.stat().st_size / MB:.1f} MB")
        print(f"  {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
