# SPDX-License-Identifier: ISC
"""What `twinpost` tells an administrator: stories of messages, mistakes in users' files, routes."""
import os
import poplib
import re
import smtplib
import uuid


def passwords(house):
    with open(house.path("passwords"), encoding="utf-8") as f:
        return dict(line.split() for line in f)


def story(house, what, needle, env=None):
    """The story, once it has come to what is looked for."""
    def told():
        out = house.command("twinpost", "why", what, env=env).stdout
        return out if needle in out else None
    return house.wait_for(told, f"the story of {what} with {needle!r}")


def test_why_tells_a_message_from_its_arrival_to_its_reader(house):
    mark = uuid.uuid4().hex
    with smtplib.SMTP("127.0.0.1", house.SMTP_PORT, local_hostname="client.test", timeout=30) as client:
        client.sendmail("a@b.test", ["u1@example.test", "taro@example.test"],
                        f"Message-ID: <{mark}@b.test>\r\nSubject: x\r\n\r\nhi\r\n")
    story(house, f"<{mark}@b.test>", "done: nothing of it")
    box = poplib.POP3("127.0.0.1", house.POP3_PORT, timeout=30)
    box.apop("u1", passwords(house)["u1"])
    box.retr(len(box.list()[1]))
    box.quit()
    out = story(house, f"<{mark}@b.test>", "by POP3")
    want = [r"Message \d+: \d+ bytes from a@b\.test", rf"  Message-ID <{mark}@b\.test>", r"  \d{4}-\d\d-\d\d",
            r"taken by smtp from 127\.0\.0\.1, which calls itself client\.test", "safe in the queue, for 2 recipient",
            r"u1@example\.test: delivered here: did 1\+0\+0", r"taro@example\.test: delivered here: did 1\+0\+0",
            "done: nothing of it is in the queue", r"u1 then fetched 1 message\(s\) by POP3"]
    for one in want:
        assert len(re.findall(one, out)) == 1, (one, out)
    assert out.count("Message ") == 1, out
    at = [out.index(re.search(one, out).group()) for one in (want[4], want[5], want[7], want[8])]
    assert at == sorted(at), out
    ident = re.match(r"Message (\d+)", out).group(1)
    assert story(house, ident, "by POP3") == out
    assert "u1 が POP3 で 1 通" in story(house, ident, "POP3", env={"LANG": "ja_JP.UTF-8"})


def test_why_follows_a_forward_to_its_bounce(house):
    name = "w" + uuid.uuid4().hex[:8]
    house.write(f"home/ann/.qmail-{name}", "&none-such@example.test\n", 0o644, "ann")
    with smtplib.SMTP("127.0.0.1", house.SMTP_PORT, timeout=30) as client:
        client.sendmail("taro@example.test", [f"ann-{name}@example.test"], "Subject: x\r\n\r\nhi\r\n")
    out = story(house, f"ann-{name}@example.test", "nobody (a bounce)")
    out = story(house, f"ann-{name}@example.test", "taro@example.test: delivered here")
    first, forward, bounce = re.findall(r"^Message (\d+)", out, re.M)
    assert f"it was sent on by message {first}" in out and f"it is the bounce of message {forward}" in out
    assert "none-such@example.test: failed for good: Sorry, no mailbox here by that name." in out
    assert f"the sender taro@example.test is told: bounce {bounce}" in out


def test_why_tells_of_refusals_and_of_nothing(house):
    name = f"no-{uuid.uuid4().hex}@example.test"
    with smtplib.SMTP("127.0.0.1", house.SMTP_PORT, timeout=30) as client:
        client.ehlo()
        client.mail("a@b.test")
        assert client.rcpt(name)[0] == 550
    assert "smtp.rejected" in story(house, name, "Besides:")
    run = house.command("twinpost", "why", "nobody-ever@nowhere.test")
    assert run.returncode == 1 and run.stdout == ""


def test_check_config_looks_into_users_files_when_root_asks(own_house):
    if os.getuid() != 0:
        return
    before = own_house.command("twinpost", "check-config").stdout
    assert ".qmail" not in before
    own_house.write("home/taro/.qmail", "&ann_at_example.test\n|echo ’hi’\n", 0o644, "taro")
    own_house.write("home/taro/.qmail-blank", "\n./Maildir/\n", 0o644, "taro")
    own_house.write("home/ann/.qmail-open", "&taro\n", 0o666, "ann")
    os.symlink("/etc/shadow", own_house.path("home/ann/.qmail-link"))
    os.mkfifo(own_house.path("home/ann/.qmail-fifo"))
    run = own_house.command("twinpost", "check-config")
    assert run.returncode == 1
    for line in ("home/taro/.qmail:1: warning: _at_ is no @", "home/taro/.qmail:2: warning: a typographic quote",
                 "home/taro/.qmail-blank:1: error: Uh-oh", "home/ann/.qmail-open: error: everybody may write"):
        assert line in run.stdout, run.stdout
    assert "link" not in run.stdout and "fifo" not in run.stdout


def test_explain_finds_homes_of_users_assign_below_the_root(own_house):
    uid, gid = own_house.ids("taro")
    own_house.write("var/qmail/users/assign", f"=shop:taro:{uid}:{gid}:/home/taro:-:shop:\n.\n")
    own_house.write("home/taro/.qmail-shop", "&ann\n", 0o644, "taro")
    assert own_house.command("qmail-newu").returncode == 0
    own_house.reload()
    run = own_house.command("twinpost", "explain", "shop@example.test")
    assert run.returncode == 0 and f"home {own_house.root}/home/taro" in run.stdout, run.stdout
    assert "forward ann" in run.stdout


def test_status_says_that_the_host_serves_and_where(house):
    out = house.command("twinpost", "status").stdout
    assert out.startswith("The host serves. Configuration number ")
    assert f"  smtp at 127.0.0.1:{house.SMTP_PORT}\n" in out and re.search(r"Since its start: \d+ accepted, ", out)
    assert "動いています。" in house.command("twinpost", "status", env={"LANG": "ja_JP.UTF-8"}).stdout
    everything = house.command("twinpost", "status", "--all").stdout
    assert re.search(r"^sched pid \d+ serves$", everything, re.M) and re.search(r"^commits \d+$", everything, re.M)
    assert house.command("twinpost", "status", "x").returncode == 100
