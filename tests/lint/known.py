"""A list of what a check found before it came, a text file with an entry a line. It may only
shrink: what is found and not listed is an error, and so is what is listed and not found."""
import collections
import os


def read(path):
    """The entries of a list: its lines but for comments and empty ones."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]


def write(path, entries):
    """Write a list anew, behind the comment at its top."""
    with open(path, encoding="utf-8") as file:
        comment = [line for line in file if line.startswith("#")]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(comment + ["\n"] * bool(comment)
                        + [entry + "\n" for entry in sorted(entries)])


def compare(found, known, name):
    """What is wrong, a list of lines to print.

    :param found: ``[(entry, line to print where it is not known)]``.
    :param known: the entries of the list; one stands there as often as it is found.
    :param str name: the list's name for people.
    """
    left, problems = collections.Counter(known), []
    for entry, problem in found:
        if left[entry]:
            left[entry] -= 1
        else:
            problems.append(problem)
    return problems + ["%s: not needed any more: %s" % (name, entry)
                       for entry in sorted(left.elements())]


def report(path, found, arguments):
    """Compare with the list and print what is wrong, or with ``--update`` write the list; the exit
    code."""
    if arguments == ["--update"]:
        write(path, [entry for entry, _ in found])
    known = read(path)
    problems = compare(found, known, os.path.basename(path))
    for problem in problems:
        print(problem)
    print("%s: %d found, %d known" % (os.path.basename(path), len(found), len(known)))
    return 1 if problems else 0
