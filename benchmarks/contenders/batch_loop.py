"""What benchmarks/batch.py compares examples/batch with: the same campaigns assigned by a straight
loop of csv and mmh3, as one would write it by hand for one job. Python 3 alone.

No targeting (the first group of each campaign is everybody's), no flags, no types, no bad rows, no
resuming.

Usage: python batch_loop.py --bucketing FILE --output FILE VISITORS
"""
import argparse
import csv
import json

import mmh3


def tables_of(document):
    """``[(group id in UTF-8, the variation id of each bucket)]``."""
    tables = []
    for campaign in document["campaigns"]:
        group = campaign["variationGroups"][0]
        table = []
        for variation in group["variations"]:
            table += [variation["id"]] * variation["allocation"]
        tables.append((group["id"].encode("utf-8"), (table + [""] * 100)[:100]))
    return tables


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bucketing", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("visitors")
    options = parser.parse_args()
    with open(options.bucketing, encoding="utf-8") as file:
        document = json.load(file)
    tables, hash32 = tables_of(document), mmh3.hash
    with open(options.visitors, newline="", encoding="utf-8") as source, open(
            options.output, "w", newline="", encoding="utf-8") as output:
        rows, writer = csv.reader(source), csv.writer(output, lineterminator="\n")
        next(rows)
        writer.writerow(["visitor_id"] + ["variation:" + campaign["id"]
                                          for campaign in document["campaigns"]])
        for row in rows:
            visitor = row[0].encode("utf-8")
            writer.writerow([row[0]] + [table[hash32(group + visitor, 0, False) % 100]
                                        for group, table in tables])


if __name__ == "__main__":
    main()
