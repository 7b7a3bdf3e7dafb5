# SPDX-License-Identifier: ISC
"""Other real clients: fetchmail, getmail, mbsync, mutt, neomutt."""
import imaplib
import os
import pty
import smtplib
import subprocess
import threading
import uuid

import pytest

from conftest import _folder
from proxy import Proxy


def send(house, to, mark):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail("someone@elsewhere.test", [to], f"From: someone@elsewhere.test\r\nSubject: {mark}\r\n\r\n{mark}\r\n")
    house.wait_for_mail(to.split("@")[0], mark)


def run(words, home, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False,
                          env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "dumb"}, **more)


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_fetchmail_fetches_by_pop3_and_imap(house, tmp_path):
    mark = uuid.uuid4().hex
    send(house, "ann@example.test", mark)
    for protocol, port, auth in (("POP3", house.POP3_PORT, "cram-md5"), ("APOP", house.POP3_PORT, "any"),
                                 ("IMAP", house.IMAP_PORT, "cram-md5")):
        out = tmp_path / f"out-{protocol}"
        rc = private(tmp_path / f"rc-{protocol}",
                     f"poll {house.HOST} service {port} protocol {protocol} auth {auth} user ann password {house.PASS1} "
                     f"no rewrite keep fetchall sslproto '' mda \"cat >> {out}\"\n")
        got = run(["fetchmail", "-f", rc, "--nodetach", "--nosyslog", "--pidfile", str(tmp_path / "pid"), "-v"], tmp_path)
        assert got.returncode == 0, (protocol, got.stdout[-3000:], got.stderr[-2000:])
        assert mark in out.read_text(), protocol


def test_fetchmail_deletes_what_it_fetched(house, tmp_path):
    mark = uuid.uuid4().hex
    send(house, "u1@example.test", mark)
    password = [x.split()[1] for x in open(house.path("passwords"), encoding="utf-8") if x.startswith("u1 ")][0]
    out = tmp_path / "out"
    rc = private(tmp_path / "rc", f"poll {house.HOST} service {house.POP3_PORT} protocol POP3 auth cram-md5 user u1 "
                                  f"password {password} nokeep sslproto '' mda \"cat >> {out}\"\n")
    assert run(["fetchmail", "-f", rc, "--nodetach", "--nosyslog", "--pidfile", str(tmp_path / "pid")], tmp_path).returncode == 0
    assert mark in out.read_text()
    assert not house.messages("u1")
    again = run(["fetchmail", "-f", rc, "--nodetach", "--nosyslog", "--pidfile", str(tmp_path / "pid")], tmp_path)
    assert again.returncode == 1  # no mail


def test_mbsync_mirrors_both_ways(house, tmp_path):
    mark = uuid.uuid4().hex
    send(house, "taro@example.test", mark)
    local = tmp_path / "mail"
    local.mkdir()
    rc = private(tmp_path / "mbsyncrc", f"""
IMAPAccount house
Host localhost
Port {house.IMAPS_PORT}
User taro
Pass {house.PASS2}
AuthMechs SCRAM-SHA-256
SSLType IMAPS
CertificateFile {house.CA_FILE}

IMAPStore far
Account house

MaildirStore near
Path {local}/
Inbox {local}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
""")
    first = run(["mbsync", "-c", rc, "-V", "all"], tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    inbox = local / "INBOX"
    files = [p for d in ("new", "cur") for p in (inbox / d).iterdir()]
    assert any(mark in p.read_text(errors="replace") for p in files)
    # Read here, and a new folder with a message: both arrive there.
    for p in files:
        if mark in p.read_text(errors="replace"):
            os.rename(p, inbox / "cur" / (p.name.split(":")[0] + ":2,FS"))
    folder = local / "Work"
    for d in ("new", "cur", "tmp"):
        (folder / d).mkdir(parents=True)
    (folder / "new" / "1.2.3").write_text(f"From: a@b\nSubject: up {mark}\n\nhello\n")
    second = run(["mbsync", "-c", rc, "-V", "all"], tmp_path)
    assert second.returncode == 0, second.stdout + second.stderr
    assert any(f"Subject: up {mark}".encode() in m for m in house.messages("taro", "Maildir/.Work").values())
    names = [n for n, m in house.messages("taro").items() if mark.encode() in m]
    assert names and names[0].endswith(":2,FS")
    third = run(["mbsync", "-c", rc, "-V", "all"], tmp_path)
    assert third.returncode == 0, third.stdout + third.stderr


def test_mutt_reads_saves_and_deletes_by_imap(house, tmp_path):
    mark = uuid.uuid4().hex
    send(house, "u2@example.test", mark)
    password = [x.split()[1] for x in open(house.path("passwords"), encoding="utf-8") if x.startswith("u2 ")][0]
    rc = private(tmp_path / "muttrc", f"""
set folder="imap://u2@{house.HOST}:{house.IMAP_PORT}/"
set spoolfile="+INBOX"
set imap_pass="{password}"
set imap_authenticators="cram-md5"
set ssl_starttls=no
set ssl_force_tls=no
set confirmcreate=no
set confirmappend=no
set delete=yes
set move=no
set quit=yes
set wait_key=no
set header_cache=""
push "<tag-pattern>~s {mark}<enter><tag-prefix><save-message><kill-line>+Saved<enter><sync-mailbox><quit>"
""")
    got = run(["script", "-qec", f"mutt -F {rc}", "/dev/null"], tmp_path, stdin=subprocess.DEVNULL)
    house.wait_for(lambda: any(mark.encode() in m for m in house.messages("u2", "Maildir/.Saved").values()),
                   f"the message in Saved\n{got.stdout[-2000:]}")
    house.wait_for(lambda: not any(mark.encode() in m for m in house.messages("u2").values()), "its end in INBOX")


def password_of(house, user):
    with open(house.path("passwords"), encoding="utf-8") as f:
        return dict(line.split() for line in f)[user]


def login(house, user):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login(user, password_of(house, user))
    return i


# Debian's neomutt takes PLAIN whatever it is told to take.
@pytest.mark.parametrize("program, mechanism", [("mutt", "CRAM-MD5"), ("mutt", "SCRAM-SHA-256"), ("neomutt", "PLAIN")])
def test_mutt_and_neomutt_search_flag_and_move_between_japanese_folders(house, tmp_path, program, mechanism):
    mark, proxy = uuid.uuid4().hex, Proxy(house.IMAP_PORT)
    source, target = f"&Ykt9GQ-{mark}", f"&TtVOiw-{mark}"
    with login(house, "u4") as i:
        i.create(source)
        for word in ("探す言葉", "別の言葉", "三つめ"):
            i.append(source, None, None, f"Subject: {mark}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{word}\r\n".encode())
    rc = private(tmp_path / "muttrc", f"""
set folder="imap://u4@{house.HOST}:{proxy.port}/"
set spoolfile="+手紙{mark}"
set imap_pass="{password_of(house, 'u4')}"
set imap_authenticators="{mechanism}"
set ssl_starttls=no
set ssl_force_tls=no
set confirmcreate=no
set confirmappend=no
set delete=yes
set move=no
set quit=yes
set wait_key=no
set charset=utf-8
push "<tag-pattern>=b 探す<enter><tag-prefix><set-flag>!<tag-prefix><save-message><kill-line>+仕事{mark}<enter><sync-mailbox>\
<tag-pattern>=b 別の<enter><tag-prefix><set-flag>!<sync-mailbox><quit>"
""")
    got = run(["script", "-qec", f"{program} -F {rc}", "/dev/null"], tmp_path, stdin=subprocess.DEVNULL)
    proxy.close()
    assert f"AUTHENTICATE {mechanism}".encode() in proxy.heard()
    with login(house, "u4") as i:
        assert i.select(target) == ("OK", [b"1"]), got.stdout[-2000:]
        assert rb"\Flagged" in i.fetch("1", "(FLAGS)")[1][0]
        assert "探す言葉".encode() in i.fetch("1", "(BODY.PEEK[TEXT])")[1][0][1]
        assert i.select(source) == ("OK", [b"2"])
        assert [rb"\Flagged" in line for line in i.fetch("1:2", "(FLAGS)")[1]] == [True, False]
        i.delete(target)
        i.delete(source)


def drain(terminal):
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass


def test_neomutt_hears_of_new_mail_as_it_comes(house, tmp_path):
    """RFC 2177: nothing but the server's push can tell it within the test's time."""
    mark, proxy = uuid.uuid4().hex, Proxy(house.IMAP_PORT)
    with login(house, "u4") as i:
        i.create(mark)
        i.append(mark, None, None, b"Subject: old\r\n\r\nx\r\n")
    rc = private(tmp_path / "muttrc", f"""
set folder="imap://u4@{house.HOST}:{proxy.port}/"
set spoolfile="+{mark}"
set imap_pass="{password_of(house, 'u4')}"
set ssl_starttls=no
set ssl_force_tls=no
set imap_idle=yes
set timeout=1
set mail_check=600
set new_mail_command="touch {tmp_path}/heard"
""")
    master, terminal = pty.openpty()
    program = subprocess.Popen(["neomutt", "-F", rc], stdin=terminal, stdout=terminal, stderr=terminal,
                               env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm"})
    threading.Thread(target=drain, args=(master,), daemon=True).start()
    try:
        house.wait_for(lambda: any(b" IDLE\r\n" in said for said in proxy.sayings), "IDLE")
        with login(house, "u4") as i:
            i.append(mark, None, None, b"Subject: new\r\n\r\nx\r\n")
        house.wait_for(lambda: os.path.exists(tmp_path / "heard"), "word of new mail")
    finally:
        program.kill()
        program.wait(10)
        proxy.close()
        os.close(terminal)


def test_getmail_fetches_japanese_folders_once(house, tmp_path_factory):
    tmp_path = _folder(tmp_path_factory, "getmail")
    mark = uuid.uuid4().hex
    folder = f"&Ykt9GQ-{mark}"
    with login(house, "u4") as i:
        i.create(folder)
        for n in range(3):
            i.append(folder, None, None, f"Subject: {mark} {n}\r\n\r\nx\r\n".encode())
    for d in ("new", "cur", "tmp"):
        (tmp_path / "out" / d).mkdir(parents=True)
    (tmp_path / "state").mkdir()
    private(tmp_path / "state" / "rc", f"""
[retriever]
type = SimpleIMAPRetriever
server = {house.HOST}
port = {house.IMAP_PORT}
username = u4
password = {password_of(house, 'u4')}
mailboxes = ("手紙{mark}",)
use_cram_md5 = true
[destination]
type = Maildir
path = {tmp_path}/out/
[options]
read_all = false
delete = false
""")
    as_user = []
    if os.getuid() == 0:  # getmail delivers nothing as root
        subprocess.run(["chown", "-R", "nobody", str(tmp_path)], check=True)
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    for _ in range(2):
        got = run([*as_user, "getmail", "--getmaildir", str(tmp_path / "state"), "--rcfile", "rc"], tmp_path)
        assert got.returncode == 0, got.stdout + got.stderr
        assert len(list((tmp_path / "out" / "new").iterdir())) == 3, got.stdout + got.stderr
    with login(house, "u4") as i:
        i.delete(folder)
