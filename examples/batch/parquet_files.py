"""Visitors in Parquet in, assignments in Parquet out. Needs pyarrow, and Python 3."""
import contextlib
import hashlib
import io
import json
import os
import shutil
import uuid

import pyarrow
import pyarrow.parquet

from output import Failed
from rows import VISITOR_ID, BadHeader

_BATCH = 10000  # rows that are decoded at a time
_GROUP = 100000  # rows of a group of the output
_PIECE = 1024 * 1024  # bytes


class Source(object):
    """A file of visitors.

    :param str path: the file.
    :raises BadHeader: when it is none, or its columns are not what they must be.

    :ivar list columns: ``(key, type name)`` of the columns that are the context.
    :ivar list left_out: lines about the columns that cannot be.
    :ivar int groups: number of row groups.
    :ivar int rows: number of rows.
    """

    def __init__(self, path):
        try:
            self._file = pyarrow.parquet.ParquetFile(path)
            schema = self._file.schema_arrow
        except (pyarrow.ArrowException, EnvironmentError) as error:
            raise BadHeader("%s cannot be read as Parquet: %s" % (path, error))
        self.path, self.columns, self.left_out = path, [], []
        self.groups, self.rows = self._file.num_row_groups, self._file.metadata.num_rows
        if schema.names.count(VISITOR_ID) != 1 or len(set(schema.names)) != len(schema.names):
            raise BadHeader("the columns must have one %s, and no name twice" % VISITOR_ID)
        for field in schema:
            kind = _stored(field.type)
            if field.name == VISITOR_ID:
                self.id_type = kind
            elif _is_scalar(kind):
                self.columns.append((field.name, str(field.type)))
            else:
                self.left_out.append("the column %s is left out of the context: %s is not text, "
                                     "bool, int or float" % (field.name, field.type))
        if not _is_scalar(self.id_type):
            raise BadHeader("%s must be text or int, not %s" % (VISITOR_ID, self.id_type))

    def digest(self):
        """A digest of the file's bytes."""
        found = hashlib.sha256()
        with io.open(self.path, "rb") as file:
            for piece in iter(lambda: file.read(_PIECE), b""):
                found.update(piece)
        return found.hexdigest()

    def batches(self, group):
        """Yield ``(ids, rows)`` of a row group piece by piece: the ids as an Array, and the rows as
        ``Assignment.assign_values`` takes them."""
        names = [VISITOR_ID] + [key for key, _ in self.columns]
        for batch in self._file.iter_batches(_BATCH, row_groups=[group], columns=names):
            columns = dict(zip(batch.schema.names, batch.columns))
            ids = columns[VISITOR_ID]
            values = [_values(columns[key]) for key, _ in self.columns]
            yield _decoded(ids), zip(_values(ids), zip(*values) if values else [()] * len(ids))


def _stored(kind):
    return kind.value_type if pyarrow.types.is_dictionary(kind) else kind


def _decoded(array):
    return array.dictionary_decode() if pyarrow.types.is_dictionary(array.type) else array


def _is_scalar(kind):
    types = pyarrow.types
    return any([each(kind) for each in (
        types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_string,
        types.is_large_string, types.is_binary, types.is_large_binary, types.is_null,
        getattr(types, "is_string_view", types.is_string))])  # of newer ones


def _values(array):
    """An array's values as Python's."""
    array = _decoded(array)
    if pyarrow.types.is_float16(array.type):
        array = array.cast(pyarrow.float32())
    try:
        return array.to_pylist()
    except UnicodeDecodeError:  # not all that is called text is UTF-8, which costs only its row
        return array.cast(pyarrow.binary()).to_pylist()


class Output(object):
    """A file of assignments that appears when it is complete. Until then ``PATH.parts`` holds what
    was made of each row group of the input, under names that tell what it was made of.

    :param str path: the file.
    :param str identity: of all that the rows depend on.
    :param Source source: the visitors.
    :param Assignment assignment: decides.
    """

    def __init__(self, path, identity, source, assignment):
        self._path, self._identity, self._folder = path, identity, path + ".parts"
        self._source, self._assignment = source, assignment
        self._schema = pyarrow.schema([(name, pyarrow.string()) for name in assignment.names])
        self._schema = self._schema.set(0, pyarrow.field(VISITOR_ID, source.id_type))
        if not os.path.isdir(self._folder):
            os.makedirs(self._folder)

    def add(self, group):
        """Assign a row group, unless an earlier run has; returns ``(rows, skipped)``: number of
        rows read, and ``(row of the group, from 0; reason)`` pairs."""
        part = self._part(group)
        if not os.path.exists(part):
            with self._replaced(part) as beside:
                facts = self._write(group, beside)
                # First, as a part that is there is taken for made.
                with self._replaced(part + ".json") as beside_it:
                    with io.open(beside_it, "wb") as file:
                        file.write(json.dumps(facts).encode("ascii"))
        with io.open(part + ".json", "rb") as file:
            return json.loads(file.read().decode("ascii"))

    def finish(self):
        """Join the parts, and give the file its name."""
        with self._replaced(self._path) as beside:
            with pyarrow.parquet.ParquetWriter(beside, self._schema) as writer:
                for group in range(self._source.groups):
                    with pyarrow.parquet.ParquetFile(self._part(group)) as part:
                        for each in range(part.num_row_groups):
                            writer.write_table(part.read_row_group(each))
        shutil.rmtree(self._folder)

    def _part(self, group):
        name = "%s %d" % (self._identity, group)
        return os.path.join(self._folder, hashlib.sha256(name.encode("ascii")).hexdigest())

    @contextlib.contextmanager
    def _replaced(self, path):
        """A file that becomes ``path`` when it is written."""
        beside = os.path.join(self._folder, uuid.uuid4().hex + ".tmp")
        try:
            yield beside
        except pyarrow.ArrowException as error:
            raise Failed("Parquet: %s" % error)
        with io.open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)

    def _write(self, group, path):
        count, all_skipped, waiting = 0, [], []
        with pyarrow.parquet.ParquetWriter(path, self._schema) as writer:
            for ids, values in self._source.batches(group):
                rows, skipped = self._assignment.assign_values(values)
                all_skipped += [(count + place, reason) for place, reason in skipped]
                count += len(ids)
                waiting.append(self._batch(ids, rows, skipped))
                if sum([len(each) for each in waiting]) >= _GROUP:
                    writer.write_table(pyarrow.Table.from_batches(waiting))
                    waiting = []
            if waiting:
                writer.write_table(pyarrow.Table.from_batches(waiting))
        return count, all_skipped

    def _batch(self, ids, rows, skipped):
        if skipped:
            bad = {place for place, _ in skipped}
            ids = ids.filter(pyarrow.array([place not in bad for place in range(len(ids))]))
        columns = list(zip(*rows))[1:] or [()] * (len(self._schema) - 1)
        return pyarrow.RecordBatch.from_arrays(
            [ids] + [pyarrow.array(each, pyarrow.string()) for each in columns],
            schema=self._schema)
