"""Fixtures for tests of the emulator itself, which ask it what the SDK never asks."""
import json

import pytest
import requests

from flagship.emulator import Emulator
from tests.support import data


@pytest.fixture
def emulator():
    """Without a look at what it was sent."""
    with Emulator(data("shop.json")) as emulator:
        yield emulator


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def post(emulator, session):
    """Posts bytes, or what becomes JSON, to a path of the emulator."""
    def post(path, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode("ascii")
        return session.post(emulator.url + path, data=content, headers=headers, timeout=5)
    return post
