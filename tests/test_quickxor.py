"""quickXorHash against published pairs (rclone's test vectors) and a bit-by-bit reading of the algorithm."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.graph.quickxor import CHUNK, QuickXorHash, quick_xor_hash

PUBLISHED = [
    ("", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ("Sg==", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
    ("tbQ=", "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
    ("eAV52qE=", "eChAHrQRCgAAAAAABQAAAAAAAAA="),
    ("gQaybEqS/4UlDc8e4IJm", "gDCALNigBEn8oxAlZ8AzPAAOQZg="),
    ("T6LYJIfDh81JrAK309H2JMJTXis=", "zBTHrspn3mEcohlJdIUAbjGNaNg="),
    ("DWAAX5/CIfrmErgZa8ot6ZraeSbu", "LR2Z0PjuRYGKQB/mhQAuMrAGZbQ="),
    ("NbYXsp5/K6mR+NmHwExjvWeWDJFnXTKWVlzYHoesp2E=", "wjuAuWDiq04qDt1R8hHWDDcwVoQ="),
    (
        (
            "PfxMcUd0vIW6VbHG/uj/Y0W6qEoKmyBD0nYebEKazKaKG+UaDqBEcmQjbfQeVnVLuodMoPp7P7TR1htX5n2VnkHh22xDyoJ8C/ZQKiSNqQfX"
            "vh83judf4RVr9exJCud8Uvgip6aVZTaPrJHVjQhMCp/dEnGvqg0oN5OVkM2qqAXvA0teKUDhgNM71sDBVBCGXxNOR2bpbD1iM4dnuT0ey4L+"
            "loXEHTL0fqMeUcEi2asgImnlNakwenDzz0x57aBwyq3AspCFGB1ncX4yYCr/OaCcS5OKi/00WH+wNQU3"
        ),
        "QX/YEpG0gDsmhEpCdWhsxDzsfVE=",
    ),
]


def reference(data: bytes) -> str:
    ring = [0] * 160
    for position, byte in enumerate(data):
        for bit in range(8):
            ring[(position * 11 + bit) % 160] ^= byte >> bit & 1
    for bit in range(64):
        ring[96 + bit] ^= len(data) >> bit & 1
    value = sum(bit << position for position, bit in enumerate(ring))
    return base64.b64encode(value.to_bytes(20, "little")).decode()


@pytest.mark.parametrize(("content", "expected"), PUBLISHED)
def test_published_vectors(content: str, expected: str) -> None:
    data = base64.b64decode(content)
    assert quick_xor_hash(data) == expected
    assert reference(data) == expected


@given(st.binary(max_size=700))
def test_equals_the_slow_reading(data: bytes) -> None:
    assert quick_xor_hash(data) == reference(data)


@given(st.lists(st.binary(max_size=400), max_size=6))
def test_parts_give_the_same_as_the_whole(parts: list[bytes]) -> None:
    hashing = QuickXorHash()
    for part in parts:
        hashing.update(part)
    assert hashing.base64() == quick_xor_hash(b"".join(parts))


@pytest.mark.parametrize("size", [159, 160, 161, CHUNK - 1, CHUNK, CHUNK + 7])
def test_around_the_block_borders(size: int) -> None:
    data = bytes(index * 7 % 251 for index in range(size))
    assert quick_xor_hash(data) == reference(data)


def test_sixteen_megabytes_take_well_under_a_second() -> None:
    data = bytes(range(256)) * (1 << 16)
    started = time.perf_counter()
    quick_xor_hash(data)
    assert time.perf_counter() - started < 1
