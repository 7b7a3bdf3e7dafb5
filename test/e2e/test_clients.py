# SPDX-License-Identifier: ISC
"""Other real clients: fetchmail, mbsync, mutt."""
import os
import smtplib
import subprocess
import uuid


def send(house, to, mark):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail("someone@elsewhere.test", [to], f"From: someone@elsewhere.test\r\nSubject: {mark}\r\n\r\n{mark}\r\n")
    house.wait_for_mail(to.split("@")[0], mark)


def run(words, home, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False,
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
