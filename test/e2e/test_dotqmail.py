# SPDX-License-Identifier: ISC
"""What a user's .qmail says is what happens: facts of dot-qmail(5) and qmail-command(8)."""
import imaplib
import os
import smtplib
import uuid

import pytest


def send(house, to, mark, sender="someone@elsewhere.test", extra=""):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail(sender, [to], f"Subject: {mark}\r\n{extra}\r\n{mark}\r\n")
    return mark


def outcome(house, mark, to):
    """The delivery event of the message to `to` that carries the mark."""
    def done():
        log = house.command("twinpost", "why", "--events", f"{to}").stdout
        lines = [x for x in log.split("\n") if "delivery." in x and f"rcpt={to}" in x]
        return lines[-1] if lines else None
    return house.wait_for(done, f"a delivery to {to}")


@pytest.fixture
def name():
    return "q" + uuid.uuid4().hex[:8]


def test_lines_run_in_order_into_mbox_maildir_and_program(house, name):
    house.write(f"home/ann/.qmail-{name}", f"# comment\n./box-{name}\n./dir-{name}/\n|cat > out-{name}\n", 0o644, "ann")
    uid, gid = house.ids("ann")
    house.command("maildirmake", house.path(f"home/ann/dir-{name}"))
    if os.getuid() == 0:
        for d, _, _ in os.walk(house.path(f"home/ann/dir-{name}")):
            os.chown(d, uid, gid)
    mark = send(house, f"ann-{name}@example.test", uuid.uuid4().hex, extra="From: x@y\r\n")
    out = house.path(f"home/ann/out-{name}")
    house.wait_for(lambda: os.path.exists(out) and mark in open(out, encoding="utf-8").read(), "the program's output")
    house.wait_for_mail("ann", mark, folder=f"dir-{name}")
    box = open(house.path(f"home/ann/box-{name}"), encoding="utf-8").read()
    lines = box.split("\n")
    assert lines[0].startswith("From someone@elsewhere.test ")
    assert lines[1] == "Return-Path: <someone@elsewhere.test>"
    assert lines[2] == f"Delivered-To: ann-{name}@example.test"
    assert box.endswith("\n\n")
    program = open(out, encoding="utf-8").read()
    assert not program.startswith(("Return-Path:", "Delivered-To:"))
    assert os.stat(out).st_uid == uid


def test_mbox_quotes_from_lines(house, name):
    house.write(f"home/ann/.qmail-{name}", f"./box-{name}\n", 0o644, "ann")
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail("a b@elsewhere.test".replace(" ", ""), [f"ann-{name}@example.test"],
                   "Subject: x\r\n\r\nFrom here\r\n>From there\r\nfrom nowhere\r\n")
    path = house.path(f"home/ann/box-{name}")
    house.wait_for(lambda: os.path.exists(path) and b"nowhere" in open(path, "rb").read(), "the mbox")
    text = open(path, encoding="utf-8").read()
    assert "\n>From here\n>>From there\nfrom nowhere\n" in text


def test_programs_get_qmails_environment(house, name):
    house.write(f"home/ann/.qmail-{name}-default", f"|env > env-{name}\n", 0o644, "ann")
    send(house, f"ann-{name}-B.c-d@example.test", uuid.uuid4().hex)
    path = house.path(f"home/ann/env-{name}")
    house.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 100, "the environment")
    env = dict(x.split("=", 1) for x in open(path, encoding="utf-8").read().split("\n") if "=" in x)
    assert env["SENDER"] == "someone@elsewhere.test"
    assert env["NEWSENDER"] == "someone@elsewhere.test"
    assert env["RECIPIENT"] == f"ann-{name}-B.c-d@example.test"
    assert env["LOCAL"] == f"ann-{name}-B.c-d"
    assert env["EXT"] == f"{name}-B.c-d" and env["EXT2"] == "B.c-d" and env["EXT3"] == "d" and env["EXT4"] == ""
    assert env["DEFAULT"] == "B.c-d"
    assert env["HOST"] == "example.test" and env["HOST2"] == "example"
    assert env["USER"] == "ann" and env["HOME"].endswith("/home/ann")
    assert "SUDO_USER" not in env and "SSH_CLIENT" not in env


@pytest.mark.parametrize("code, event", [(0, "delivery.done"), (99, "delivery.done"), (100, "delivery.failed"),
                                         (64, "delivery.failed"), (112, "delivery.failed"),
                                         (111, "delivery.deferred"), (1, "delivery.deferred"), (75, "delivery.deferred")])
def test_exit_codes_decide(house, name, code, event):
    house.write(f"home/ann/.qmail-{name}", f"|echo because; exit {code}\n", 0o644, "ann")
    to = f"ann-{name}@example.test"
    send(house, to, uuid.uuid4().hex, sender="")
    line = outcome(house, None, to)
    assert event in line and "because" in line


def test_exit_99_stops_later_lines_but_earlier_forwards_go(house, name):
    house.write(f"home/ann/.qmail-{name}", f"&taro@example.test\n|exit 99\n|touch never-{name}\n", 0o644, "ann")
    mark = send(house, f"ann-{name}@example.test", uuid.uuid4().hex)
    got = house.wait_for_mail("taro", mark).decode()
    assert f"Delivered-To: ann-{name}@example.test" in got
    assert not os.path.exists(house.path(f"home/ann/never-{name}"))


def test_a_failing_line_suppresses_the_forwards(house, name):
    house.write(f"home/ann/.qmail-{name}", "&taro@example.test\n|exit 100\n", 0o644, "ann")
    to = f"ann-{name}@example.test"
    mark = send(house, to, uuid.uuid4().hex, sender="")
    assert "delivery.failed" in outcome(house, mark, to)
    assert not any(mark.encode() in m for m in house.messages("taro").values())


def test_owner_changes_the_sender_of_forwards(house, name):
    house.write(f"home/ann/.qmail-{name}", "&taro@example.test\n", 0o644, "ann")
    house.write(f"home/ann/.qmail-{name}-owner", "&ann\n", 0o644, "ann")
    mark = send(house, f"ann-{name}@example.test", uuid.uuid4().hex)
    got = house.wait_for_mail("taro", mark).decode()
    assert got.startswith(f"Return-Path: <ann-{name}-owner@example.test>\n")


def test_owner_default_makes_verp_senders(house, name):
    house.write(f"home/ann/.qmail-{name}", "&taro@example.test\n", 0o644, "ann")
    house.write(f"home/ann/.qmail-{name}-owner", "&ann\n", 0o644, "ann")
    house.write(f"home/ann/.qmail-{name}-owner-default", "&ann\n", 0o644, "ann")
    mark = send(house, f"ann-{name}@example.test", uuid.uuid4().hex)
    got = house.wait_for_mail("taro", mark).decode()
    assert got.startswith(f"Return-Path: <ann-{name}-owner-taro=example.test@example.test>\n")


def test_forwarding_in_a_circle_bounces(house, name):
    house.write(f"home/ann/.qmail-{name}", f"&ann-{name}@example.test\n", 0o644, "ann")
    to = f"ann-{name}@example.test"
    send(house, to, uuid.uuid4().hex, sender="taro@example.test")
    house.wait_for(lambda: "looping" in house.command("twinpost", "why", to).stdout, "the loop to be seen")


def test_a_writable_or_blank_file_defers(house, name):
    house.write(f"home/ann/.qmail-{name}", "&taro@example.test\n", 0o666, "ann")
    to = f"ann-{name}@example.test"
    send(house, to, uuid.uuid4().hex)
    assert "Uh-oh: .qmail file is writable. (#4.7.0)" in outcome(house, None, to)
    house.write(f"home/ann/.qmail-{name}2", "\n&taro@example.test\n", 0o644, "ann")
    to = f"ann-{name}2@example.test"
    send(house, to, uuid.uuid4().hex)
    assert "Uh-oh: first line of .qmail file is blank. (#4.2.1)" in outcome(house, None, to)


def test_forward_condredirect_bouncesaying_and_except_work_from_qmail(house, name):
    house.write(f"home/ann/.qmail-{name}-f", "|forward taro@example.test\n", 0o644, "ann")
    house.write(f"home/ann/.qmail-{name}-c", "|condredirect taro@example.test grep -q red\n|exit 100\n", 0o644, "ann")
    house.write(f"home/ann/.qmail-{name}-b", "|bouncesaying 'no thanks' grep -q blue\n./Maildir/\n", 0o644, "ann")
    mark = send(house, f"ann-{name}-f@example.test", uuid.uuid4().hex)
    house.wait_for_mail("taro", mark)
    mark = send(house, f"ann-{name}-c@example.test", uuid.uuid4().hex + " red")
    house.wait_for_mail("taro", mark)
    to = f"ann-{name}-b@example.test"
    send(house, to, "blue", sender="")
    line = outcome(house, None, to)
    assert "delivery.failed" in line and "no thanks" in line


def test_an_mbox_that_dot_qmail_names_is_the_inbox_before_its_first_mail(own_house):
    house = own_house
    house.write("home/taro/.qmail", "./Mailbox\n", 0o644, "taro")
    assert not os.path.exists(house.path("home/taro/Mailbox"))
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login("taro", house.PASS2)
    assert i.select("INBOX")[1] == [b"0"]  # what lies in the Maildir is no INBOX of his
    validity = i.response("UIDVALIDITY")[1]
    mark = uuid.uuid4().hex
    assert house.command("qmail-inject", "taro", stdin=f"Subject: {mark}\n\n", env={"USER": "ann"}).returncode == 0

    def seen():
        i.noop()
        return i.search(None, "SUBJECT", mark)[1] != [b""]
    house.wait_for(seen, "the mail in the INBOX")
    with open(house.path("home/taro/Mailbox"), encoding="utf-8") as f:
        assert mark in f.read()
    i.select("INBOX")
    assert i.response("UIDVALIDITY")[1] == validity
