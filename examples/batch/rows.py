"""The rows of visitors that are read and the rows of assignments that are written, in CSV and in
JSONL."""
from __future__ import unicode_literals

import csv
import decimal
import io
import itertools
import json
import operator
import re

import six

VISITOR_ID, CONTEXT = "visitor_id", "context"
VALUES = "values"  # the format of rows that are not bytes

# Bytes: small enough for a progress bar, large enough that its own cost is not seen.
BLOCK = 64 * 1024
_LONGEST_ROW = 1024 * 1024  # bytes that a row with line breaks in it may go on for
_PLAIN_LINE = 100000  # bytes; below what csv takes for a cell
_EXACT = 2 ** 53  # from here on floats leave ints out

# Python 2 may hold a character beyond U+FFFF as two.
_LONE_SURROGATE = re.compile(
    "(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])")


def expressible(text):
    """Text of a bucketing file, which may escape half a character, as UTF-8 can express it."""
    return _LONE_SURROGATE.sub("\ufffd", text)


class BadRow(Exception):
    """A row that is skipped; the text says why."""


class BadHeader(Exception):
    """A header that cannot be used; the text says why."""


_UTF_16 = "is UTF-16, not UTF-8; convert it first: iconv -f UTF-16 -t UTF-8 FILE | ..."
# What an input begins with that is no text in UTF-8.
_MARKS = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first: gzip -dc FILE | ..."),
    (b"PK\x03\x04", "is a ZIP archive, as workbooks are; export it as CSV in UTF-8"),
    (b"\xff\xfe", _UTF_16), (b"\xfe\xff", _UTF_16),
)
_BETWEEN_ROWS = re.compile(br"\}[ \t]*\r\s*\{")


def refuse_what_is_no_text(start, kind):
    """Raise BadHeader where an input of ``"csv"`` or ``"jsonl"`` cannot be read by lines of UTF-8.

    :param bytes start: what it begins with, or some of that.
    """
    for mark, problem in _MARKS:
        if start.startswith(mark):
            raise BadHeader("the input %s" % problem)
    line = start.split(b"\n", 1)[0]
    if b"\0" in line:  # UTF-16 without a mark
        raise BadHeader("the input %s" % _UTF_16)
    # A header may have one in quotes; text in JSON has none.
    outside = b"".join(line.split(b'"')[::2]).rstrip(b"\r")
    if b"\r" in outside if kind == "csv" else _BETWEEN_ROWS.search(line):
        raise BadHeader("the input's lines end in CR alone, not in LF or CRLF; convert it first: "
                        "tr '\\r' '\\n' < FILE | ...")


def blocks(file, kind, size=BLOCK):
    """Cut a binary file of ``"csv"`` or ``"jsonl"`` into blocks (bytes) of whole rows and at least
    ``size`` bytes.

    The same bytes always give the same blocks, so that every way to share them out gives the same
    assignments.
    """
    for block in iter(lambda: file.read(size), b""):
        if not block.endswith(b"\n"):
            block += file.readline()
        if kind == "csv" and block.count(b'"') % 2:
            block += _rest_of_row(file)
        yield block


def _rest_of_row(file):
    """Up to the line that closes an open quote. A stray quote must not take the rest of the file
    with it."""
    lines, size, is_open = [], 0, True
    while is_open and size < _LONGEST_ROW:
        line = file.readline()
        if not line:
            break
        lines.append(line)
        size, is_open = size + len(line), is_open != (line.count(b'"') % 2 == 1)
    return b"".join(lines)


class _Lines(object):
    """Gives lines one by one, none after a row has gone on for too long.

    :ivar int place: how many were given; may be set back.
    """

    def __init__(self, lines):
        self._lines, self.place, self._size = lines, 0, 0

    def begin_row(self):
        """Begin to count the size of a row; returns ``place``."""
        self._size = 0
        return self.place

    def __iter__(self):
        return self

    def __next__(self):
        if self.place >= len(self._lines) or self._size >= _LONGEST_ROW:
            raise StopIteration
        line = self._lines[self.place]
        self.place += 1
        self._size += len(line)
        return line

    next = __next__  # Python 2's name


class CsvInput(object):
    """Reads CSV.

    :param columns: ``(key, type name)`` pairs, one a column; see :func:`columns_of`.
    """

    def __init__(self, columns):
        self._columns = [(key, _TYPES[kind]) for key, kind in columns]
        self._id = [key for key, _ in columns].index(VISITOR_ID) if columns else 0

    def plain_lines(self, block):
        """The lines of a block where no more is to be known about CSV than its commas: ``(visitor
        id, is a row, the other cells)`` of each, in bytes; what is no row for its few cells is all
        in the first. None where more is to be known."""
        if b'"' in block or b"\0" in block or not _is_utf8(block):
            return None
        block = block.replace(b"\r\n", b"\n")
        lines = block.split(b"\n")
        if b"\r" in block or len(max(lines, key=len)) > _PLAIN_LINE:
            return None
        if len(self._columns) == 1:
            return [(line, line and b"," not in line, b"") for line in lines]
        if self._id == 0:
            return [line.partition(b",") for line in lines]
        return [self._parted(line) for line in lines]

    def _parted(self, line):
        cells = line.split(b",")
        if len(cells) != len(self._columns):
            return line, False, b""
        visitor = cells.pop(self._id)
        return visitor, True, b",".join(cells)

    def row_of(self, visitor, is_row, rest):
        """The row that is one of :meth:`plain_lines`, as :meth:`rows` would give it; empty for an
        empty line."""
        if is_row:
            row = rest.split(b",") if len(self._columns) > 1 else []
            row.insert(self._id, visitor)
        else:
            row = visitor.split(b",") if visitor else []
        return row if six.PY2 else [cell.decode("utf-8") for cell in row]

    def rows(self, block, skipped):
        """Yield ``(line, row)``; appends ``(line, reason)`` to ``skipped`` for what is no row.
        Lines count from 1."""
        lines = block.splitlines(True) if six.PY2 else io.StringIO(
            _decoded(block), newline="").readlines()
        source = _Lines(lines)
        rows = csv.reader(source, strict=True)
        while True:
            begun = source.begin_row()
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as problem:
                # A quote that nobody closes reads on; only its own line is given up.
                skipped.append((begun + 1, "not CSV: %s" % problem))
                source.place = begun + 1
                rows = csv.reader(source, strict=True)
            else:
                if row:
                    yield begun + 1, row

    def visitor(self, row):
        """``(visitor id, context)``; an empty cell is no value. Raises BadRow."""
        if len(row) != len(self._columns):
            raise BadRow("%d cells, but the header has %d" % (len(row), len(self._columns)))
        row = [_decoded(cell) for cell in row] if six.PY2 else _well_formed(row)
        context = {}
        for (key, convert), cell in zip(self._columns, row):
            if cell:
                context[key] = convert(key, cell) if convert else cell
        return context.pop(VISITOR_ID, None), context


class JsonInput(object):
    """Reads JSONL, one ``{"visitor_id": text or int, "context": {key: value}}`` a line, or with
    the context's keys beside the id: ``{"visitor_id": text or int, key: value}``."""

    def __init__(self, columns):
        pass

    @staticmethod
    def plain_lines(block):
        return None

    @staticmethod
    def rows(block, skipped):
        if block.startswith(b"\xef\xbb\xbf"):  # a byte order mark, as some editors write it
            block = block[3:]
        lines = block.split(b"\n") if six.PY2 else _decoded(block).split("\n")
        return ((number, line) for number, line in enumerate(lines, 1) if line
                and not line.isspace())

    @staticmethod
    def visitor(line):
        """``(visitor id, context)``; null is no value. Raises BadRow."""
        try:
            row = json.loads(line)
        except (ValueError, RuntimeError):  # the second when it is nested too deep
            raise BadRow("not JSON")
        if not isinstance(row, dict):
            raise BadRow(_SHAPE)
        visitor_id = _id(row.pop(VISITOR_ID, None))
        if CONTEXT in row:
            context = row.pop(CONTEXT)
            if row:
                raise BadRow("%s stands beside %s; all keys of the context belong in it, or none"
                             % (json.dumps(min(row)), CONTEXT))
            if not isinstance(context, dict):
                raise BadRow(_SHAPE)
        else:
            context = row
        texts = [visitor_id] + list(context) + list(context.values())
        _well_formed([each for each in texts if isinstance(each, six.text_type)])
        return visitor_id, {key: value for key, value in context.items() if value is not None}


class ValuesInput(object):
    """Takes rows that are values already, as of Parquet and Spark: ``(visitor id, tuple of the
    context's values)``.

    :param columns: ``(key, type name)`` pairs of the context, without the visitor's id; the type
        may be anything.
    """

    def __init__(self, columns):
        self._keys = [key for key, _ in columns]

    def visitor(self, row):
        """``(visitor id, context)``; None and NaN, which pandas has for it, are no value. Raises
        BadRow."""
        visitor_id, values = _id(_plain(VISITOR_ID, row[0])), row[1]
        context = {key: _plain(key, value) for key, value in zip(self._keys, values)
                   if value is not None and value == value}
        texts = [visitor_id] + list(context.values())
        _well_formed([each for each in texts if isinstance(each, six.text_type)])
        return visitor_id, context


def _plain(key, value):
    """A value of a database as one of a context."""
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return int(value) if value.as_tuple().exponent >= 0 else float(value)
    if value is None or isinstance(value, (six.text_type, float) + six.integer_types):
        return value
    raise BadRow("%s must be text, bool, int or float, not %s" % (key, type(value).__name__))


_SHAPE = 'a row must be {"%s": id, "%s": {key: value}} or {"%s": id, key: value}' % (
    VISITOR_ID, CONTEXT, VISITOR_ID)


def _id(value):
    """A visitor's id as text, where it is a whole number: databases number their customers."""
    if value != value:
        return None
    if isinstance(value, float) and abs(value) < _EXACT and value == int(value):
        value = int(value)  # what pandas makes of a column of ints with gaps
    is_int = isinstance(value, six.integer_types) and not isinstance(value, bool)
    return "%d" % value if is_int else value


def _decoded(content):
    """Text of bytes, in which what is not UTF-8 costs no more than its row."""
    if not six.PY2:
        return content.decode("utf-8", "surrogateescape")  # see _well_formed
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRow("not UTF-8")


def _is_utf8(content):
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not (six.PY2 and _LONE_SURROGATE.search(text))


def _well_formed(texts):
    """The texts; raises BadRow where UTF-8 cannot express one, as the bytes that were no UTF-8 and
    JSON's lone surrogates. The SDK would read U+FFFD, and all such visitors would be one."""
    if _LONE_SURROGATE.search("\n".join(texts)):
        raise BadRow("not UTF-8")
    return texts


def columns_of(header):
    """The ``(key, type name)`` pairs that a CSV header (its line, bytes) names as ``key`` or
    ``key:type``.

    :raises BadHeader: when it does not.
    """
    try:
        text = header.decode("utf-8-sig")
        _refuse_separator(text)
        names = next(csv.reader([text.encode("utf-8") if six.PY2 else text], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadHeader("the header cannot be read: %s" % error)
    columns = []
    for name in names:
        name = (_decoded(name) if six.PY2 else name).strip()
        key, colon, kind = name.rpartition(":")
        columns.append((key, kind) if colon else (name, "text"))
        if not columns[-1][0] or columns[-1][1] not in _TYPES:
            raise BadHeader("the column %s must be key or key:type, where type is one of %s"
                            % (json.dumps(name), ", ".join(sorted(_TYPES))))
    if (VISITOR_ID, "text") not in columns or len({key for key, _ in columns}) != len(columns):
        raise BadHeader("the header must name %s, and no column twice" % VISITOR_ID)
    return columns


def _refuse_separator(text):
    """Raise BadHeader where other characters than commas stand between the columns of a header."""
    for character, called in (("\t", "tabs"), (";", "semicolons"), ("|", "vertical bars")):
        parts = [part.strip(' "\r\n').split(":")[0] for part in text.split(character)]
        if VISITOR_ID in parts and len(parts) > 1:
            raise BadHeader("the header's columns are separated by %s, and must be by commas"
                            % called)


def _number(kind, name):
    def number(key, cell):
        whole = _WHOLE.match(cell) if kind is int else None
        try:
            if "_" not in cell:  # Python 3 would take 1_000
                return kind(whole.group(1) if whole else cell)
        except ValueError:
            pass
        raise BadRow("%s must be %s, not %s" % (key, name, json.dumps(cell)))
    return number


# 517.0, as pandas writes a column of ints with gaps.
_WHOLE = re.compile(r"\s*([-+]?[0-9]+)\.0*\s*$")


_BOOLS = {"true": True, "false": False, "1": True, "0": False}


def _bool(key, cell):
    try:
        return _BOOLS[cell.lower()]
    except KeyError:
        raise BadRow("%s must be true, false, 1 or 0, not %s" % (key, json.dumps(cell)))


_TYPES = {"text": None, "int": _number(int, "an int"), "float": _number(float, "a float"),
          "bool": _bool}

_QUOTED = re.compile('[",\r\n]')


def _csv_cell(text):
    return '"%s"' % text.replace('"', '""') if _QUOTED.search(text) else text


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def _json(value):
    return six.text_type(_encode(value))


class Output(object):
    """
    :param list campaigns: the campaigns' ids.
    :param list flags: the flags' keys.
    :ivar list names: of the columns of a table.
    """

    head = ""

    def __init__(self, campaigns, flags):
        self._campaigns, self._columns = len(campaigns), len(campaigns) + len(flags)
        self.names = [VISITOR_ID] + ["variation:" + expressible(each) for each in campaigns] + [
            "flag:" + expressible(each) for each in flags]

    def writer_of(self, find_cells):
        """A function of (visitor id, the id as it is written) that returns a row, all in bytes.

        :param find_cells: a function of the visitor id that returns what the visitor has, a dict
            from column, counted from 0 without the id's, to text made by the other methods.
        """
        def write(visitor, written):
            cells = [""] * self._columns
            for column, text in find_cells(visitor).items():
                cells[column] = text
            return self._row(written, cells)
        return write

    def writer(self, assigner, texts):
        """The same for visitors who get something from each of several campaigns, no two of which
        have a column in common.

        :param assigner: as ``Audience.assigner``.
        :param texts: for each campaign, for each thing to get, a dict as ``find_cells`` returns it.
        """
        assign_by_id = assigner(texts)
        return self.writer_of(lambda visitor: dict(itertools.chain.from_iterable(
            [cells.items() for cells in assign_by_id(visitor)])))


class CsvOutput(Output):
    """Writes CSV: a column for each campaign, then one for each flag. Text as it is, other values
    as JSON."""

    def __init__(self, campaigns, flags):
        super(CsvOutput, self).__init__(campaigns, flags)
        self.head = ",".join(_csv_cell(name) for name in self.names) + "\n"

    #: How an id of CsvInput.plain_lines is written; None: as it is.
    plain_id = None

    @staticmethod
    def id(visitor_id):
        return _csv_cell(visitor_id).encode("utf-8")

    @staticmethod
    def variation(campaign_id, variation_id):
        return _csv_cell(variation_id)

    @staticmethod
    def flag(key, value):
        return _csv_cell(value if isinstance(value, six.text_type) else _json(value))

    @staticmethod
    def _row(written, cells):
        return written + ("," + ",".join(cells) + "\n" if cells else "\n").encode("utf-8")

    def writer(self, assigner, texts):
        # Most of the time of a run is spent in what is returned here.
        columns = [sorted({column for cells in campaign for column in cells})
                   for campaign in texts]
        found = [column for campaign in columns for column in campaign]
        order = sorted(found)
        commas = {column: b"," * (column - before)
                  for before, column in zip([-1] + order, order)}
        end = b"," * (self._columns - 1 - (order[-1] if order else -1)) + b"\n"

        values = [[tuple([commas[column] + cells.get(column, "").encode("utf-8")
                          for column in its]) for cells in campaign]
                  for its, campaign in zip(columns, texts)]
        assign_by_id = assigner(values)
        if not order:
            return lambda visitor, written: written + end
        join, flatten = b"".join, itertools.chain.from_iterable
        if len(columns) > 1 and {len(each) for each in columns} == {2} and order[:len(
                columns)] == found[::2]:
            # A variation and one flag each, and the variations are in order: faster by a sixth.
            arrange_flags = operator.itemgetter(*[
                found[1::2].index(column) for column in order[len(columns):]])

            def write_pairs(visitor, written):
                variations, flags = zip(*assign_by_id(visitor))
                return written + join(variations) + join(arrange_flags(flags)) + end
            return write_pairs
        arrange = operator.itemgetter(*[found.index(column) for column in order])
        return lambda visitor, written: written + join(arrange(list(flatten(
            assign_by_id(visitor))))) + end


class JsonOutput(Output):
    """Writes JSONL, one ``{"visitor_id", "variations": {campaign: variation}, "flags": {key:
    value}}`` a visitor."""

    @staticmethod
    def id(visitor_id):
        return _json(visitor_id).encode("utf-8")

    @classmethod
    def plain_id(cls, visitor):
        return cls.id(visitor.decode("utf-8"))

    @staticmethod
    def variation(campaign_id, variation_id):
        return "%s: %s" % (_json(campaign_id), _json(variation_id))

    @staticmethod
    def flag(key, value):
        return "%s: %s" % (_json(key), _json(value))

    def _row(self, written, cells):
        return b"".join((b'{"visitor_id": ', written, (', "variations": {%s}, "flags": {%s}}\n' % (
            ", ".join(filter(None, cells[:self._campaigns])),
            ", ".join(filter(None, cells[self._campaigns:])))).encode("utf-8")))


class ValuesOutput(Output):
    """Gives rows as tuples of text or None, the id first, in the columns and as the text that
    CsvOutput writes."""

    @staticmethod
    def id(visitor_id):
        return visitor_id

    @staticmethod
    def variation(campaign_id, variation_id):
        return variation_id

    @staticmethod
    def flag(key, value):
        return value if isinstance(value, six.text_type) else _json(value)

    @staticmethod
    def _row(written, cells):
        return (written,) + tuple([cell or None for cell in cells])

    def writer(self, assigner, texts):
        found = [sorted({column for cells in campaign for column in cells}) for campaign in texts]
        places = {column: place for place, column in enumerate(itertools.chain(*found))}
        if self._columns < 2:  # of which itemgetter makes no tuple
            return super(ValuesOutput, self).writer(assigner, texts)
        # What nobody gives is found behind the end.
        arrange = operator.itemgetter(*[places.get(column, len(places))
                                        for column in range(self._columns)])
        values = [[tuple([cells.get(column) or None for column in its]) for cells in campaign]
                  for its, campaign in zip(found, texts)]
        assign_by_id, flatten = assigner(values), itertools.chain.from_iterable
        return lambda visitor, written: (written,) + arrange(
            list(flatten(assign_by_id(visitor))) + [None])


INPUTS = {"csv": CsvInput, "jsonl": JsonInput, VALUES: ValuesInput}
OUTPUTS = {"csv": CsvOutput, "jsonl": JsonOutput, VALUES: ValuesOutput}
