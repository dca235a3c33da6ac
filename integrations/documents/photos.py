"""Photos of workplaces at home: re-encoded to a plain JPEG that carries the picture and nothing else.

A phone writes where the home is into its photos; re-encoding leaves that behind, and whatever else was in the file.
"""

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import Final

import pillow_heif
from PIL import Image, ImageCms

from integrations.documents.uploads import UploadKind, UploadRefused, classify, is_heic

MAX_SIDE: Final = 2000
MAX_PIXELS: Final = 64_000_000
"""Judged by the file's header before anything is decoded; larger than the largest ordinary phone photo (50 MP)."""

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
        raise _too_large() from error
    except UNREADABLE as error:
        raise UploadRefused("Bildet er skadet eller ufullstendig. Ta et nytt bilde og last opp det.") from error
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
    clean = encoded.getvalue()
    return CleanPhoto(clean, picture.width, picture.height, hashlib.sha256(clean).hexdigest())


def _picture(content: bytes) -> Image.Image:
    with _opened(content) as image:
        orientation = _orientation(image)
        profile = image.info.get("icc_profile")
        if image.mode in RESIZABLE_MODES:
            # A JPEG that is still unread is decoded at a fraction of its size here, which saves time and memory.
            image.thumbnail((MAX_SIDE, MAX_SIDE))
        picture = _in_srgb(image, profile)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    # Pillow writes some of what it read (comments, for one) into what it saves.
    picture.info = {}
    return picture


def _opened(content: bytes) -> Image.Image:
    if not is_heic(content):
        image: Image.Image = Image.open(io.BytesIO(content), formats=["JPEG", "PNG"])
        _check_pixels(image.size)
        return image
    photo = pillow_heif.open_heif(content)
    _check_pixels(photo.size)
    return photo.to_pillow()


def _check_pixels(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large()


def _too_large() -> UploadRefused:
    return UploadRefused("Bildet har for høy oppløsning. Ta et nytt bilde med vanlig oppløsning og last opp det.")


def _orientation(image: Image.Image) -> int | None:
    """How the camera was held. HEIC files are turned by their decoder already and say so."""
    try:
        return image.getexif().get(ORIENTATION_TAG)
    except UNREADABLE:
        return None  # damaged metadata says nothing about the picture, which may well be whole


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    image.load()
    if image.mode.startswith("I"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        image = _on_white(image.convert("RGBA"))
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # an unreadable profile costs true colours, not the picture
        if converted is not None:
            return converted
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Grey values 0-65535 as 0-255; Pillow's own conversion would cut off all but the darkest."""
    return image.convert("I").point([value >> 8 for value in range(65536)], "L").convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
