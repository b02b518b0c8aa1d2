"""DataFrames of pandas in, DataFrames of pandas out, as mapInPandas of Spark has them."""
import assignment
from rows import VISITOR_ID


def assign(settings, names, frames):
    """Yield the assignments of the visitors of each DataFrame: text, or None for nothing.

    :param Settings settings: from VALUES to VALUES; its columns are used, and visitor_id.
    :param list names: of the result's columns; what comes last is why a row is no assignment, or
        None.
    """
    import pandas
    for frame in frames:
        ids = _values(frame[VISITOR_ID])
        values = [_values(frame[key]) for key, _ in settings.columns]
        rows, skipped = assignment.assign_values(
            settings, zip(ids, zip(*values) if values else [()] * len(ids)))
        found = [row + (None,) for row in rows]
        found += [(ids[place] and "%s" % (ids[place],),) + (None,) * (len(names) - 2) + (reason,)
                  for place, reason in skipped]
        yield pandas.DataFrame(found, columns=names, dtype=object)


def _values(series):
    """A column as a list of Python's values, None for null and NaN."""
    return series.astype(object).where(series.notna(), None).tolist()
