# SPDX-License-Identifier: ISC
"""The life of an ezmlm list on a running house, through the old command names and by mail alone."""
import email
import email.policy
import os
import re
import subprocess
import time
import uuid

import pytest

from sink import Sink


class MailingList:
    """A list in a user's home: ann-NAME@example.test."""

    def __init__(self, house, user, options=(), name=None):
        self.house, self.user = house, user
        self.name = name or "l" + uuid.uuid4().hex[:8]
        self.local = f"{user}-{self.name}"
        self.address = f"{self.local}@example.test"
        self.dir = os.path.join(house.home(user), self.name)
        self.run("ezmlm-make", *options, self.dir, os.path.join(house.home(user), f".qmail-{self.name}"), self.local,
                 "example.test")

    def run(self, *words, stdin="", env=None, code=0):
        """As the user, from the folder where .qmail files look for them."""
        who = {}
        if os.getuid() == 0:
            uid, gid = self.house.ids(self.user)
            who = {"user": uid, "group": gid, "extra_groups": []}
        program = self.house.path("usr/local/ezmlm/bin", words[0])
        run = subprocess.run([program, *words[1:]], input=stdin, text=True, capture_output=True, timeout=60, check=False,
                             env={"PATH": "/usr/bin:/bin", **(env or {})}, cwd=self.house.home(self.user), **who)
        assert run.returncode == code, (words, run.returncode, run.stdout, run.stderr)
        return run.stdout

    def members(self, *part):
        return sorted(self.run("ezmlm-list", self.dir, *part).split())

    def file(self, name):
        with open(os.path.join(self.dir, name), encoding="utf-8") as f:
            return f.read()

    def mail(self, sender, to, subject="x", body="words\n", headers=""):
        """to: what stands behind the list's name ('' or '-help'), or a whole address."""
        to = to if "@" in to else f"{self.local}{to}@example.test"
        run = self.house.command("sendmail", "-f", sender, "--", to,
                                 stdin=f"From: {sender}\nTo: {to}\nSubject: {subject}\n{headers}\n{body}")
        assert run.returncode == 0, run.stderr


def reply_to(message):
    return email.message_from_bytes(message, policy=email.policy.SMTP)["Reply-To"]


@pytest.fixture
def sink(house):
    s = Sink()
    s.domain = f"d{uuid.uuid4().hex[:10]}.test"
    with open(house.path("var/qmail/control/smtproutes"), "a", encoding="utf-8") as f:
        f.write(f"{s.domain}:127.0.0.1:{s.port}\n")
    house.reload()
    yield s
    s.close()


def test_a_whole_life_from_making_to_the_last_bounce(house, sink):
    club = MailingList(house, "ann", ["-at"])
    # taro subscribes by mail and confirms
    club.mail("taro@example.test", "-subscribe")
    ask = house.wait_for_mail("taro", f"confirm subscribe to {club.address}")
    assert f"Mailing-List: contact {club.local}-help@example.test; run by ezmlm".encode() in ask
    assert club.members() == []
    club.mail("taro@example.test", reply_to(ask))
    welcome = house.wait_for_mail("taro", f"WELCOME to {club.address}")
    assert f"List-Unsubscribe: <mailto:{club.local}-unsubscribe-taro=example.test@example.test>".encode() in welcome
    assert club.members() == ["taro@example.test"]
    remote = f"bob@{sink.domain}"
    club.run("ezmlm-sub", club.dir, remote)
    assert "+ taro@example.test\n" in club.file("Log") and f"+manual {remote}\n" in club.file("Log")
    # a post reaches the local and the remote member, each with his own return address
    mark = uuid.uuid4().hex
    club.mail("taro@example.test", "", subject=mark)
    got = house.wait_for_mail("taro", f"Subject: {mark}")
    assert got.startswith(f"Return-Path: <{club.local}-return-1-taro=example.test@example.test>\n".encode())
    assert f"\nTo unsubscribe: {club.local}-unsubscribe@example.test\n".encode() in got
    house.wait_for(lambda: sink.messages, "the post at the sink")
    verp = f"{club.local}-return-1-bob={sink.domain}@example.test"
    assert sink.messages[0]["from"] == verp and sink.messages[0]["to"] == [remote]
    assert f"\r\nList-Post: <mailto:{club.address}>\r\n".encode() in sink.messages[0]["data"]
    assert club.file("num").startswith("1:")
    assert mark in club.file("archive/0/01") and mark in club.file("archive/0/index")
    # the archive answers by mail
    club.mail("taro@example.test", "-get.1")
    answer = house.wait_for_mail("taro", f"filename={club.local}_1.ezm")
    assert mark.encode() in answer
    club.mail("taro@example.test", "-index")
    house.wait_for_mail("taro", f"1: {mark}")
    # the remote member's mail comes back: warned, probed, removed
    house.command("sendmail", "-f", "", "--", verp, stdin="Subject: failure notice\n\nsorry\n")
    house.wait_for(lambda: os.path.isdir(os.path.join(club.dir, "bounce/d")) and os.listdir(os.path.join(club.dir, "bounce/d")),
                   "the bounce in the list")
    for kind in ("warn", "probe"):
        before = len(sink.messages)
        club.run("ezmlm-warn", "-t", "0", club.dir)
        house.wait_for(lambda n=before: len(sink.messages) > n, f"the {kind} at the sink")
        sender = sink.messages[-1]["from"]
        assert sender.startswith(f"{club.local}-return-{kind}-")
        house.command("sendmail", "-f", "", "--", sender, stdin="Subject: failure notice\n\nsorry\n")
        if kind == "warn":
            house.wait_for(lambda: any(n.startswith("w") for _, _, files in os.walk(os.path.join(club.dir, "bounce/d"))
                                       for n in files), "the bounced warning")
    house.wait_for(lambda: club.members() == ["taro@example.test"], "the removal")
    assert f"-probe {remote}\n" in club.file("Log")
    # and out again
    club.mail("taro@example.test", "-unsubscribe")
    ask = house.wait_for_mail("taro", f"confirm unsubscribe from {club.address}")
    club.mail("taro@example.test", reply_to(ask))
    house.wait_for_mail("taro", f"GOODBYE from {club.address}")
    assert club.members() == []


def test_the_three_lines_of_a_bouncer_written_by_hand(house):
    """A forward, ezmlm-weed, ezmlm-return -D: administrators see every bounce before it is weeded."""
    club = MailingList(house, "ann")
    b = house.path("usr/local/ezmlm/bin")
    house.write(os.path.relpath(os.path.join(club.dir, "bouncer"), house.root),
                f"&taro@example.test\n|{b}/ezmlm-weed\n|{b}/ezmlm-return -D '{club.dir}'\n", 0o644, "ann")
    club.run("ezmlm-sub", club.dir, "joe@host.example")
    mark = uuid.uuid4().hex
    to = f"{club.local}-return-7-joe=host.example@example.test"
    house.command("sendmail", "-f", "", "--", to, stdin=f"Subject: Out of Office AutoReply: {mark}\n\nx\n")
    house.wait_for_mail("taro", mark)
    mark = uuid.uuid4().hex
    house.command("sendmail", "-f", "", "--", to, stdin=f"Subject: failure notice\nX-Mark: {mark}\n\nx\n")
    house.wait_for_mail("taro", mark)
    house.wait_for(lambda: os.path.exists(os.path.join(club.dir, "bounce/h/e/hfecnphnlhoepbhciljg")), "the bounce")
    assert club.file("bounce/h/e/hfecnphnlhoepbhciljg") == "   7\n"


def test_a_moderated_list_holds_posts_until_somebody_decides(house):
    club = MailingList(house, "ann", ["-mru"])
    club.run("ezmlm-sub", club.dir, "mod", "ann@example.test")
    club.run("ezmlm-sub", club.dir, "ann@example.test")
    mark, second = uuid.uuid4().hex, uuid.uuid4().hex
    club.mail("taro@example.test", "", subject=mark)
    ask = house.wait_for_mail("ann", f"MODERATE for {club.address}")
    assert mark.encode() in ask and b"message/rfc822" in ask
    assert not os.path.exists(os.path.join(club.dir, "num"))
    club.mail("ann@example.test", reply_to(ask))
    assert mark.encode() in house.wait_for_mail("ann", f"<{club.local}-return-1-ann=example.test@example.test>")
    house.wait_for(lambda: os.listdir(os.path.join(club.dir, "mod/accepted")), "the note of the decision")
    house.wait_for(lambda: os.listdir(os.path.join(club.dir, "mod/pending")) == [], "the end of what was held")
    # a refusal goes back with the moderator's words
    club.mail("taro@example.test", "", subject=second)
    ask = house.wait_for_mail("ann", second)
    reject = email.message_from_bytes(ask, policy=email.policy.SMTP)["From"]
    club.mail("ann@example.test", reject, body="%%%\nnot here, please\n%%%\n")
    back = house.wait_for_mail("taro", "not here, please")
    assert second.encode() in back


def test_a_poster_confirms_what_bears_his_name(house):
    club = MailingList(house, "ann", ["-y"])
    club.run("ezmlm-sub", club.dir, "ann@example.test")
    mark = uuid.uuid4().hex
    club.mail("taro@example.test", "", subject=mark)
    ask = house.wait_for_mail("taro", f"CONFIRM post to {club.address}")
    club.mail("taro@example.test", reply_to(ask))
    assert mark.encode() in house.wait_for_mail("ann", f"<{club.local}-return-1-ann=example.test@example.test>")


def test_only_members_post_and_the_denied_do_not(house):
    club = MailingList(house, "ann", ["-u"])
    mark = uuid.uuid4().hex
    club.mail("taro@example.test", "", subject=mark)
    bounce = house.wait_for_mail("taro", f"<{club.address}>:").decode()
    assert "only subscribers may post" in bounce
    club.run("ezmlm-sub", club.dir, "allow", "@example.test")
    club.run("ezmlm-sub", club.dir, "ann@example.test")
    club.mail("taro@example.test", "", subject=mark)
    house.wait_for_mail("ann", f"Subject: {mark}\n\nwords")


def test_a_digest_goes_to_its_readers(house):
    club = MailingList(house, "ann", ["-ad"])
    club.run("ezmlm-sub", club.dir, "digest", "taro@example.test")
    for subject in ("apples", "pears"):
        mark = f"{subject} {uuid.uuid4().hex}"
        club.run("ezmlm-send", club.dir, stdin=f"From: ann@example.test\nSubject: {mark}\n\nabout {subject}\n",
                 env={"SENDER": "ann@example.test"})
    club.run("ezmlm-tstdig", "-m", "5", "-k", "0", "-t", "0", club.dir, code=99)
    club.run("ezmlm-tstdig", "-m", "2", "-k", "0", "-t", "0", club.dir)
    club.run("ezmlm-digests", club.dir)
    digest = house.wait_for_mail("taro", f"{club.local} Digest")
    assert b"about apples" in digest and b"about pears" in digest and b"Issue 1" in digest
    assert digest.startswith(f"Return-Path: <{club.local}-digest-return-1-taro=example.test@example.test>".encode())
    assert club.file("dignum").startswith("2:")
    club.run("ezmlm-tstdig", "-m", "1", club.dir, code=99)


def test_japanese_lists_answer_in_japanese_in_the_charset_they_ask_for(house):
    for charset in ("utf-8", "iso-2022-jp"):
        club = MailingList(house, "ann")
        for name, text in (("charset", f"{charset}\n"), ("language", "ja\n")):
            house.write(os.path.relpath(os.path.join(club.dir, name), house.root), text, 0o644, "ann")
        club.mail("taro@example.test", "-subscribe")
        ask = house.wait_for_mail("taro", f"contact {club.local}-help@")
        message = email.message_from_bytes(ask, policy=email.policy.default)
        assert message["Subject"] == f"{club.address} への参加の確認"
        assert message.get_content_charset() == charset
        assert "このメールに返信するか" in message.get_content()


def test_options_and_exit_codes(house):
    club = MailingList(house, "ann")
    text = "".join(f"m{i}@far.test\n" for i in range(200))
    club.run("ezmlm-sub", club.dir, stdin=text + "# a remark\n")
    assert club.run("ezmlm-list", "-n", club.dir) == "200\n"
    club.run("ezmlm-unsub", club.dir, stdin=text)
    assert club.members() == []
    club.run("ezmlm-sub", club.dir, "no-address-at-all", "x", code=100)
    club.run("ezmlm-sub", "-h", "7", club.dir, "sub@lists.test")
    assert club.file("subscribers/G") == "Tsub@lists.test\0"
    club.run("ezmlm-issubn", club.dir, env={"SENDER": "sub@lists.test"})
    club.run("ezmlm-issubn", club.dir, env={"SENDER": "SRS0=ab=cd=lists.test=sub@fwd.test"})
    club.run("ezmlm-issubn", "-n", club.dir, env={"SENDER": "sub@lists.test"}, code=99)
    club.run("ezmlm-issubn", club.dir, env={"SENDER": "x@y"}, code=99)
    club.run("ezmlm-issubn", club.dir, code=100)
    club.run("ezmlm-checksub", club.dir, env={"SENDER": "x@y"}, code=100)
    club.run("ezmlm-checksub", "-n", club.dir, "deny", env={"SENDER": "x@y"})
    club.run("ezmlm-weed", stdin="Precedence: bulk\n\n", code=99)
    club.run("ezmlm-weed", stdin="Subject: failure notice\n\n")
    club.run("ezmlm-return", "-D", club.dir, code=100)
    club.run("ezmlm-return", "-D", club.dir, env={"DEFAULT": "x", "SENDER": ""}, code=100)
    club.run("ezmlm-return", "-D", club.dir, env={"DEFAULT": "1-x=y", "SENDER": ""}, code=99)
    club.run("ezmlm-get", club.dir, env={"DEFAULT": "help", "SENDER": "x@y"})
    club.run("ezmlm-manage", club.dir, env={"DEFAULT": "help", "SENDER": ""}, code=100)
    club.run("ezmlm-send", club.dir, stdin="Mailing-List: x\n\n", env={"SENDER": "x@y"}, code=100)
    club.run("ezmlm-send", "/nowhere", stdin="\n", env={"SENDER": "x@y"}, code=111)
    club.run("ezmlm-reject", club.dir, stdin=f"To: {club.address}\nSubject: help\n\n", code=100)
    club.run("ezmlm-reject", "-CT", club.dir, stdin="Subject: help\n\n")
    club.run("ezmlm-make", club.dir, "x", "y", "z", code=100)
    club.run("ezmlm-make", "-e+", "-m", club.dir)
    assert os.path.exists(os.path.join(club.dir, "modpost")) and "ezmlm-store" in club.file("editor")


def test_a_list_of_the_first_generation_is_served_as_it_stands(house):
    """0.53: inlocal, inhost, mailinglist, no flags and no config, texts of its own with !A and !R."""
    club = MailingList(house, "ann")
    for name in ("dot", "digestcode", "indexed", "public"):
        if os.path.exists(os.path.join(club.dir, name)):
            os.unlink(os.path.join(club.dir, name))
    files = {"inlocal": club.local, "inhost": "example.test", "public": "", "num": "0",
             "mailinglist": "contact x; run by ezmlm", "text/sub-confirm": "Write to\n!R\nfor\n!A"}
    for name, text in files.items():
        house.write(os.path.relpath(os.path.join(club.dir, name), house.root), text + "\n", 0o644, "ann")
    club.run("ezmlm-sub", club.dir, "taro@example.test")
    club.mail("ann@example.test", "", subject="old and good")
    house.wait_for_mail("taro", f"<{club.local}-return-1-taro=example.test@example.test>")
    house.wait_for(lambda: club.file("num") == "1\n", "the number")
    club.mail("ann@example.test", "-subscribe")
    ask = house.wait_for_mail("ann", "Write to\n").decode()
    assert re.search(rf"Write to\n{club.local}-sc\.\d+\.[a-p]{{20}}-ann=example.test@example.test\nfor\nann@example.test\n", ask)


def test_old_tools_and_ours_wait_for_each_other(house):
    club = MailingList(house, "ann")
    held = subprocess.Popen(["flock", os.path.join(club.dir, "lock"), "sleep", "0.4"])
    house.wait_for(lambda: subprocess.run(["flock", "-n", os.path.join(club.dir, "lock"), "true"], check=False).returncode,
                   "the lock")
    begin = time.monotonic()
    club.run("ezmlm-sub", club.dir, "late@far.test")
    assert held.wait() == 0 and time.monotonic() - begin > 0.1
    assert club.members() == ["late@far.test"]
