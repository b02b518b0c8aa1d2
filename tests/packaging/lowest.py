"""The lowest version that requirements.txt allows of each run-time dependency, as constraints for pip.

    python tests/packaging/lowest.py PYTHON_VERSION

Read from the file itself, so that a bound that is raised or lowered is the one that is tested. It needs ``packaging``.
"""
import os
import sys

from packaging.requirements import Requirement

REQUIREMENTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                            "requirements.txt")


def lowest(lines, python):
    """``["name==version"]`` of the lines that are for this Python, a text such as ``3.11``."""
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            version, = (each.version for each in requirement.specifier if each.operator == ">=")
            yield "%s==%s" % (requirement.name, version)


if __name__ == "__main__":
    with open(REQUIREMENTS, encoding="utf-8") as file:
        for constraint in lowest([line.strip() for line in file if line.strip() and line[0] != "#"], sys.argv[1]):
            print(constraint)
