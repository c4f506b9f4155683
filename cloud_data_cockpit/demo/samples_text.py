"""Small made samples of plain text, FASTQ and VCF, from fixed seeds."""

from __future__ import annotations

import random

_WORDS = (
    "the",
    "cloud",
    "holds",
    "data",
    "nobody",
    "has",
    "looked",
    "at",
    "März",
    "naïve",
    "数据",
    "雲",
    "данные",
    "λόγος",
)
_CONTIGS = (("chr20", 64_444_167), ("chr21", 46_709_983), ("chrX", 156_040_895))


def text_sample(lines: int = 4_000) -> bytes:
    """A log of made-up sentences in several scripts; UTF-8, some lines blank."""
    chance = random.Random(11)
    made = (" ".join(chance.choices(_WORDS, k=chance.randint(0, 18))) for _ in range(lines))
    return "".join(line + "\n" for line in made).encode()


def fastq_sample(reads: int = 2_500) -> bytes:
    """Reads of 30 to 150 bases; many a quality line begins with @."""
    chance = random.Random(12)
    lines: list[str] = []
    for number in range(reads):
        length = chance.randint(30, 150)
        bases = "".join(chance.choices("ACGTN", (30, 20, 20, 30, 1), k=length))
        quality = "".join(chance.choices("@FI:,#+", (6, 60, 20, 9, 3, 1, 1), k=length))
        lines += [f"@sample.{number + 1} tile={number % 24} length={length}", bases, "+", quality]
    return ("\n".join(lines) + "\n").encode()


def vcf_sample(records: int = 3_000) -> bytes:
    """Variants of three samples on three contigs, in order."""
    chance = random.Random(13)
    lines = ["##fileformat=VCFv4.3", "##source=cloud-data-cockpit demo"]
    lines += [f"##contig=<ID={name},length={length}>" for name, length in _CONTIGS]
    lines += [
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Total depth">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">',
        '##FILTER=<ID=q10,Description="Quality below 10">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tanna\tben\tcleo",
    ]
    for name, length in _CONTIGS:
        for pos in sorted(chance.sample(range(1, length), records // len(_CONTIGS))):
            lines.append(_record(chance, name, pos))
    return ("\n".join(lines) + "\n").encode()


def _record(chance: random.Random, contig: str, pos: int) -> str:
    reference, alternative = chance.sample("ACGT", 2)
    quality = chance.randint(3, 99)
    depths = [chance.randint(4, 40) for _ in range(3)]
    calls = [f"{chance.choice(('0/0', '0/1', '1/1', './.'))}:{depth}" for depth in depths]
    fixed = (contig, str(pos), ".", reference, alternative, str(quality), "PASS" if quality >= 10 else "q10")
    return "\t".join((*fixed, f"DP={sum(depths)};AF={chance.random():.3f}", "GT:DP", *calls))
