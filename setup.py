import io
import os
import re

from setuptools import find_packages, setup

HERE = os.path.dirname(os.path.abspath(__file__))


def read(*path):
    with io.open(os.path.join(HERE, *path), encoding="utf-8") as file:
        return file.read()


def version():
    # Read, not imported: the package's dependencies are not there yet.
    return re.search(r'^__version__ = "(.+)"$', read("flagship", "_version.py"), re.M).group(1)


def requirements():
    return [line for line in read("requirements.txt").splitlines() if line and not line.startswith("#")]


def description():
    return read("README.md") if os.path.exists(os.path.join(HERE, "README.md")) else ""


# pip takes the newest that the interpreter has: redis-py 3.5, Django 1.11 and Flask 1.1 are the last on 2.7.
REDIS = "redis>=3.5,<9"
DJANGO = "Django>=1.11,<7"
FLASK = "Flask>=1.1,<4"
OPENFEATURE = 'openfeature-sdk>=0.8.4,<1; python_version >= "3.9"'


setup(
    name="flagship",
    version=version(),
    description="Client library of the AB Tasty Flagship feature flag platform",
    long_description=description(),
    long_description_content_type="text/markdown",
    url="https://github.com/abtasty/flagship-python-sdk",
    project_urls={
        "Documentation": "https://docs.developers.flagship.io/docs/python-v2-1",
        "Source": "https://github.com/abtasty/flagship-python-sdk",
    },
    author="Flagship Team",
    author_email="support@flagship.io",
    license="Apache-2.0",
    packages=find_packages(include=["flagship", "flagship.*"]),
    entry_points={"console_scripts": ["flagship = flagship.cli:main"]},
    python_requires=">=2.7, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*, !=3.4.*, !=3.5.*",
    package_data={"": ["py.typed", "*.pyi"]},
    install_requires=requirements(),
    extras_require={
        "django": [DJANGO],
        "flask": [FLASK],
        "openfeature": [OPENFEATURE],
        "redis": [REDIS],
        "test": [
            DJANGO,
            FLASK,
            OPENFEATURE,
            REDIS,
            # What examples/batch uses. Dask is large, so one Python is enough.
            'dask[distributed]>=2023.4,<2027; python_version == "3.11"',
            "gunicorn>=19.10,<28",
            "hypothesis>=4.57,<7",
            "pytest>=4.6.11,<10",
            "requests-mock>=1.9,<2",
            "responses>=0.17,<1",
            # The demo shop in a browser; one Python is enough for that.
            "selenium>=4.10,<5; python_version == '3.11'",
            "tqdm>=4.60,<5",
        ],
    },
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Intended Audience :: Developers",
        "License :: OSI Approved :: Apache Software License",
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
        "Programming Language :: Python :: Implementation :: CPython",
        "Topic :: Software Development :: Libraries :: Python Modules",
    ],
)
