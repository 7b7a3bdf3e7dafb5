# SPDX-License-Identifier: ISC
"""Expunged messages come back within control/expungedays, and go for good after them."""
import imaplib

import pytest

USER = "u6"  # no other test has started his keeper before the setting was there


@pytest.fixture(scope="module")
def keeping(house):
    house.control("expungedays", "7\n")
    house.reload()
    return house


def login(house):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    with open(house.path("passwords"), encoding="utf-8") as f:
        i.login(USER, dict(line.split()[:2] for line in f)[USER])
    return i


def fill(i, folder):
    i.delete(folder)
    i.create(folder)
    for word in ("one", "two"):
        i.append(folder, "(\\Flagged $Work)", imaplib.Time2Internaldate(1000000000),
                 f"Subject: {word}\r\n\r\nhello\r\n".encode())


def undelete(house, *words):
    return house.command("twinpost", "undelete", *words)


def test_messages_come_back_as_they_were(keeping):
    i = login(keeping)
    undelete(keeping, USER)
    fill(i, "Lost")
    i.select("Lost")
    i.store("1", "+FLAGS", "\\Deleted")
    i.expunge()
    i.close()
    listed = undelete(keeping, "--list", USER, "Lost").stdout.split("\n")
    assert len(listed) == 2 and listed[0].endswith("\tone") and "\tLost\t" in listed[0]
    assert b"twinpost" not in b"".join(i.list()[1]) and len(i.list('""', "Lost*")[1]) == 1
    run = undelete(keeping, USER, "Lost")
    assert (run.returncode, run.stdout) == (0, "1\n")
    i.select("Lost")
    kept = i.fetch("1:*", "(UID FLAGS INTERNALDATE)")[1]
    assert len(kept) == 2 and b"UID 3 " in kept[1], kept
    assert b"\\Flagged" in kept[1] and b"$Work" in kept[1] and b"\\Deleted" not in kept[1]
    assert b"-Sep-2001 " in kept[1]
    assert undelete(keeping, USER, "Lost").returncode == 1


def test_a_deleted_folder_comes_back(keeping):
    i = login(keeping)
    undelete(keeping, USER)
    fill(i, "Gone")
    i.delete("Gone")
    assert i.select("Gone")[0] == "NO"
    assert undelete(keeping, "--list", "--since", "1h", USER, "Gone").stdout.count("\tGone\t") == 2
    assert undelete(keeping, "--since", "2100-01-01", USER).returncode == 1
    assert undelete(keeping, USER, "Gone").stdout == "2\n"
    assert i.select("Gone")[1] == [b"2"]


@pytest.mark.parametrize("words", [("--since",), ("--since", "soon", "ann"), ("--since", "2026-13-01", "ann"), ("--x", "ann"),
                                   (), ("ann", "a", "b")])
def test_misuse_is_told(keeping, words):
    assert keeping.command("twinpost", "undelete", *words).returncode == 100
