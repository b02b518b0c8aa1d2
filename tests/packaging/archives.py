"""What the wheel and the sdist hold: all of the project that belongs there, as it is in the tree,
and nothing else.

    python tests/packaging/archives.py TREE WHEEL SDIST

``TREE`` is what both were built from. Python 3, standard library. Prints the sizes, or what is
wrong; exit code 1 then.
"""
import base64
import csv
import hashlib
import io
import os
import re
import sys
import tarfile
import zipfile
from email import message_from_string

FOLDERS = "benchmarks", "docs", "examples", "flagship", "tests"
TOP = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "README.md", "requirements.txt",
       "SECURITY.md", "setup.cfg", "setup.py")
# What is made in a checkout and belongs to nobody else.
MADE = re.compile(r"(^|/)__pycache__/|\.py[co]$|(^|/)\.gitignore$|^docs/_(build|figures)/")
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "licenses/LICENSE", "top_level.txt"}
EGG_INFO = {"PKG-INFO", "SOURCES.txt", "dependency_links.txt", "requires.txt", "top_level.txt"}
BUDGET = re.compile(r"at most (\d+) kB, and (\d+) kB installed")


def tree_of(root):
    """``{path: bytes}`` of what the sdist must hold of the project."""
    paths = [name for name in TOP if os.path.exists(os.path.join(root, name))]
    for folder in FOLDERS:
        for where, _, names in os.walk(os.path.join(root, folder)):
            paths += [os.path.relpath(os.path.join(where, name), root).replace(os.sep, "/")
                      for name in names]
    found = {}
    for path in paths:
        if not MADE.search(path):
            with open(os.path.join(root, path), "rb") as file:
                found[path] = file.read()
    return found


def differences(title, found, wanted):
    """One text for each path that only one of the two dicts has, or that differs; a wanted None is
    any content."""
    for path in sorted(set(found) | set(wanted)):
        if path not in wanted:
            yield "%s: %s is stray" % (title, path)
        elif path not in found:
            yield "%s: %s is missing" % (title, path)
        elif wanted[path] is not None and found[path] != wanted[path]:
            yield "%s: %s is not as in the tree" % (title, path)


def made_by_setuptools(names, folder, tree):
    # Where setup.py names console scripts there is one file more.
    return {"%s/%s" % (folder, name): None for name in
            names | ({"entry_points.txt"} if b"entry_points" in tree["setup.py"] else set())}


def of_wheel(path, tree):
    """``(files, problems)``."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    info, = {name.split("/")[0] for name in files if name.split("/")[0].endswith(".dist-info")}
    wanted = {name: content for name, content in tree.items() if name.startswith("flagship/")}
    wanted.update(made_by_setuptools(DIST_INFO, info, tree))
    problems = list(differences("wheel", files, wanted))
    for name, digest, size in csv.reader(io.StringIO(files[info + "/RECORD"].decode("utf-8"))):
        if not name.endswith("/RECORD"):
            made = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(
                b"=").decode("ascii")
            if digest != "sha256=" + made or int(size) != len(files[name]):
                problems.append("wheel: RECORD is wrong about " + name)
    problems += ["wheel: %s has mode %o" % each
                 for each in sorted(modes.items()) if each[1] not in (0o644, 0o664)]
    tags = message_from_string(files[info + "/WHEEL"].decode("utf-8")).get_all("Tag")
    if sorted(tags) != ["py2-none-any", "py3-none-any"]:
        problems.append("wheel: it is for %s" % tags)
    if files[info + "/licenses/LICENSE"] != tree["LICENSE"]:
        problems.append("wheel: another license")
    return files, problems


def of_sdist(path, tree):
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        files = {member.name: archive.extractfile(member).read()
                 for member in members if member.isfile()}
    root, = {member.name.split("/")[0] for member in members}
    files = {name[len(root) + 1:]: content for name, content in files.items()}
    wanted = dict(tree, **{"PKG-INFO": None})
    wanted.update(made_by_setuptools(EGG_INFO, "flagship.egg-info", tree))
    wanted["setup.cfg"] = None  # setuptools adds the section egg_info
    problems = list(differences("sdist", files, wanted))
    problems += ["sdist: %s is neither file nor folder" % member.name for member in members
                 if not member.isfile() and not member.isdir()]
    problems += ["sdist: %s is owned by %s" % (member.name, member.uname or member.uid)
                 for member in members
                 if member.uname or member.gname or member.uid or member.gid]
    return files, problems


def of_metadata(text, other):
    metadata = message_from_string(text)
    described = re.findall(r"\]\((?![a-z]+:|#)[^)]*\)", metadata.get_payload())
    problems = ["metadata: a package index cannot follow %s" % link for link in described]
    if text != other:
        problems.append("metadata: of the wheel and of the sdist differ")
    if (metadata["License-Expression"], metadata["License"]) != ("Apache-2.0", None):
        problems.append("metadata: the license is %s, %s"
                        % (metadata["License-Expression"], metadata["License"]))
    return problems


def main(root, wheel, sdist):
    tree = tree_of(root)
    in_wheel, problems = of_wheel(wheel, tree)
    in_sdist, more = of_sdist(sdist, tree)
    metadata, = (content.decode("utf-8")
                 for name, content in in_wheel.items() if name.endswith(".dist-info/METADATA"))
    problems += more + of_metadata(metadata, in_sdist["PKG-INFO"].decode("utf-8"))
    sizes = os.path.getsize(wheel), sum(len(content) for content in in_wheel.values())
    stated = BUDGET.search(" ".join(tree["README.md"].decode("utf-8").split()))
    if not stated:
        problems.append("README.md states no size")
    elif sizes[0] > int(stated.group(1)) * 1000 or sizes[1] > int(stated.group(2)) * 1000:
        problems.append("the wheel has %d bytes, installed %d: more than README.md states" % sizes)
    for problem in problems:
        print(problem)
    print("wheel %d bytes, %d files, %d bytes installed; sdist %d bytes, %d files" % (
        sizes[0], len(in_wheel), sizes[1], os.path.getsize(sdist), len(in_sdist)))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
