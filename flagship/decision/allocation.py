"""Allocation of visitors to variations. Pure functions; the only module that knows mmh3."""
import math

import mmh3

BUCKETS = 100

#: ``hash32(bytes, 0, False) % BUCKETS`` is a visitor's bucket. Not wrapped in a function, because
#: the call would cost as much as the hash.
hash32 = mmh3.hash


def bucket(group_id, visitor_id):
    """Return the visitor's bucket in a variation group, an int in [0, 100)."""
    return hash32((group_id + visitor_id).encode("utf-8"), 0, False) % BUCKETS


def bucket_table(allocations):
    """Return the variation of each bucket in a compact form that the garbage collector does not
    need to traverse.

    :param allocations: the variations' allocations in the file's order, percentages (numbers).
    :return: ``(used, table)``: ``used`` is a list of the indexes of the variations that have
        buckets; ``table`` is a bytearray with an index into ``used`` for each of the 100 buckets,
        or ``len(used)`` if the bucket gets no variation.
    """
    used, table, total = [], bytearray(), 0
    for place, allocation in enumerate(allocations):
        total += allocation
        # All buckets below the running total are taken, even if a later allocation is negative.
        end = BUCKETS if total >= BUCKETS else int(math.ceil(total))
        if end > len(table):
            table += bytearray((len(used),)) * (end - len(table))
            used.append(place)
    return used, table + bytearray((len(used),)) * (BUCKETS - len(table))


def spread(variations):
    """Return the variation of each bucket.

    :param variations: ``[(allocation, variation)]`` in the file's order.
    :return: a tuple of 100 variations, None for buckets that get no variation.
    """
    used, table = bucket_table([allocation for allocation, _ in variations])
    chosen = [variations[place][1] for place in used] + [None]
    return tuple([chosen[place] for place in table])
