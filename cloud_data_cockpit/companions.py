"""Files that belong together: an index or a second half beside the file that it is of. One table, for all who ask."""

from __future__ import annotations

from collections.abc import Iterable

from .models import CompanionRule

RULES: tuple[CompanionRule, ...] = (
    CompanionRule(suffix=".imzml", companions=(".ibd",), required=True),
    CompanionRule(suffix=".bam", companions=(".bam.bai", ".bai", ".bam.csi")),
    CompanionRule(suffix=".cram", companions=(".cram.crai", ".crai")),
    CompanionRule(suffix=".vcf.gz", companions=(".vcf.gz.tbi", ".vcf.gz.csi")),
    CompanionRule(suffix=".vcf.bgz", companions=(".vcf.bgz.tbi", ".vcf.bgz.csi")),
    CompanionRule(suffix=".bcf", companions=(".bcf.csi",)),
    CompanionRule(suffix=".bed.gz", companions=(".bed.gz.tbi", ".bed.gz.csi")),
    CompanionRule(suffix=".gff3.gz", companions=(".gff3.gz.tbi", ".gff3.gz.csi")),
    *(
        CompanionRule(suffix=end, companions=(f"{end}.fai", f"{end}.gzi", ".dict"))
        for end in (".fa", ".fasta", ".fna", ".fa.gz", ".fasta.gz", ".fna.gz", ".fa.bgz", ".fasta.bgz")
    ),
    CompanionRule(
        suffix=".shp",
        companions=(".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".shp.xml"),
        required=True,
    ),
    CompanionRule(suffix=".tif", companions=(".tfw", ".tif.aux.xml", ".tif.ovr", ".tif.msk")),
    CompanionRule(suffix=".tiff", companions=(".tfw", ".tiff.aux.xml", ".tiff.ovr", ".tiff.msk")),
    CompanionRule(suffix=".las", companions=(".lax",)),
    CompanionRule(suffix=".laz", companions=(".lax",)),
)
"""Suffixes in lower case; names are compared without regard to case."""


def companions(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Which of these names belong to which: by the main file, those that belong to it, in the order of the table.

    Names are of one directory or prefix; those in different ones never belong together. Names without a companion
    among them are left out.
    """
    listed = list(names)
    by_lower: dict[str, list[str]] = {}
    for name in listed:
        by_lower.setdefault(name.lower(), []).append(name)
    found = {}
    for name in listed:
        beside = [each for wanted in expected(name) for each in by_lower.get(wanted, ())]
        if beside:
            found[name] = tuple(dict.fromkeys(beside))
    return found


def expected(name: str) -> list[str]:
    """The names, in lower case, that the companions of `name` could have."""
    lower = name.lower()
    rules = [rule for rule in RULES if lower.endswith(rule.suffix)]
    return [lower.removesuffix(rule.suffix) + ending for rule in rules for ending in rule.companions]


def together(name: str, beside: Iterable[str]) -> list[str]:
    """Those of the names `beside` that have to go where `name` goes, without itself.

    The companions of a main file; and of a pair of which neither half is of use alone, the other half.
    """
    listed = [each for each in beside if each != name]
    groups = companions([name, *listed])
    found = list(groups.get(name, ()))
    for main, others in groups.items():
        if name in others and any(rule.required and main.lower().endswith(rule.suffix) for rule in RULES):
            found += [main, *(each for each in others if each != name)]
    return list(dict.fromkeys(found))
