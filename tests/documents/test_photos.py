import hashlib
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

import pillow_heif
import pytest
from PIL import Image, ImageCms

from integrations.documents.photos import MAX_SIDE, clean_photo
from integrations.documents.uploads import UploadRefused
from tests.documents.samples import jpeg, picture, png

ORIENTATION = 0x0112
GPS = 0x8825
RED = (254, 0, 0)
BLUE = (0, 0, 254)


def heic(image: Image.Image | None = None, **options: object) -> bytes:
    encoded = io.BytesIO()
    pillow_heif.from_pillow(image or picture()).save(encoded, **options)
    return encoded.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """Where the home is, as a phone writes it: 59° 24' N."""
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[0x010F] = "Telefonmerket"
    tags.get_ifd(GPS).update({1: "N", 2: (59.0, 24.0, 30.0)})
    return tags


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims to be large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_segments(content: bytes) -> set[int]:
    """The markers before the picture data."""
    found, at = set(), 2
    while content[at + 1] != 0xDA:
        found.add(content[at + 1])
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return found


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=["JPEG"])
    image.load()
    return image


def is_close(color: object, expected: tuple[int, int, int], tolerance: int = 12) -> bool:
    assert isinstance(color, tuple)
    return all(abs(one - other) <= tolerance for one, other in zip(color, expected, strict=True))


@pytest.mark.parametrize(
    "content",
    [
        jpeg(exif=exif(), comment=b"hjemmeadresse", xmp=b"<x:xmpmeta/>"),
        png(exif=exif()),
        heic(exif=exif().tobytes()),
    ],
    ids=["jpeg", "png", "heic"],
)
def test_nothing_but_the_picture_is_left(content: bytes) -> None:
    cleaned = clean_photo(content)
    assert b"Telefonmerket" in content
    assert jpeg_segments(cleaned.content) == {0xE0, 0xDB, 0xC0, 0xC4}
    assert opened(cleaned.content).size == (cleaned.width, cleaned.height) == (80, 60)
    assert cleaned.sha256 == hashlib.sha256(cleaned.content).hexdigest()
    assert is_close(opened(cleaned.content).getpixel((10, 30)), RED)
    assert is_close(opened(cleaned.content).getpixel((70, 30)), BLUE)


@pytest.mark.parametrize("encode", [jpeg, png])
@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (80, 60), (10, 30)),
        (2, (80, 60), (70, 30)),
        (3, (80, 60), (70, 30)),
        (4, (80, 60), (10, 30)),
        (5, (60, 80), (30, 10)),
        (6, (60, 80), (30, 10)),
        (7, (60, 80), (30, 70)),
        (8, (60, 80), (30, 70)),
        (77, (80, 60), (10, 30)),
    ],
)
def test_the_picture_stands_upright(
    encode: Callable[..., bytes], orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    cleaned = opened(clean_photo(encode(exif=exif(orientation))).content)
    assert cleaned.size == size
    assert is_close(cleaned.getpixel(red_at), RED)


def test_a_turned_heic_is_turned_once() -> None:
    cleaned = opened(clean_photo(heic(exif=exif(6).tobytes())).content)
    assert cleaned.size == (60, 80)
    assert is_close(cleaned.getpixel((30, 10)), RED)


@pytest.mark.parametrize(("size", "expected"), [((4032, 3024), (2000, 1500)), ((1500, 3000), (1000, 2000))])
def test_large_photos_become_smaller(size: tuple[int, int], expected: tuple[int, int]) -> None:
    cleaned = clean_photo(jpeg(picture(*size)))
    assert (cleaned.width, cleaned.height) == expected
    assert max(expected) == MAX_SIDE


def test_a_single_pixel_is_a_picture() -> None:
    cleaned = clean_photo(png(Image.new("RGB", (1, 1), "red")))
    assert (cleaned.width, cleaned.height) == (1, 1)


def test_a_strip_is_a_picture() -> None:
    cleaned = clean_photo(png(picture(30_000, 10)))
    assert (cleaned.width, cleaned.height) == (MAX_SIDE, 1)


def test_same_photo_gives_same_bytes() -> None:
    for content in (jpeg(exif=exif()), png(), heic()):
        assert clean_photo(content) == clean_photo(content)


@pytest.mark.parametrize(
    ("content", "color"),
    [
        (jpeg(Image.new("CMYK", (20, 20), (0, 255, 255, 0))), RED),
        (jpeg(Image.new("L", (20, 20), 128)), (128, 128, 128)),
        (png(Image.new("I;16", (20, 20), 40_000)), (156, 156, 156)),
        (png(Image.new("1", (20, 20), 1)), (255, 255, 255)),
        (png(Image.new("RGB", (20, 20), "red").quantize(4)), RED),
        (png(Image.new("RGBA", (20, 20), (255, 0, 0, 0))), (255, 255, 255)),
        (png(Image.new("LA", (20, 20), (0, 128))), (127, 127, 127)),
        (png(Image.new("RGB", (20, 20), "red"), transparency=(255, 0, 0)), (255, 255, 255)),
        (heic(Image.new("RGBA", (64, 64), (0, 0, 255, 255))), BLUE),
    ],
    ids=["cmyk", "grey", "16-bit", "black-white", "palette", "alpha", "grey-alpha", "one-transparent", "heic-alpha"],
)
def test_every_kind_of_pixel_keeps_its_look(content: bytes, color: tuple[int, int, int]) -> None:
    cleaned = opened(clean_photo(content).content)
    assert cleaned.mode == "RGB"
    assert is_close(cleaned.getpixel((10, 10)), color)


def test_colour_profiles_are_applied_and_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc_profile in (srgb, profile, b"not a profile"):
        cleaned = clean_photo(jpeg(icc_profile=icc_profile))
        assert 0xE2 not in jpeg_segments(cleaned.content)
        assert is_close(opened(cleaned.content).getpixel((10, 30)), RED)


def test_of_an_animation_the_first_picture_is_kept() -> None:
    content = png(save_all=True, append_images=[Image.new("RGB", (80, 60), "green")])
    assert is_close(opened(clean_photo(content).content).getpixel((10, 30)), RED)


def test_a_zip_behind_the_picture_does_not_survive() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("skjult.txt", "hemmelig")
    polyglot = jpeg() + archive.getvalue()
    assert zipfile.is_zipfile(io.BytesIO(polyglot))
    cleaned = clean_photo(polyglot)
    assert not zipfile.is_zipfile(io.BytesIO(cleaned.content))
    assert cleaned.content == clean_photo(jpeg()).content


@pytest.mark.parametrize("content", [jpeg(), png(), heic()], ids=["jpeg", "png", "heic"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.85])
def test_cut_off_photos_are_refused(content: bytes, part: float) -> None:
    with pytest.raises(UploadRefused, match="skadet eller ufullstendig"):
        clean_photo(content[: int(len(content) * part)])


@pytest.mark.parametrize(("width", "height"), [(9000, 8000), (65_000, 65_000), (2**31 - 1, 2**31 - 1)])
def test_bombs_are_refused_by_their_header(width: int, height: int) -> None:
    with pytest.raises(UploadRefused, match="oppløsning"):
        clean_photo(png_header(width, height))


def test_a_pdf_is_not_a_photo() -> None:
    with pytest.raises(UploadRefused, match="ikke et bilde"):
        clean_photo(b"%PDF-1.7")


@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow says about the damage is not ours to assert
@pytest.mark.parametrize(
    "content", [jpeg(exif=exif(6)), png(exif=exif(6)), heic(exif=exif(6).tobytes())], ids=["jpeg", "png", "heic"]
)
def test_damage_anywhere_is_a_refusal_or_a_picture(content: bytes) -> None:
    chance = random.Random(1)  # noqa: S311 - a repeatable sequence, not a secret
    refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 3, 20))):
            damaged[chance.randrange(4, min(len(damaged), 1500))] = chance.randrange(256)
        try:
            clean_photo(bytes(damaged))
        except UploadRefused:
            refused += 1
    assert refused
