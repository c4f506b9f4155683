"""A plug-in as people write them for Dataplug: fixed-length records, with and without a merge."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, List, Literal  # noqa: UP035

import numpy as np
from dataplug.entities import CloudDataFormat, CloudObjectSlice, PartitioningStrategy
from dataplug.preprocessing.metadata import PreprocessingMetadata

if TYPE_CHECKING:
    from dataplug.cloudobject import CloudObject


def preprocess_cards(cloud_object: CloudObject, width: int = 80) -> PreprocessingMetadata:
    with cloud_object.open("rb") as file:
        first = file.read(width)
    response = cloud_object.storage.get_object(Bucket=cloud_object.path.bucket, Key=cloud_object.path.key)
    body = response["Body"].read()
    cloud_object.storage.put_object(
        Body=b"beside", Bucket=cloud_object.meta_path.bucket, Key=cloud_object.meta_path.key + ".idx"
    )
    return PreprocessingMetadata(
        metadata=io.BytesIO(first),
        attributes={
            "cards": len(body) // width,
            "width": width,
            "corner": (1, 2.5),
            "sums": np.arange(4, dtype=np.int16),
            "names": {1: "one"},
        },
    )


@CloudDataFormat(preprocessing_function=preprocess_cards)
class Cards:
    cards: int
    width: int
    corner: tuple
    sums: List[int]  # noqa: UP006
    names: dict
    colour = "white"


class CardsSlice(CloudObjectSlice):
    def __init__(self, number, *args, **kwargs):
        self.number = number
        super().__init__(*args, **kwargs)

    def get(self):
        response = self.cloud_object.storage.get_object(
            Bucket=self.cloud_object.path.bucket,
            Key=self.cloud_object.path.key,
            Range=f"bytes={self.range_0}-{self.range_1 - 1}",
        )
        return response["Body"].read()

    def first_card(self, encoding="ascii"):
        with self.cloud_object.open_metadata("rb") as file:
            return file.read().decode(encoding)

    def beside(self):
        storage, meta_path = self.cloud_object.storage, self.cloud_object.meta_path
        return storage.get_object(Bucket=meta_path.bucket, Key=meta_path.key + ".idx")["Body"].read()

    def facts(self):
        attributes = self.cloud_object.attributes
        return attributes.corner, attributes.sums.tolist(), self.cloud_object["names"], attributes.colour


@PartitioningStrategy(dataformat=Cards)
def by_cards(cloud_object: CloudObject, cards_per_slice: int, order: Literal["up", "down"] = "up") -> List[CardsSlice]:  # noqa: UP006
    width = cloud_object.get_attribute("width")
    step = cards_per_slice * width
    starts = list(range(0, cloud_object.size, step))
    pieces = [CardsSlice(i, range_0=s, range_1=min(s + step, cloud_object.size)) for i, s in enumerate(starts)]
    return pieces if order == "up" else pieces[::-1]


@PartitioningStrategy(dataformat=Cards)
def in_chunks(cloud_object: CloudObject, num_chunks: int) -> List[CardsSlice]:  # noqa: UP006
    cards, width = cloud_object.attributes.cards, cloud_object.attributes.width
    edges = [cards * i // num_chunks * width for i in range(num_chunks)] + [cloud_object.size]
    return [CardsSlice(i, range_0=a, range_1=b) for i, (a, b) in enumerate(pairwise(edges))]


def scan_lines(cloud_object: CloudObject, chunk_data, chunk_id: int, chunk_size: int, num_chunks: int):
    offsets = [i + 1 + chunk_id * chunk_size for i, byte in enumerate(chunk_data.read()) if byte == 10]
    return PreprocessingMetadata(metadata=np.array(offsets, dtype=np.int64).tobytes())


def merge_lines(cloud_object: CloudObject, chunk_metadata):
    ends = np.concatenate([np.frombuffer(part.metadata, dtype=np.int64) for part in chunk_metadata])
    return PreprocessingMetadata(metadata=ends.tobytes(), attributes={"lines": len(ends)})


@CloudDataFormat(preprocessing_function=scan_lines, finalizer_function=merge_lines)
class Lines:
    lines: int


@PartitioningStrategy(dataformat=Lines)
def every(cloud_object: CloudObject, lines: int) -> List[CardsSlice]:  # noqa: UP006
    response = cloud_object.storage.get_object(Bucket=cloud_object.meta_path.bucket, Key=cloud_object.meta_path.key)
    ends = np.frombuffer(response["Body"].read(), dtype=np.int64)
    edges = [0, *ends[lines - 1 : -1 : lines].tolist(), int(ends[-1])]
    return [CardsSlice(i, a, b) for i, (a, b) in enumerate(pairwise(edges))]


def preprocess_unplain(cloud_object: CloudObject) -> PreprocessingMetadata:
    return PreprocessingMetadata(attributes={"session": io.StringIO("not plain")})


@CloudDataFormat(preprocessing_function=preprocess_unplain)
class Unplain:
    session: object


@PartitioningStrategy(dataformat=Unplain)
def whole(cloud_object: CloudObject) -> List[CloudObjectSlice]:  # noqa: UP006
    return [CardsSlice(0, 0, cloud_object.size)]


@CloudDataFormat()
class Bare:
    pass


class BareSlice(CloudObjectSlice):
    def get(self):
        return {"size": self.cloud_object.size, "held": self.held}


@PartitioningStrategy(dataformat=Bare)
def holding(cloud_object: CloudObject, what: str, strategy: str = "expand"):
    piece = BareSlice()
    piece.held = {"object": object(), "words": [what, strategy]}.get(what, [what, strategy])
    return [piece]


def preprocess_folder(cloud_object: CloudObject) -> PreprocessingMetadata:
    listed = cloud_object.storage.list_objects_v2(Bucket=cloud_object.path.bucket, Prefix=cloud_object.path.key)
    return PreprocessingMetadata(attributes={"names": [entry["Key"] for entry in listed["Contents"]]})


@CloudDataFormat(preprocessing_function=preprocess_folder, is_folder=True)
class Folder:
    names: list


class FileSlice(CloudObjectSlice):
    def __init__(self, key):
        self.key = key
        super().__init__()

    def get(self):
        return self.cloud_object.storage.get_object(Bucket=self.cloud_object.path.bucket, Key=self.key)["Body"].read()


@PartitioningStrategy(dataformat=Folder)
def by_file(cloud_object: CloudObject):
    return [FileSlice(key) for key in cloud_object["names"]]
