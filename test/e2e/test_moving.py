# SPDX-License-Identifier: ISC
"""Mail moves in and out: from Maildirs, mbox files and another IMAP server, and back into files."""
import imaplib
import mailbox
import os
import signal
import subprocess
import time

import pytest


def imap(house, user):
    number = 1 if house.env["USER1"] == user else 2
    c = imaplib.IMAP4(house.env["HOST"], house.IMAP_PORT)
    c.login_cram_md5(user, house.env[f"PASS{number}"])
    return c


def message(n, text="body"):
    return f"From: a{n}@example.org\nTo: taro@example.test\nSubject: number {n}\nMessage-ID: <{n}@x>\n\n{text} {n}\n"


def folder(path):
    for sub in ("tmp", "new", "cur"):
        os.makedirs(f"{path}/{sub}", exist_ok=True)
    return path


def put(path, name, text):
    with open(f"{path}/{name}", "w", encoding="utf-8") as f:
        f.write(text)


@pytest.fixture
def maildir(tmp_path):
    top = folder(str(tmp_path / "Maildir"))
    put(top, "new/1700000001.M1.h", message(1))
    put(top, "cur/1700000002.M2.h,S=99:2,FS", message(2))
    work = folder(top + "/.Work.2026")
    put(work, "cur/1700000003.M3.h:2,Sab", message(3))
    put(work, "dovecot-keywords", "0 $Junk\n1 later\n")
    folder(top + "/.&ZeVnLIqe-")
    put(top, "subscriptions", "Work.2026\n")
    return top


def fetch_all(c, name):
    typ, data = c.select(name)
    assert typ == "OK", data
    found = {}
    for part in c.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]:
        if isinstance(part, tuple):
            subject = next(line for line in part[1].split(b"\r\n") if line.startswith(b"Subject:"))
            found[subject.decode()] = part[0].decode() + str(part[1])
    return found


def test_a_maildir_tree_comes_with_flags_keywords_dates_and_subscriptions(house, maildir):
    r = house.command("twinpost", "import", "--into", "old", "taro", maildir)
    assert r.returncode == 0, r.stdout + r.stderr
    assert "3 messages moved, 0 were there already, 0 problems" in r.stdout
    c = imap(house, "taro")
    inbox = fetch_all(c, "old")
    assert "\\Seen" in inbox["Subject: number 2"] and "\\Flagged" in inbox["Subject: number 2"]
    assert "\\Seen" not in inbox["Subject: number 1"] and "14-Nov-2023" in inbox["Subject: number 1"]
    work = fetch_all(c, "old.Work.2026")
    assert "$Junk" in work["Subject: number 3"] and "later" in work["Subject: number 3"]
    assert any(b"old.Work.2026" in line for line in c.lsub()[1])
    assert any(b"old.&ZeVnLIqe-" in line for line in c.list()[1])
    again = house.command("twinpost", "import", "--into", "old", "taro", maildir)
    assert "0 messages moved, 3 were there already" in again.stdout
    put(maildir, "new/1700000004.M4.h", message(4))
    later = house.command("twinpost", "import", "--into", "old", "taro", maildir)
    assert "1 messages moved, 3 were there already" in later.stdout


def test_what_cannot_be_taken_is_named_with_its_reason(house, maildir):
    os.symlink("/etc/passwd", f"{maildir}/cur/1700000009.M9.h:2,S")
    os.mkfifo(f"{maildir}/cur/1700000010.M10.h:2,S")
    r = house.command("twinpost", "import", "--into", "strange", "taro", maildir)
    assert r.returncode == 1
    assert "1700000009.M9.h" in r.stderr and "1700000010.M10.h" in r.stderr
    assert "3 messages moved" in r.stdout and "2 problems" in r.stdout


def test_an_mbox_file_comes_with_its_status(house, tmp_path):
    path = tmp_path / "mbox"
    text = ("From a@x Fri Nov 10 10:00:00 2023\nSubject: one\nStatus: RO\nX-Status: A\n\nfirst\n>From here\n\n"
            "From b@x Fri Nov 10 11:00:00 2023\nSubject: two\n\nsecond\n\n"
            "From b@x Fri Nov 10 11:00:00 2023\nSubject: two\n\nsecond\n\n")
    path.write_text(text)
    r = house.command("twinpost", "import", "--into", "frommbox", "taro", str(path))
    assert r.returncode == 0, r.stderr
    assert "3 messages moved" in r.stdout
    found = fetch_all(imap(house, "taro"), "frommbox")
    assert "\\Seen" in found["Subject: one"] and "\\Answered" in found["Subject: one"]
    assert "\\r\\nFrom here" in found["Subject: one"]
    with open(path, "a", encoding="ascii") as f:
        f.write("From c@x Fri Nov 10 12:00:00 2023\nSubject: three\n\nthird\n\n")
    assert "1 messages moved, 3 were" in house.command("twinpost", "import", "--into", "frommbox", "taro", str(path)).stdout


def test_another_server_is_read_by_imap_login(house, maildir, tmp_path):
    house.command("twinpost", "import", "ann", maildir)
    secret = tmp_path / "secret"
    secret.write_text(house.env["PASS1"] + "\n")
    url = f"imap://{house.env['USER1']}@{house.env['HOST']}:{house.IMAP_PORT}"
    r = house.command("twinpost", "import", "--into", "moved", "--password-file", str(secret), "taro", url)
    assert r.returncode == 0, r.stdout + r.stderr
    work = fetch_all(imap(house, "taro"), "moved.Work.2026")
    assert "later" in work["Subject: number 3"] and "14-Nov-2023" in work["Subject: number 3"]
    tls = f"imaps://{house.env['USER1']}@localhost:{house.IMAPS_PORT}"
    r = house.command("twinpost", "import", "--list", "--any-certificate", "--password-file", str(secret), "taro", tls)
    assert "Work.2026\tWork.2026" in r.stdout, r.stderr
    r = house.command("twinpost", "import", "--list", "--password-file", str(secret), "taro", tls)
    assert r.returncode != 0 and "certificate" in r.stderr
    secret.write_text("wrong\n")
    r = house.command("twinpost", "import", "--list", "--password-file", str(secret), "taro", url)
    assert r.returncode == 100 and "refused" in r.stderr


def test_an_import_that_is_killed_goes_on_and_doubles_nothing(house, tmp_path):
    top = folder(str(tmp_path / "big"))
    for n in range(600):
        put(top, f"cur/{1700000000 + n}.M{n}.h:2,S", message(n))
    words = ["twinpost", "import", "--into", "killed", "taro", top]
    env = {"PATH": f"{house.root}/var/qmail/bin:{house.root}/usr/lib/twinpost:/usr/bin:/bin", "TWINPOST_ROOT": house.root}
    for wait in (40, 120, 260):  # messages that are there before the kill
        p = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        box = os.path.join(house.home("taro"), "Maildir", ".killed", "cur")
        end = time.monotonic() + 60
        while p.poll() is None and time.monotonic() < end:
            if os.path.isdir(box) and len(os.listdir(box)) >= wait:
                break
            time.sleep(0.002)
        p.send_signal(signal.SIGKILL)
        p.wait()
    r = house.command(*words)
    assert r.returncode == 0, r.stderr
    found = fetch_all(imap(house, "taro"), "killed")
    assert len(found) == 600 and len(os.listdir(box)) == 600


def test_an_export_as_a_maildir_is_complete_and_comes_back_the_same(house, maildir, tmp_path):
    house.command("twinpost", "import", "--into", "exp", "taro", maildir)
    out = str(tmp_path / "out")
    words = ["twinpost", "export", "--folder", "exp", "--folder", "exp.Work.2026", "taro", out]
    r = house.command(*words)
    assert r.returncode == 0 and "3 messages moved" in r.stdout, r.stderr
    names = os.listdir(out + "/.exp.Work.2026/cur")
    assert len(names) == 1 and names[0].endswith(":2,Sab")
    assert "$Junk" in open(out + "/.exp.Work.2026/dovecot-keywords", encoding="utf-8").read()
    assert len(mailbox.Maildir(out, create=False).get_folder("exp")) == 2
    assert "0 messages moved, 3 were" in house.command(*words).stdout
    r = house.command("twinpost", "import", "--into", "back", "taro", out)
    assert "3 messages moved" in r.stdout
    c = imap(house, "taro")
    once, twice = fetch_all(c, "exp.Work.2026"), fetch_all(c, "back.exp.Work.2026")
    strip = lambda t: t[t.index("INTERNALDATE"):]  # noqa: E731
    assert {k: strip(v) for k, v in once.items()} == {k: strip(v) for k, v in twice.items()}


def test_an_export_as_mbox_is_read_by_other_programs_and_by_us(house, maildir, tmp_path):
    house.command("twinpost", "import", "--into", "box", "taro", maildir)
    out = str(tmp_path / "out")
    assert house.command("twinpost", "export", "--mbox", "--folder", "box", "taro", out).returncode == 0
    m = mailbox.mbox(out + "/box.mbox")
    assert sorted(x["Subject"] for x in m) == ["number 1", "number 2"]
    r = house.command("twinpost", "import", "--into", "boxback", "taro", out)
    assert "2 messages moved" in r.stdout, r.stderr
    found = fetch_all(imap(house, "taro"), "boxback.box_mbox")
    assert "\\Flagged" in found["Subject: number 2"]
