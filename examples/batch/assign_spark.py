"""Assign visitors on Spark: a table of Parquet in, a table of Parquet out, by mapInPandas.

    python assign_spark.py --bucketing bucketing.json --output assignments visitors.parquet
    spark-submit --py-files assignment.py,frames.py,rows.py assign_spark.py ...

The input is what spark.read.parquet takes, with a column visitor_id and one per context key; the
output is a new folder with the columns that assign.py writes, as text. The executors need flagship,
pandas and pyarrow; the bucketing file and this code travel with the work. Columns that no context
can hold, as dates and arrays, are left out of it, and null and NaN are no value. Rows that cannot
be used are left out and counted; with --rejects FOLDER they are written there, with the reason.

Exit code: 0 everybody is assigned, 3 rows were left out, 2 the command cannot be run as it is
given. Python 3 alone.
"""
import argparse
import os
import sys

import assignment
import frames
from rows import VALUES, VISITOR_ID

try:
    from pyspark.errors import AnalysisException
    from pyspark.sql import SparkSession, functions, types
except ImportError as missing:
    sys.exit("assign: PySpark 3.4 or later is not installed for this Python: python -m pip install "
             "pyspark pandas pyarrow does it (%s)." % missing)

HERE = os.path.dirname(os.path.abspath(__file__))
PROBLEM = "problem"  # the column of the reason why a row is left out


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("visitors", help="the input, for spark.read.parquet")
    parser.add_argument("--bucketing", required=True, metavar="FILE", help="the bucketing file")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="is not there yet")
    parser.add_argument("--rejects", metavar="FOLDER", help="for the rows that are left out")
    options = parser.parse_args()
    if "SPARK_ENV_LOADED" not in os.environ:  # not by spark-submit, so on this machine
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        spark = SparkSession.builder.appName("assign").getOrCreate()
    except Exception as problem:  # without Java it depends on the version what is raised
        sys.exit("assign: Spark cannot start, for which it needs Java (JAVA_HOME): %s" % problem)
    for name in ("assignment.py", "frames.py", "rows.py"):
        spark.sparkContext.addPyFile(os.path.join(HERE, name))
    try:
        with open(options.bucketing, "rb") as file:
            content = file.read()
        return run(spark, content, options)
    except (EnvironmentError, assignment.Unusable, AnalysisException) as problem:
        print("assign: %s" % problem, file=sys.stderr)
        return 2
    finally:
        spark.stop()


def run(spark, content, options):
    """The exit code."""
    assigned = assign(spark.read.parquet(options.visitors), content).persist()
    good = assigned.where(functions.col(PROBLEM).isNull()).drop(PROBLEM)
    good.write.parquet(options.output)
    bad = assigned.where(functions.col(PROBLEM).isNotNull())
    if options.rejects:
        bad.select(VISITOR_ID, PROBLEM).write.parquet(options.rejects)
    count = bad.count()
    if count:
        print("assign: rows skipped: %d" % count, file=sys.stderr)
    return 3 if count else 0


def assign(visitors, content):
    """The assignments of a DataFrame of visitors: a DataFrame of text, whose last column says why a
    row is none, or is null.

    :param bytes content: the bucketing file.
    :raises Unusable: when there is nothing to decide by.
    """
    keys = [field.name for field in visitors.schema
            if field.name != VISITOR_ID and is_scalar(field.dataType)]
    settings = assignment.Settings(content, VALUES, [(key, "") for key in keys], VALUES)
    names = assignment.of_this_process(settings).names  # here, so that a bad file fails here
    schema = types.StructType([types.StructField(name, types.StringType())
                               for name in names + [PROBLEM]])
    # Backticks, as a name may have a point in it.
    chosen = visitors.select(["`%s`" % name.replace("`", "``") for name in [VISITOR_ID] + keys])
    return chosen.mapInPandas(lambda many: frames.assign(settings, names + [PROBLEM], many), schema)


def is_scalar(kind):
    return isinstance(kind, (types.StringType, types.BinaryType, types.BooleanType,
                             types.NumericType))


if __name__ == "__main__":
    sys.exit(main())
