"""Photos of workplaces at home: re-encoded to a plain JPEG that carries the picture and nothing else.

A phone writes where the home is into its photos; re-encoding leaves that behind, and whatever else was in the file.
"""

import hashlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

import pillow_heif
from PIL import Image, ImageCms

from integrations.documents.uploads import UploadKind, UploadRefused, classify, is_heic

MAX_SIDE: Final = 2000
MAX_PIXELS: Final = 64_000_000
"""Judged by the file's header before anything is decoded; larger than the largest ordinary phone photo (50 MP)."""
MAX_DECODED: Final = 164_000_000
"""Bytes that a picture may take before it has become smaller: 41 MP of a PNG in colour, 54 of a HEIC."""
PIXELS_AT_ONCE: Final = 1_000_000
BYTES_A_PIXEL: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2}
"""In Pillow; all others take four."""
TOO_LARGE: Final = "Bildet har for høy oppløsning. Ta et nytt bilde med vanlig oppløsning og last opp det."

JPEG_QUALITY: Final = 85
ORIENTATION_TAG: Final = 0x0112
UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
RESIZABLE_MODES: Final = frozenset({"L", "RGB", "CMYK"})
Small = tuple[Image.Image, bytes | None, int | None]
"""A picture not much larger than `MAX_SIDE` in some colours, made without another as large as the file's; its colour
profile, and how the camera was held."""
UNREADABLE: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    RuntimeError,  # libheif's own safety limits
    struct.error,
)
"""What the decoders raise at damaged files; `tests/documents/test_photos.py` damages some to see."""


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A JPEG without metadata. `width` and `height` are in pixels, `sha256` is that of `content`."""

    content: bytes
    width: int
    height: int
    sha256: str


def clean_photo(content: bytes) -> CleanPhoto:
    """The upright picture as JPEG in sRGB, at most `MAX_SIDE` pixels a side; the same input gives the same bytes.

    Raises:
        UploadRefused: not a photo, cut off, damaged, or with more pixels than `MAX_PIXELS`.
    """
    if classify(content) is not UploadKind.PHOTO:
        raise UploadRefused("Filen er ikke et bilde. Ta et bilde av arbeidsplassen og last opp det (JPEG, PNG, HEIC).")
    try:
        picture = _picture(content)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UploadRefused(TOO_LARGE) from error
    except UNREADABLE as error:
        raise UploadRefused("Bildet er skadet eller ufullstendig. Ta et nytt bilde og last opp det.") from error
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
    clean = encoded.getvalue()
    return CleanPhoto(clean, picture.width, picture.height, hashlib.sha256(clean).hexdigest())


def _picture(content: bytes) -> Image.Image:
    small, profile, orientation = _small_heic(content) if is_heic(content) else _small(content)
    picture = _in_srgb(small, profile)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    # Pillow writes some of what it read (comments, for one) into what it saves.
    picture.info = {}
    return picture


def _small(content: bytes) -> Small:
    with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as image:
        _check_size(image.size)
        held = _held_by_decoder(image)
        # A JPEG is decoded at a fraction of its size, which saves time and memory.
        times = max(1, max(image.size) / MAX_SIDE)
        image.draft(None, (max(1, int(image.width / times)), max(1, int(image.height / times))))
        _check_size(image.size, BYTES_A_PIXEL.get(image.mode, 4), held)
        orientation, profile = _orientation(image), image.info.get("icc_profile")
        image.load()
        if image.mode in RESIZABLE_MODES and not image.has_transparency_data:
            image.thumbnail((MAX_SIDE, MAX_SIDE))
            return image, profile, orientation
        small = _from_strips(image.size, lambda top, bottom: image.crop((0, top, image.width, bottom)))
        return small, profile, orientation


def _small_heic(content: bytes) -> Small:
    """It is turned by its decoder already."""
    photo = pillow_heif.open_heif(content)
    (width, height), mode = photo.size, photo.mode
    _check_size(photo.size, 5 if photo.has_alpha else 3)
    pixels, stride = memoryview(photo.data), photo.stride

    def strip(top: int, bottom: int) -> Image.Image:
        part = pixels[top * stride : bottom * stride]
        return Image.frombytes(mode, (width, bottom - top), part, "raw", mode, stride)

    return _from_strips((width, height), strip), photo.info.get("icc_profile"), None


def _from_strips(size: tuple[int, int], strip: Callable[[int, int], Image.Image]) -> Image.Image:
    """The picture in RGB, a strip at a time, as many times smaller as `MAX_SIDE` allows."""
    width, height = size
    factor = max(1, max(size) // MAX_SIDE)
    small = Image.new("RGB", (ceil(width / factor), ceil(height / factor)))
    rows = max(1, PIXELS_AT_ONCE // (width * factor)) * factor
    for top in range(0, height, rows):
        part = _in_rgb(strip(top, min(top + rows, height)))
        small.paste(part.reduce(factor), (0, top // factor))
    return small


def _held_by_decoder(image: Image.Image) -> int:
    """Bytes beside the pixels: a progressive JPEG is read as a whole first, two bytes a value."""
    sampling: list[int] = [across * down for _, across, down, _ in getattr(image, "layer", ())]
    if "progressive" not in image.info or not sampling:
        return 0
    values = image.width * image.height * sum(sampling) // max(sampling)
    return 2 * values


def _check_size(size: tuple[int, int], bytes_a_pixel: int = 0, held: int = 0) -> None:
    pixels = size[0] * size[1]
    if pixels > MAX_PIXELS or pixels * bytes_a_pixel + held > MAX_DECODED:
        raise UploadRefused(TOO_LARGE)


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(ORIENTATION_TAG)
    except UNREADABLE:
        return None  # damaged metadata says nothing about the picture, which may well be whole


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # an unreadable profile costs true colours, not the picture
        if converted is not None:
            return converted
    return image.convert("RGB")


def _in_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Grey values 0-65535 as 0-255; Pillow's own conversion would cut off all but the darkest."""
    return image.convert("I").point([value >> 8 for value in range(65536)], "L").convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
