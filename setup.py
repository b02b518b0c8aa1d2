import gzip
import io
import os
import re
import tarfile

from setuptools import find_packages, setup
from setuptools.command.sdist import sdist

HERE = os.path.dirname(os.path.abspath(__file__))
URL = "https://github.com/abtasty/flagship-python-sdk"

# A wheel keeps the modes of the files that its build has made, which the umask decides.
os.umask(0o022)


def read(*path):
    with io.open(os.path.join(HERE, *path), encoding="utf-8") as file:
        return file.read()


def version():
    # Read, not imported: the package's dependencies are not there yet.
    return re.search(r'^__version__ = "(.+)"$', read("flagship", "_version.py"), re.M).group(1)


def requirements():
    return [line for line in read("requirements.txt").splitlines() if line
            and not line.startswith("#")]


def description():
    if not os.path.exists(os.path.join(HERE, "README.md")):
        return ""
    # A package index shows the text without the files that it links to. HEAD is the default branch.
    text = re.sub(r"(!\[[^\]]*\]\()(?![a-z]+:)", r"\1%s/raw/HEAD/" % URL, read("README.md"))
    return re.sub(r"(\[[^\]]*\]\()(?![a-z]+:|#)", r"\1%s/blob/HEAD/" % URL, text)


class Sdist(sdist):
    """With SOURCE_DATE_EPOCH an archive depends on nothing but the files' contents: setuptools,
    which lets a wheel be reproduced, writes the clock, the owner and the modes into an sdist."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, *arguments, **options):
        if format != "gztar" or "SOURCE_DATE_EPOCH" not in os.environ:
            return sdist.make_archive(self, base_name, format, root_dir, base_dir, *arguments,
                                      **options)
        epoch = int(os.environ["SOURCE_DATE_EPOCH"])

        def plain(member):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime, member.mode = epoch, 0o755 if member.isdir() else 0o644
            return member

        self.mkpath(os.path.dirname(base_name))
        name = base_name + ".tar.gz"
        with open(name, "wb") as file, gzip.GzipFile("", "wb", 9, file, epoch) as packed:
            with tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive:
                archive.add(base_dir, filter=plain)
        return name


# pip takes the newest that the interpreter has: redis-py 3.5, Django 1.11 and Flask 1.1 are the
# last on 2.7. 4.1 is the first redis-py that does without distutils, which Python 3.12 has no more.
REDIS = ['redis>=3.5,<9; python_version < "3.12"', 'redis>=4.1,<9; python_version >= "3.12"']
DJANGO = "Django>=1.11,<7"
FLASK = "Flask>=1.1,<4"
# The hooks that ship; OpenTelemetry and Sentry also have versions for earlier Pythons.
OTEL = 'opentelemetry-api>=1.20,<2; python_version >= "3.9"'
PROMETHEUS = "prometheus-client>=0.12,<1"
SENTRY = 'sentry-sdk>=2.20,<3; python_version >= "3.9"'
OPENFEATURE = 'openfeature-sdk>=0.8.4,<1; python_version >= "3.9"'


setup(
    name="flagship",
    version=version(),
    description="Client library of the AB Tasty Flagship feature flag platform",
    long_description=description(),
    long_description_content_type="text/markdown",
    url=URL,
    project_urls={
        "Changelog": URL + "/blob/HEAD/CHANGELOG.md",
        "Documentation": "https://docs.developers.flagship.io/docs/python-v2-1",
        "Issues": URL + "/issues",
        "Source": URL,
    },
    author="Flagship Team",
    author_email="support@flagship.io",
    # For setuptools before 77, which does not read license_expression in setup.cfg.
    license="Apache-2.0",
    cmdclass={"sdist": Sdist},
    packages=find_packages(include=["flagship", "flagship.*"]),
    entry_points={"console_scripts": ["flagship = flagship.cli:main"]},
    python_requires=">=2.7, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*, !=3.4.*, !=3.5.*",
    package_data={"": ["py.typed", "*.pyi"], "flagship.emulator": ["page.*"],
                  "flagship.contrib.django.qa": ["templates/flagship_qa/*",
                                                 "static/flagship_qa/*"]},
    install_requires=requirements(),
    extras_require={
        "django": [DJANGO],
        # To build docs/, on Python 3.11 or later.
        "docs": [DJANGO, FLASK, OPENFEATURE, OTEL, PROMETHEUS, SENTRY, "furo>=2025.7",
                 "matplotlib>=3.9,<4", "sphinx>=8,<10", "sphinx-copybutton>=0.5.2,<1"] + REDIS,
        "flask": [FLASK],
        "openfeature": [OPENFEATURE],
        "otel": [OTEL],
        "prometheus": [PROMETHEUS],
        "redis": REDIS,
        "sentry": [SENTRY],
        "test": REDIS + [
            DJANGO,
            FLASK,
            OPENFEATURE,
            PROMETHEUS,
            SENTRY,
            OTEL.replace("-api", "-sdk"),
            # What examples/batch uses. Dask and pyarrow are large, so one Python is enough.
            'dask[distributed]>=2023.4,<2027; python_version == "3.11"',
            'pyarrow>=14,<27; python_version == "3.11"',
            "gunicorn>=19.10,<28",
            "hypothesis>=4.57,<7",
            # Whose scalars tests/kinds.py hands to every call.
            "numpy>=1.16,<3",
            "pandas>=0.24,<4",
            # For SOCKS proxies.
            "PySocks>=1.7,<2",
            "pytest>=4.6.11,<10",
            "requests-mock>=1.9,<2",
            "responses>=0.17,<1",
            # The demo shop in a browser; one Python is enough for that.
            "selenium>=4.10,<5; python_version == '3.11'",
            "tqdm>=4.60,<5",
        ] + [
            # The servers and queues whose processes begin and end in ways of their own. They take
            # long and differ little from one Python to the next, so two are enough.
            each + '; python_version == "3.11" or python_version == "3.13"' for each in (
                "celery>=5.3,<6", "gevent>=23.9,<27", "pyuwsgi>=2.0.23,<3", "rq>=1.16,<3",
                "uvicorn>=0.29,<1", "waitress>=3,<4")
        ] + [
            # Below 3.10 it holds urllib3 back.
            "vcrpy>=6,<9; python_version >= '3.10'",
        ],
    },
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Intended Audience :: Developers",
        "Operating System :: OS Independent",
        "Programming Language :: Python",
        "Programming Language :: Python :: 2",
        "Programming Language :: Python :: 2.7",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.6",
        "Programming Language :: Python :: 3.7",
        "Programming Language :: Python :: 3.8",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Programming Language :: Python :: Implementation :: CPython",
        "Topic :: Internet :: WWW/HTTP",
        "Topic :: Software Development :: Libraries :: Python Modules",
    ],
)
