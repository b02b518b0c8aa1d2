"""The lowest version that a wheel allows of each of its dependencies, as constraints for pip.

    python tests/packaging/lowest.py WHEEL PYTHON_VERSION [EXTRA...]

Without extras: those of the run time, requirements.txt's. Read from what pip reads, so that a bound
that is raised or lowered is the one that is tested. It needs ``packaging``.
"""
import sys
import zipfile
from email import message_from_string

from packaging.requirements import Requirement


def requirements(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name, = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode("utf-8")).get_all("Requires-Dist")


def lowest(lines, python, extras):
    """Yield ``name==version`` of each line that is for this Python, a text such as ``3.11``, and
    these extras."""
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({
                "python_version": python, "python_full_version": python + ".0", "extra": extra})
                for extra in ("",) + tuple(extras)):
            version, = (each.version for each in requirement.specifier if each.operator == ">=")
            yield "%s==%s" % (requirement.name, version)


if __name__ == "__main__":
    for constraint in lowest(requirements(sys.argv[1]), sys.argv[2], sys.argv[3:]):
        print(constraint)
