# SPDX-License-Identifier: ISC
"""A Maildir that Dovecot and this house serve by turns: neither sees a change in UIDs, UIDVALIDITY,
flags or keywords that it did not make, so that a site can come from Dovecot and go back."""
import imaplib
import os
import poplib
import shutil
import socket
import subprocess
import time

import pytest

from conftest import _folder
from house import House

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
pytestmark = pytest.mark.skipif(not os.path.exists(DOVECOT) or os.getuid() != 0, reason="needs Dovecot and root")


class Dovecot:
    def __init__(self, folder, home, uid, gid, password="secret"):
        self.folder, self.password = str(folder), password
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        os.makedirs(os.path.join(self.folder, "run"), exist_ok=True)
        self.conf = os.path.join(self.folder, "dovecot.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"""
base_dir = {self.folder}/run
log_path = {self.folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain cram-md5
mail_location = maildir:{home}/Maildir
first_valid_uid = 1000
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
""")

    def __enter__(self):
        self.process = subprocess.Popen([DOVECOT, "-F", "-c", self.conf], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.imap = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
                self.imap.login("ann", self.password)
                return self.imap
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.1)
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as f:
            raise AssertionError("Dovecot does not serve:\n" + f.read()[-3000:])

    def __exit__(self, *args):
        self.imap.logout()
        self.process.terminate()
        self.process.wait(20)


def state(i, folder="INBOX"):
    """UIDVALIDITY, and of each message its UID, flags and subject."""
    assert i.select(folder)[0] == "OK"
    validity = i.response("UIDVALIDITY")[1][0]
    found = {}
    for line in i.fetch("1:*", "(UID FLAGS)")[1] or []:
        if line:
            uid = int(line.split(b"UID ", 1)[1].split()[0].rstrip(b")"))
            flags = line.split(b"FLAGS (", 1)[1].split(b")")[0].split()
            found[uid] = tuple(sorted(f.lower() for f in flags if f.lower() != b"\\recent"))
    subjects = [i.uid("FETCH", str(u), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1] for u in found]
    return validity, found, subjects


@pytest.fixture
def both(tmp_path_factory):
    house = House(_folder(tmp_path_factory, "turns")).start()
    dovecot = Dovecot(_folder(tmp_path_factory, "dovecot"), house.home("ann"), *house.ids("ann"))
    yield house, dovecot
    house.stop()


def ours(house):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login("ann", house.PASS1)
    return i


def work(i, mark):
    """Something of everything that changes the bookkeeping."""
    i.select()
    i.append("INBOX", rf"(\Flagged word{mark})", None, f"Subject: {mark} appended\r\n\r\nx\r\n".encode())
    i.append("INBOX", r"(\Deleted)", None, f"Subject: {mark} goes\r\n\r\nx\r\n".encode())
    i.noop()
    assert i.store("1", "+FLAGS", rf"(\Answered first{mark})")[0] == "OK"
    i.expunge()
    i.create(f"folder{mark}")
    i.subscribe(f"folder{mark}")
    assert i.copy("1:2", f"folder{mark}")[0] == "OK"


@pytest.mark.parametrize("first", ["house", "dovecot"])
def test_uids_flags_and_keywords_live_through_every_turn(both, first):
    house, dovecot = both
    turn, seen, uidnext = first, None, 0
    folders = {}
    for mark in ("a", "b", "c", "d"):
        if turn == "house":
            i = ours(house)
        else:
            i = dovecot.__enter__()
        now = state(i)
        assert seen is None or now == seen, f"{turn} sees {now}, the other left {seen}"
        for name, was in folders.items():
            assert state(i, name) == was, name
        work(i, mark)
        folders[f"folder{mark}"] = state(i, f"folder{mark}")
        seen = state(i)
        assert max(seen[1]) > uidnext, "a UID was given twice"
        uidnext = max(seen[1]) + 1  # of the message that was expunged
        assert {f"folder{m}" for m in "abcd" if m <= mark} <= \
            {line.split()[-1].strip(b'"').decode() for line in i.lsub()[1] if line}
        if turn == "house":
            i.logout()
        else:
            dovecot.__exit__()
        turn = "dovecot" if turn == "house" else "house"


def test_uidl_is_qmail_pop3ds_and_stays(both):
    house, dovecot = both

    def uidl():
        p = poplib.POP3(house.HOST, house.POP3_PORT, timeout=20)
        p.apop("ann", house.PASS1)
        names = [line.split(b" ", 1)[1].decode() for line in p.uidl()[1]]
        p.quit()
        return names
    before = uidl()
    files = os.listdir(house.path("home/ann/Maildir/new")) + os.listdir(house.path("home/ann/Maildir/cur"))
    assert sorted(before) == sorted(f.split(":")[0] for f in files)
    with dovecot as i:
        i.select()
        i.store("1:*", "+FLAGS", r"(\Seen)")
    assert uidl() == before
    i = ours(house)
    i.select()
    i.store("1:*", "+FLAGS", r"(\Flagged odd)")
    i.logout()
    assert uidl() == before
