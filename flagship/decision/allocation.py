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


def bucket_table(allocations):
    """Which variation each bucket has, small, and nothing that the garbage collector walks.

    :param allocations: of the variations in the file's order, each a number, a percentage.
    :return: ``(used, table)``: the places of the variations that have buckets, a list; and a
        bytearray of 100 places in ``used``, its length where the visitor is left out.
    """
    used, table, total = [], bytearray(), 0
    for place, allocation in enumerate(allocations):
        total += allocation
        # The buckets below a running total are taken, whatever comes later.
        end = BUCKETS if total >= BUCKETS else int(math.ceil(total))
        if end > len(table):
            table += bytearray((len(used),)) * (end - len(table))
            used.append(place)
    return used, table + bytearray((len(used),)) * (BUCKETS - len(table))


def spread(variations):
    """The variation of each bucket.

    :param variations: ``[(allocation, variation)]`` in the file's order.
    :return: a tuple of 100 variations, None where the visitor is left out.
    """
    used, table = bucket_table([allocation for allocation, _ in variations])
    chosen = [variations[place][1] for place in used] + [None]
    return tuple([chosen[place] for place in table])
