"""How fast and how large: `python -m benchmarks.documents`.

Prints each figure beside its target and ends with an error when one is missed. Every agreement differs from the one
before, as in a real night, so that Typst's cache of finished work does not flatter the figures.
"""

import io
import subprocess
import sys
from statistics import median
from time import perf_counter

from PIL import Image

from benchmarks.measuring import at_most, memory_mb
from integrations.documents.agreement import render_agreement
from integrations.documents.photos import clean_photo
from tests.documents.samples import full_agreement

TIMED = 60
IN_A_ROW = 500
WARM_UP = 20
MAX_MEDIAN_MS = 40.0
MAX_GROWTH_MB = 30.0
MAX_PHOTO_SECONDS = 1.0
MAX_PHOTO_MB = 300.0
PHOTO_ONLY = "--photo-only"


def phone_photo() -> bytes:
    """A 12-megapixel JPEG with as much detail as a photo of a room."""
    noise = Image.effect_noise((1008, 756), 40).resize((4032, 3024), Image.Resampling.BICUBIC)
    encoded = io.BytesIO()
    Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise)).save(encoded, "JPEG", quality=90)
    return encoded.getvalue()


def agreements() -> bool:
    photo = clean_photo(phone_photo()).content
    milliseconds = []
    for number in range(TIMED):
        document = full_agreement(employee_name=f"Kari Nordmann {number}")
        start = perf_counter()
        render_agreement(document, photo)
        milliseconds.append((perf_counter() - start) * 1000)
    fast = at_most(f"agreement with photo, median of {TIMED}", median(milliseconds), MAX_MEDIAN_MS, "ms")

    before = 0.0
    for number in range(WARM_UP + IN_A_ROW):
        if number == WARM_UP:
            before = memory_mb("VmRSS")
        render_agreement(full_agreement(employee_name=f"Ola Nordmann {number}"), photo)
    return (
        at_most(f"memory growth over {IN_A_ROW} agreements", memory_mb("VmRSS") - before, MAX_GROWTH_MB, "MB") and fast
    )


def photo() -> bool:
    """In a process of its own, because a process remembers its peak. Making the photo counts towards it as well."""
    content = phone_photo()
    seconds = []
    for _ in range(5):
        start = perf_counter()
        clean_photo(content)
        seconds.append(perf_counter() - start)
    fast = at_most("12-megapixel photo, median of 5", median(seconds), MAX_PHOTO_SECONDS, "s")
    return at_most("12-megapixel photo, peak memory of the process", memory_mb("VmHWM"), MAX_PHOTO_MB, "MB") and fast


def main() -> int:
    if PHOTO_ONLY in sys.argv:
        return 0 if photo() else 1
    good = agreements()
    own_process = subprocess.run([sys.executable, "-m", "benchmarks.documents", PHOTO_ONLY], check=False)  # noqa: S603 - this very file
    return 0 if good and own_process.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
