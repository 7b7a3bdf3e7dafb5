# SPDX-License-Identifier: ISC
"""Mail programs that kept a user's mail while Dovecot served it, and whose server is this house one
day, and Dovecot again the next: none of them fetches a message twice, loses one, a flag or a keyword."""
import imaplib
import os
import re
import subprocess

import pytest

from conftest import _folder
from house import House
from proxy import Proxy
from test_dovecot import DOVECOT, Dovecot, state
from test_thunderbird import ENCRYPTED, INCOMING, PLAIN, SETUP
from test_thunderbird_imap import DISCOVER, FORGET, LOOK

pytestmark = pytest.mark.skipif(not os.path.exists(DOVECOT) or os.getuid() != 0, reason="needs Dovecot and root")

FOLDERS = ["INBOX", "&Ykt9GQ-", "&Ykt9GQ-.&TtVOiw-"]  # 手紙, 手紙.仕事
FLAGS = [r"(\Seen)", r"(\Seen \Answered $Label1)", r"(\Flagged)", r"(\Draft \Seen)", None]
MESSAGES = 8  # in each folder


def run(words, home):
    got = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False,
                         env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    assert got.returncode == 0, got.stdout + got.stderr


class Kept:
    """A program's own copy of the mail, below a folder."""

    def __init__(self, folder, port, password):
        self.folder, self.mail = folder, os.path.join(folder, "mail")
        os.makedirs(self.mail)
        self.rc = os.path.join(folder, "rc")
        with open(self.rc, "w", encoding="utf-8") as f:
            f.write(self.CONFIG.format(folder=folder, mail=self.mail, port=port, password=password))
        os.chmod(self.rc, 0o600)

    def files(self):
        """What lies where, without the name of the file: folder, flags and text of each message."""
        found = []
        for where, _, names in os.walk(self.mail):
            if os.path.basename(where) not in ("new", "cur"):
                continue
            for name in names:
                with open(os.path.join(where, name), "rb") as f:
                    text = f.read()
                subject = re.search(rb"Subject: (.*)", text).group(1).decode().strip()
                flags = name.rpartition(":2,")[2] if ":2," in name else ""
                found.append((os.path.relpath(os.path.dirname(where), self.mail), subject,
                              "".join(c for c in sorted(flags) if c.isupper())))
        return sorted(found)

    def set_flag(self, subject, letter):
        for where, _, names in os.walk(self.mail):
            for name in names:
                path = os.path.join(where, name)
                if os.path.basename(where) in ("new", "cur") and f"Subject: {subject}\n" in open(path, encoding="utf-8").read().replace("\r\n", "\n"):
                    base, _, flags = name.partition(":2,")
                    os.rename(path, os.path.join(os.path.dirname(where), "cur", base + ":2," + "".join(sorted({*flags, letter}))))
                    return
        raise AssertionError(subject)


class Mbsync(Kept):
    CONFIG = """
IMAPAccount far
Host 127.0.0.1
Port {port}
User ann
Pass {password}
SSLType None
AuthMechs CRAM-MD5

IMAPStore far
Account far

MaildirStore near
Path {mail}/
Inbox {mail}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""

    def sync(self):
        run(["mbsync", "-c", self.rc, "all"], self.folder)


class Offlineimap(Kept):
    CONFIG = """
[general]
accounts = one
metadata = {folder}/meta
ui = quiet
[Account one]
localrepository = near
remoterepository = far
utf8foldernames = yes
[Repository near]
type = Maildir
localfolders = {mail}
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {port}
remoteuser = ann
remotepass = {password}
ssl = no
starttls = no
auth_mechanisms = CRAM-MD5
maxconnections = 1
"""

    def sync(self):
        run(["offlineimap", "-c", self.rc, "-o"], self.folder)


def fetched_bodies(said):
    """UIDs or numbers whose text was asked for."""
    return re.findall(rb"(?i)FETCH (\S+) [^\r]*(?:BODY(?:\.PEEK)?\[\]|RFC822(?!\.SIZE))", said)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    house = House(_folder(tmp_path_factory, "moving-in")).start()
    dovecot = Dovecot(_folder(tmp_path_factory, "dovecot"), house.home("ann"), *house.ids("ann"), password=house.PASS1)
    proxy = Proxy(dovecot.port)
    yield house, dovecot, proxy
    proxy.close()
    house.stop()


def fill(i):
    for folder in FOLDERS:
        if folder != "INBOX":
            i.create(folder)
            i.subscribe(folder)
        for n in range(MESSAGES):
            text = f"From: a@b.test\r\nMessage-ID: <{n}.{folder.strip('&')}@b.test>\r\nSubject: {n} of {folder}\r\n\r\ntext {n}\r\n"
            i.append(folder, FLAGS[n % len(FLAGS)], None, text.encode())
    i.select("INBOX")
    i.store("3", "+FLAGS", r"(\Deleted)")
    i.expunge()


def ours(house):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login("ann", house.PASS1)
    return i


def truth(i):
    return {folder: state(i, folder) for folder in FOLDERS}


@pytest.mark.parametrize("program", [Mbsync, Offlineimap])
def test_a_mail_program_moves_in_and_back_and_fetches_nothing_again(places, tmp_path_factory, program):
    house, dovecot, proxy = places
    name = program.__name__
    proxy.move(dovecot.port)
    p = program(str(_folder(tmp_path_factory, name)), proxy.port, house.PASS1)
    with dovecot as i:
        if i.select(FOLDERS[1])[0] != "OK":
            fill(i)
        before = truth(i)
        p.sync()
        p.sync()
        here = p.files()
        assert len(here) == sum(len(found) for _, found, _ in before.values())
    assert fetched_bodies(proxy.heard())
    # Moved in: nothing is new, and nothing is missing.
    proxy.move(house.IMAP_PORT)
    p.sync()
    said = proxy.heard()
    assert b"CRAM-MD5" in said.upper()
    assert not fetched_bodies(said) and b"APPEND" not in said.upper() and p.files() == here
    i = ours(house)
    assert truth(i) == before
    # A day here: one message comes, one is flagged there, another here, one goes.
    i.append(FOLDERS[1], None, None, f"Message-ID: <{name}@x.test>\r\nSubject: new {name}\r\n\r\nx\r\n".encode())
    i.select(FOLDERS[2])
    i.store("1", "+FLAGS", r"(\Flagged)")
    i.store("2", "+FLAGS", r"(\Deleted)")
    i.expunge()
    p.set_flag(f"4 of {FOLDERS[1]}", "R")
    p.sync()
    p.sync()
    assert len(fetched_bodies(proxy.heard())) == 1
    assert i.select(FOLDERS[1])[0] == "OK"
    assert rb"\Answered" in i.fetch("5", "(FLAGS)")[1][0]
    before, here = truth(i), p.files()
    assert len(here) == sum(len(found) for _, found, _ in before.values())
    i.logout()
    # And back.
    with dovecot as i:
        proxy.move(dovecot.port)
        p.sync()
        said = proxy.heard()
        assert not fetched_bodies(said) and b"APPEND" not in said.upper()
        assert p.files() == here and truth(i) == before


def test_thunderbird_moves_in_and_finds_its_japanese_folders_as_it_left_them(places, thunderbird):
    house, dovecot, proxy = places
    proxy.move(dovecot.port)
    with dovecot as i:
        if i.select(FOLDERS[1])[0] != "OK":
            fill(i)
        before = truth(i)
        n = len(before[FOLDERS[1]][1])
        thunderbird.run('for (const x of ["offline_download", "autosync_offline_stores"])'
                        ' Services.prefs.setBoolPref(`mail.server.default.${x}`, false);')
        key = thunderbird.run(INCOMING, "imap", "127.0.0.1", proxy.port, "ann", house.PASS1, PLAIN, ENCRYPTED)
        thunderbird.run(DISCOVER, key, house.PASS1, "手紙")
        seen = thunderbird.run(LOOK, key, house.PASS1, "手紙", n)
        assert b"BODY.PEEK[" in proxy.heard()
        thunderbird.run(FORGET, key, house.PASS1)
    proxy.move(house.IMAP_PORT)
    assert thunderbird.run(LOOK, key, house.PASS1, "手紙", n) == seen
    said = proxy.heard()
    assert b"(FLAGS)" in said and b"BODY" not in said.upper().replace(b"BODYSTRUCTURE", b""), said
    i = ours(house)
    assert truth(i) == before
    i.append(FOLDERS[1], r"(\Flagged)", None, b"Message-ID: <tb@x.test>\r\nSubject: new here\r\n\r\nx\r\n")
    i.logout()
    seen = thunderbird.run(LOOK, key, house.PASS1, "手紙", n + 1)
    assert ["new here", False, True] in seen
    thunderbird.run(FORGET, key, house.PASS1)
    thunderbird.run(SETUP + "MailServices.accounts.removeAccount(MailServices.accounts.accounts.find("
                    "a => a.incomingServer?.key == args[0]), true);", key)
