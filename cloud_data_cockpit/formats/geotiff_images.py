"""Which image of a TIFF is meant: its pages, the overviews of a page, the mask of each."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import BadRequest, FormatError
from .tiff_ifd import MASK, REDUCED, Directory, TiffFile
from .tiff_layout import HEIGHT, WIDTH, Layout, read_layout, subfile_type


@dataclass(frozen=True)
class Found:
    """The image that was asked for, its mask, the full image it belongs to, and how many there are to choose from."""

    image: Layout
    mask: Layout | None
    main: Layout
    pages: int
    levels: int


@dataclass(frozen=True)
class _Part:
    directory: Directory
    kind: int
    size: tuple[int, int]
    page: int


def find_image(tiff: TiffFile, page: int, level: int) -> Found:
    """Image `page` at `level`, 0 being full resolution. BadRequest where there is no such page or level."""
    parts = _parts(tiff)
    pages = parts[-1].page + 1
    if page >= pages:
        raise BadRequest(f"{tiff.source.uri} holds {pages:,} image{'s' * (pages > 1)}; choose page 0 to {pages - 1}")
    own = [part for part in parts if part.page == page]
    main = read_layout(tiff, own[0].directory)
    reduced = [p for p in own[1:] if p.kind == REDUCED and p.size != own[0].size]
    overviews = [layout for layout in (_overview(tiff, p, main) for p in reduced) if layout is not None]
    overviews.sort(key=lambda layout: -layout.width * layout.height)
    levels = [main, *overviews]
    if level >= len(levels):
        sizes = ", ".join(f"{i}: {x.width:,} x {x.height:,}" for i, x in enumerate(levels))
        raise BadRequest(f"{tiff.source.uri} has {len(levels)} levels of resolution ({sizes}); choose one of them")
    image = levels[level]
    wanted = MASK | (REDUCED if level else 0)
    masks = [p for p in own[1:] if p.kind == wanted and p.size == (image.width, image.height)]
    mask = read_layout(tiff, masks[0].directory) if masks else None
    return Found(image, mask if mask and mask.samples == 1 else None, main, pages, len(levels))


def _parts(tiff: TiffFile) -> list[_Part]:
    """Every directory with the page it belongs to. The first one is a page whatever it says of itself, as in GDAL."""
    parts: list[_Part] = []
    for directory in tiff.directories():
        kind = subfile_type(tiff, directory) if parts else 0
        page = (parts[-1].page if parts else -1) + (kind == 0)
        size = (tiff.one(directory, WIDTH, 0), tiff.one(directory, HEIGHT, 0))
        parts.append(_Part(directory, kind, size, page))
    if not parts:
        raise FormatError(f"{tiff.source.uri} is damaged: it holds no image")
    return parts


def _overview(tiff: TiffFile, part: _Part, main: Layout) -> Layout | None:
    """A smaller copy of `main`; None for a thumbnail of another kind."""
    try:
        layout = read_layout(tiff, part.directory)
    except FormatError:
        return None
    alike = (layout.samples, layout.bits, layout.sample_format) == (main.samples, main.bits, main.sample_format)
    smaller = layout.width <= main.width and layout.height <= main.height
    return layout if alike and smaller else None
