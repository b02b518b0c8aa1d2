"""Which share of the visitors gets which variation: pure, and the only module that knows mmh3."""
import mmh3

BUCKETS = 100


def bucket(group_prefix, visitor):
    """The visitor's bucket in a variation group, an int in [0, 100).

    :param bytes group_prefix: the group's id in UTF-8.
    :param bytes visitor: the visitor's id in UTF-8.
    """
    return mmh3.hash(group_prefix + visitor, 0, False) % BUCKETS


def spread(variations):
    """The variation of each bucket.

    :param variations: ``[(allocation, variation)]`` in the file's order; an allocation is a number, a percentage.
    :return: a tuple of 100 variations, None where the visitor is left out.
    """
    by_bucket = []
    for place in range(BUCKETS):
        total = 0
        for allocation, variation in variations:
            total += allocation
            if total > place:
                by_bucket.append(variation)
                break
        else:
            by_bucket.append(None)
    return tuple(by_bucket)
