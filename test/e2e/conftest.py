# SPDX-License-Identifier: ISC
"""One house for all tests of a run, and a fresh one for those that break theirs."""
import base64
import os
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kit"))

from house import House  # noqa: E402
from marionette import Marionette  # noqa: E402

TRUST = """
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
db.addCertFromBase64(args[0], "CT,CT,CT");
return true;
"""


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


@pytest.fixture(scope="session")
def thunderbird(house, tmp_path_factory):
    with open("/etc/os-release", encoding="utf-8") as f:
        if "ID=ubuntu\n" in f.read():
            pytest.skip("Ubuntu has Thunderbird as a snap only")
    if not shutil.which("thunderbird"):
        pytest.fail("Thunderbird is not installed: ./dev setup installs it")
    names = house.SERVER_NAMES.replace(" ", ",")
    t = Marionette(str(tmp_path_factory.mktemp("thunderbird")), {"network.dns.localDomains": names})
    pem = open(house.CA_FILE, encoding="utf-8").read()
    body = re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", pem, re.S).group(1)
    t.run(TRUST, base64.b64encode(base64.b64decode(body)).decode())
    yield t
    t.close()
