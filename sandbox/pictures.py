"""Pictures people upload: a desk as a phone takes it, with the place in its metadata; and the wrong file."""

import io
from random import Random

from PIL import Image, ImageDraw

GPS = 0x8825
WIDTH, HEIGHT = 1600, 1200


def desk_photo(seed: int, who: str) -> bytes:
    """A JPEG of a desk, a little different for everybody, with GPS coordinates as phones add them."""
    chance = Random(f"{seed}/{who}/desk")
    picture = Image.new("RGB", (WIDTH, HEIGHT), (chance.randint(200, 240), chance.randint(200, 235), 215))
    pen = ImageDraw.Draw(picture)
    left, top = chance.randint(150, 350), chance.randint(560, 680)
    pen.rectangle((left - 80, top + 180, left + 1050, top + 230), fill=(150, 105, 65))
    pen.rectangle((left - 60, top + 230, left - 20, HEIGHT), fill=(125, 85, 50))
    pen.rectangle((left + 990, top + 230, left + 1030, HEIGHT), fill=(125, 85, 50))
    pen.rectangle((left + 200, top - 260, left + 760, top + 90), fill=(45, 50, 55))
    pen.rectangle((left + 220, top - 240, left + 740, top + 70), fill=(chance.randint(70, 150), 140, 190))
    pen.rectangle((left + 440, top + 90, left + 520, top + 180), fill=(60, 60, 60))
    pen.ellipse((left + 820, top - 120, left + 960, top + 20), fill=(250, 220, 120))
    exif = Image.Exif()
    exif.get_ifd(GPS).update({1: "N", 2: (59.0, 24.0, 30.0), 3: "E", 4: (9.0, 4.0, 12.0)})
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80, exif=exif)
    return stream.getvalue()


def holiday_gif() -> bytes:
    stream = io.BytesIO()
    Image.new("P", (320, 240), 7).save(stream, "GIF")
    return stream.getvalue()
