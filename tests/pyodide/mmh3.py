"""MurmurHash3 in Python, in place of mmh3, whose wheel for Pyodide is not on PyPI."""
_MASK = 0xFFFFFFFF


def hash(key, seed=0, signed=True):
    """The 32-bit hash of bytes, or of text in UTF-8; the arguments are mmh3's."""
    data = key if isinstance(key, bytes) else key.encode("utf-8")
    state, whole = seed, len(data) // 4 * 4
    for place in range(0, whole, 4):
        state ^= _mixed(data[place:place + 4])
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & _MASK
    state ^= _mixed(data[whole:]) ^ len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        state = ((state ^ state >> shift) * factor) & _MASK
    return state - (1 << 32) if signed and state >> 31 else state


def _mixed(block):
    return _rotated(int.from_bytes(block, "little") * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _rotated(value, bits):
    return (value << bits | value >> 32 - bits) & _MASK
