"""Files that belong together are found by their names, and only in one place."""

from __future__ import annotations

import pytest

from cloud_data_cockpit.companions import RULES, companions, together


def test_what_belongs_to_which() -> None:
    names = ["s.BAM", "s.bai", "t.fa", "t.fa.fai", "u.vcf.gz", "u.vcf.gz.tbi", "v.imzML", "v.ibd", "x.txt", "dir/s.bai"]
    assert companions(names) == {
        "s.BAM": ("s.bai",),
        "t.fa": ("t.fa.fai",),
        "u.vcf.gz": ("u.vcf.gz.tbi",),
        "v.imzML": ("v.ibd",),
    }
    assert companions(["w.cram", "w.cram.crai", "w.crai"]) == {"w.cram": ("w.cram.crai", "w.crai")}


@pytest.mark.parametrize(
    ("name", "beside", "expected"),
    [
        ("a.imzML", ["a.ibd", "b.ibd"], ["a.ibd"]),
        ("a.ibd", ["a.imzML"], ["a.imzML"]),
        ("a.bam.bai", ["a.bam"], []),
        ("a.shx", ["a.shp", "a.dbf", "b.dbf"], ["a.shp", "a.dbf"]),
        ("a.txt", ["a.bam"], []),
    ],
)
def test_what_has_to_go_together(name: str, beside: list[str], expected: list[str]) -> None:
    assert together(name, beside) == expected
    assert together(name, [name, *beside]) == expected


def test_the_table_can_be_compared_without_regard_to_case() -> None:
    for rule in RULES:
        assert rule.suffix == rule.suffix.lower()
        assert all(each == each.lower() for each in rule.companions)
