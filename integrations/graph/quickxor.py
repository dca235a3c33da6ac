"""quickXorHash, the only content hash that SharePoint and OneDrive for Business publish.

Every byte is XOR-ed into a 160-bit ring, 11 bits after the one before it; the length is XOR-ed into the last 64 bits.
"""

import base64

RING_BITS = 160
SHIFT_BITS = 11
LENGTH_OFFSET_BITS = 96
RING_MASK = (1 << RING_BITS) - 1

PERIOD = 160
"""11 and 160 share no factor, so the position in the ring repeats after exactly this many bytes."""

CHUNK = PERIOD * 64
"""Large enough that adding few of them is quick, small enough that folding the last sum is: four times for a photo."""


class QuickXorHash:
    """Incremental form: `update` with parts of any length, then `digest`."""

    __slots__ = ("_columns", "_length")

    def __init__(self) -> None:
        self._columns = 0
        self._length = 0

    def update(self, data: bytes) -> None:
        """Add `data`. Bytes a whole period apart land on the same bits, so whole chunks fold as one integer."""
        view = memoryview(data)
        offset = self._length % PERIOD
        for start in range(0, len(view), CHUNK):
            self._columns ^= int.from_bytes(view[start : start + CHUNK], "little") << (8 * offset)
        self._length += len(view)

    def digest(self) -> bytes:
        """The hash of everything so far, 20 bytes."""
        ring = self._length << LENGTH_OFFSET_BITS
        for position, byte in enumerate(_one_period(self._columns)):
            shift = SHIFT_BITS * position % RING_BITS
            rotated = byte << shift
            ring ^= (rotated & RING_MASK) | (rotated >> RING_BITS)
        return (ring & RING_MASK).to_bytes(RING_BITS // 8, "little")

    def base64(self) -> str:
        """The hash as Microsoft Graph writes it in `file.hashes.quickXorHash`."""
        return base64.b64encode(self.digest()).decode("ascii")


def quick_xor_hash(data: bytes) -> str:
    """Base64 of the quickXorHash of `data`, as Microsoft Graph gives it."""
    hashing = QuickXorHash()
    hashing.update(data)
    return hashing.base64()


def _one_period(columns: int) -> bytes:
    folded = columns.to_bytes(-(-max(columns.bit_length(), 1) // (8 * PERIOD)) * PERIOD, "little")
    total = 0
    for start in range(0, len(folded), PERIOD):
        total ^= int.from_bytes(folded[start : start + PERIOD], "little")
    return total.to_bytes(PERIOD, "little")
