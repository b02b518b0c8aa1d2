"""Which share of the visitors gets which variation: pure, and the only module that knows mmh3."""
import math

import mmh3

BUCKETS = 100

#: ``hash32(bytes, 0, False) % BUCKETS`` is a visitor's bucket; a function of our own around it
#: would cost as much.
hash32 = mmh3.hash


def bucket(group_id, visitor_id):
    """The visitor's bucket in a variation group, an int in [0, 100)."""
    return hash32((group_id + visitor_id).encode("utf-8"), 0, False) % BUCKETS


def spread(variations):
    """The variation of each bucket.

    :param variations: ``[(allocation, variation)]`` in the file's order; an allocation is a
        number, a percentage.
    :return: a tuple of 100 variations, None where the visitor is left out.
    """
    by_bucket, taken, total = (), 0, 0
    for allocation, variation in variations:
        total += allocation
        # The buckets below a running total are taken, whatever comes later.
        end = BUCKETS if total >= BUCKETS else int(math.ceil(total))
        if end > taken:
            by_bucket += (variation,) * (end - taken)
            taken = end
    return by_bucket + (None,) * (BUCKETS - taken)
