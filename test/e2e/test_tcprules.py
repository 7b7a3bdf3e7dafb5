# SPDX-License-Identifier: ISC
"""tcprules and tcprulescheck against Debian's own (ucspi-tcp): the same files, byte for byte,
the same answers, the same refusals. Ours says more on standard error, never less."""
import os
import pathlib
import random
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / os.environ.get("TWINPOST_BUILD", "dev") / "src" / "twinpost"
ADDRESSES = ["1.2.3.4", "1.2.", "", "=", "=.x.org", "=h.x.org", "10.2-5.", "1.2.3.250-270", "a-b", "-3", "4-",
             "1-2-3", "ann@1.2.3.4-5", "ann-x@1.2.3.4", "ann@=h-x.org", "=a-b.org", "#c", " 1.2.3.4", "x", "256-257",
             "9-9.9-9"]
RULES = [":allow", ":deny", ':allow,A="b"', ":deny,A=xbx", ':allow,A="b",C=/d e/', ":foo", "", ":allow,",
         ':allow,A="b', ':allow,A=""', ':allow A="b"', ":allowdeny", ':allow,A="b:c",D=,x,', ":allow,A='b'\t "]
IPS = ["1.2.3.4", "1.2.9.9", "10.3.1.1", "1.2.3.251", "9.9.9.9"]
HOSTS = [None, "h.x.org", "a.b.x.org", "", "h-x.org"]
INFOS = [None, "ann", "ann-x"]

pytestmark = pytest.mark.skipif(not shutil.which("tcprules"), reason="ucspi-tcp is not installed")


@pytest.fixture
def ours(tmp_path):
    for name in ("tcprules", "tcprulescheck"):
        (tmp_path / name).symlink_to(PROGRAM)
    return tmp_path


def compile_rules(program, folder, name, text):
    cdb = folder / name
    run = subprocess.run([program, cdb, folder / "tmp"], input=text.encode(), capture_output=True, timeout=60,
                         check=False)
    return run, cdb.read_bytes() if run.returncode == 0 else b""


def ask(program, cdb, ip, host, info):
    env = {"PATH": "/usr/bin:/bin", "TCPREMOTEIP": ip}
    if host is not None:
        env["TCPREMOTEHOST"] = host
    if info is not None:
        env["TCPREMOTEINFO"] = info
    return subprocess.run([program, cdb], env=env, capture_output=True, timeout=60, check=False).stdout


def test_random_rules_give_the_same_database_and_the_same_answers(ours):
    dice = random.Random(20261124)
    for _ in range(150):
        lines = [dice.choice(ADDRESSES) + dice.choice(RULES) for _ in range(dice.randint(1, 4))]
        text = "\n".join(lines) + "\n"
        theirs_run, theirs = compile_rules("tcprules", ours, "theirs.cdb", text)
        our_run, own = compile_rules(ours / "tcprules", ours, "ours.cdb", text)
        assert our_run.returncode == theirs_run.returncode, text
        assert own == theirs, text
        if theirs_run.returncode:
            assert our_run.stderr == theirs_run.stderr, text
            continue
        where = dice.choice(IPS), dice.choice(HOSTS), dice.choice(INFOS)
        assert ask(ours / "tcprulescheck", ours / "ours.cdb", *where) == \
            ask("tcprulescheck", ours / "theirs.cdb", *where), (text, where)


def test_a_line_without_a_colon_is_ignored_but_not_in_silence(ours):
    run, own = compile_rules(ours / "tcprules", ours, "ours.cdb", "deny everybody\n127.:allow\n")
    assert run.returncode == 0 and b"line 1" in run.stderr
    assert own == compile_rules("tcprules", ours, "theirs.cdb", "127.:allow\n")[1]


def test_a_refused_file_leaves_the_old_database(ours):
    compile_rules(ours / "tcprules", ours, "ours.cdb", "127.:allow\n")
    before = (ours / "ours.cdb").read_bytes()
    run, _ = compile_rules(ours / "tcprules", ours, "ours.cdb", "127.:perhaps\n")
    assert run.returncode == 100
    assert (ours / "ours.cdb").read_bytes() == before
