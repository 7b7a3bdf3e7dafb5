# SPDX-License-Identifier: ISC
"""One house for all tests of a run, and a fresh one for those that break theirs."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kit"))

from house import House  # noqa: E402


def _folder(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp(name)
    path = folder
    while str(path) not in ("/", "/tmp", "/var/tmp"):
        os.chmod(path, 0o755)  # the house's users walk through it
        path = path.parent
    return folder


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    h = House(_folder(tmp_path_factory, "house"), "--users", "6").start()
    yield h
    stopped = h.stop()
    assert stopped.returncode == 0, stopped.stderr


@pytest.fixture
def own_house(tmp_path_factory):
    h = House(_folder(tmp_path_factory, "own")).start()
    yield h
    h.stop()
