# SPDX-License-Identifier: ISC
"""The manual pages are clean, and speak of every command there is."""
import glob
import os
import re
import subprocess

from house import TOP

PAGES = sorted(glob.glob(os.path.join(TOP, "doc/man/*.[1-8]")))


def complaints(path):
    run = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", path], capture_output=True, text=True, check=False)
    return run.stderr


def read(name):
    with open(os.path.join(TOP, "doc/man", name), encoding="utf-8") as f:
        return f.read().replace("\\-", "-")


def test_no_page_has_a_mistake_that_groff_knows():
    assert len(PAGES) >= 5
    assert {path: complaints(path) for path in PAGES if complaints(path)} == {}


def test_the_page_of_the_settings_comes_from_their_table(house, tmp_path):
    text = house.command("twinpost", "man-control").stdout
    page = tmp_path / "twinpost-control.5"
    page.write_text(text, encoding="utf-8")
    assert complaints(str(page)) == ""
    for name in ("rcpthosts", "timeoutimap", "relayauth"):
        assert f".B {name}\n" in text


def test_twinpost_1_names_every_command_and_7_every_old_name(house):
    page = read("twinpost.1")
    for name in re.findall(r"^  ([a-z-]+) ", house.command("twinpost", "help").stdout, re.M):
        assert re.search(rf'^\.B[IR]? "?{name}\b', page, re.M), name
    old = read("twinpost-old-names.7")
    for name in house.command("twinpost", "old-names").stdout.split():
        assert re.search(rf"^\.B .*\b{name}\b", old, re.M), name


def test_the_list_of_rfcs_points_at_code_that_exists():
    with open(os.path.join(TOP, "doc/rfc/index.tsv"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(set(numbers))
    for number, _, status, where in rows:
        assert status in ("yes", "partial", "no"), number
        assert status == "no" or where, number
        for path in re.findall(r"\b[a-z]+/[a-z0-9_]+", where):
            assert glob.glob(os.path.join(TOP, "src", path + "*")), (number, path)
