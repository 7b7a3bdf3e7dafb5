# SPDX-License-Identifier: ISC
"""The old names answer as scripts expect, with the house's own programs behind them."""
import os
import subprocess
import uuid


def test_mail_from_cron_reaches_its_reader_by_our_sendmail(house):
    mark = uuid.uuid4().hex
    mailrc = house.write("tmp-mailrc", f"set sendmail={house.path('var/qmail/bin/sendmail')}\n")
    run = subprocess.run(["mail", "-s", mark, "taro"], input="from cron\n", text=True, capture_output=True, timeout=60,
                         env={"PATH": os.environ["PATH"], "TWINPOST_ROOT": house.root, "USER": "ann", "LOGNAME": "ann",
                              "MAILRC": mailrc}, check=False)
    assert run.returncode == 0, run.stderr
    got = house.wait_for_mail("taro", mark).decode()
    assert "from cron" in got and "From: ann@example.test" in got


def test_sendmail_options_are_understood(house):
    mark = uuid.uuid4().hex
    run = house.command("sendmail", "-t", "-i", "-oem", "-fann@example.test", "-FAnn Example",
                        stdin=f"To: taro\nBcc: ann\nSubject: {mark}\n\nhi\n")
    assert run.returncode == 0, run.stderr
    got = house.wait_for_mail("taro", mark).decode()
    assert got.startswith("Return-Path: <ann@example.test>\n")
    assert "Bcc" not in got and 'Ann Example' in got
    house.wait_for_mail("ann", mark)
    assert house.command("sendmail", "-q").returncode == 100


def test_an_old_name_by_its_path_finds_its_house(house):
    mark = uuid.uuid4().hex
    run = subprocess.run([house.path("var/qmail/bin/qmail-inject"), "taro"], input=f"Subject: {mark}\n\n.\n", text=True,
                         env={"PATH": "/usr/bin:/bin", "USER": "ann"}, capture_output=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    house.wait_for_mail("taro", mark)


def test_qmail_inject_writes_the_message_qmail_would(house):
    run = house.command("qmail-inject", "-n", stdin="to: hoge\nSubject: x\n\nbody\n", env={"USER": "ann"})
    head, _, body = run.stdout.partition("\n\n")
    lines = head.split("\n")
    assert lines[0].startswith("Date: ") and lines[0].endswith(" -0000")
    assert lines[1].startswith("Message-ID: <") and lines[1].endswith(".qmail@mail.example.test>")
    assert lines[2] == "From: ann@example.test"
    assert lines[3] == "to: hoge@example.test"
    assert lines[4] == "Subject: x" and body == "body\n"


def test_qmail_queue_takes_an_envelope_on_descriptor_1(house):
    mark = uuid.uuid4().hex
    script = f"""printf 'Subject: {mark}\\n\\nx\\n' > "$T/m"; printf 'Fann@example.test\\0Ttaro@example.test\\0\\0' > "$T/e"
qmail-queue < "$T/m" 1< "$T/e" """
    folder = house.path("tmp-queue")
    os.makedirs(folder, exist_ok=True)
    run = house.command("sh", "-c", script, env={"T": folder})
    assert run.returncode == 0, run.stderr
    got = house.wait_for_mail("taro", mark).decode()
    assert "Received: (qmail " in got and " invoked by uid " in got
    open(os.path.join(folder, "bad"), "wb").close()
    assert house.command("sh", "-c", 'qmail-queue < "$T/m" 1< "$T/bad"', env={"T": folder}).returncode == 91


def test_showctl_speaks_of_this_house(house):
    out = house.command("qmail-showctl").stdout
    assert out.startswith("qmail home directory: /var/qmail.\n")
    assert "\nme: My name is mail.example.test.\n" in out
    assert "\nlocals: \nMessages for example.test are delivered locally.\n" in out


def test_qmail_local_n_prints_what_would_happen(house):
    name = "n" + uuid.uuid4().hex[:8]
    house.write(f"home/ann/.qmail-{name}", "./Mailbox\n./Maildir/\n|true\n&a@b.test\n", 0o644, "ann")
    run = house.command("qmail-local", "-n", "ann", house.home("ann"), f"ann-{name}", "-", name, "example.test",
                        "x@y", "./Maildir/")
    assert run.returncode == 0
    assert run.stdout == "mbox ./Mailbox\nmaildir ./Maildir/\nprogram true\nforward a@b.test\ndid 2+1+1\n"


def test_tcprules_agree_with_tcprulescheck(house):
    folder = house.path("tmp-rules")
    os.makedirs(folder, exist_ok=True)
    rules = '127.:allow,RELAYCLIENT=""\n1.2.3.37-53:deny\n=.example.test:allow,A="b"\n:allow,X=/y/\n'
    for words in (["tcprules", f"{folder}/r.cdb", f"{folder}/r.tmp"],):
        assert house.command(*words, stdin=rules).returncode == 0
    for ip, want in (("127.0.0.1", "rule 127.:\nset environment variable RELAYCLIENT=\nallow connection\n"),
                     ("1.2.3.40", "rule 1.2.3.40:\ndeny connection\n"),
                     ("9.9.9.9", "rule :\nset environment variable X=y\nallow connection\n")):
        ours = house.command("tcprulescheck", f"{folder}/r.cdb", ip).stdout
        assert ours == want
        theirs = subprocess.run(["/usr/bin/tcprulescheck", f"{folder}/r.cdb"], capture_output=True, text=True,
                                env={"TCPREMOTEIP": ip}, check=False).stdout
        assert ours == theirs


def run_remote(house, *words, message="Subject: r\n\nhi\n.\n"):
    run = house.command("qmail-remote", *words, stdin=message)
    assert run.returncode == 0, run.stderr
    return run.stdout.split("\0")[:-1]


def test_qmail_remote_sends_now_and_reports_each_recipient(house):
    mark = uuid.uuid4().hex
    house.control("smtproutes", f"out.test:127.0.0.1:{house.SMTP_PORT}\n")
    try:
        report = run_remote(house, "out.test", "a@b.test", "taro@example.test", "none-such@example.test",
                            message=f"Subject: {mark}\n\n.dot\n")
        assert len(report) == 3, report
        assert report[0].startswith("r") and report[1].startswith("h127.0.0.1 does not like recipient.\nRemote host said: 5")
        assert report[2].startswith("K127.0.0.1 accepted message.\nRemote host said: 250 ")
        assert "\n.dot\n" in house.wait_for_mail("taro", mark).decode()
    finally:
        os.unlink(house.path("var/qmail/control/smtproutes"))
    assert run_remote(house, "[127.0.0.1]", "a@b.test", "x@y.test")[-1][0] in "DZ"
    assert run_remote(house, "only-a-host") == ["DI (qmail-remote) was invoked improperly. (#5.3.5)\n"]


def test_tcpto_lists_dead_hosts_and_tcpok_forgets_them(house):
    assert house.command("qmail-tcpto").returncode == 0
    name = house.path("var/lib/twinpost/relay/tcpto")
    slot = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7]) + (1).to_bytes(8, "little") + (3).to_bytes(4, "little") + bytes(4)
    with open(name, "wb") as f:
        f.write(b"twp-dead-hosts 1" + slot + bytes(255 * 32))
    out = house.command("qmail-tcpto").stdout
    assert out.startswith("192.0.2.7 timed out ") and out.endswith(" seconds ago; # recent timeouts: 3\n"), out
    assert house.command("qmail-tcpok").returncode == 0
    assert house.command("qmail-tcpto").stdout == ""
    os.unlink(name)


def test_maildir2mbox_moves_every_message_and_quotes_from_lines(house):
    base = house.path("tmp-m2m")
    assert house.command("maildirmake", f"{base}/Maildir").returncode == 0
    for i, (sub, text) in enumerate((("new", "Return-Path: <a@b.test>\nSubject: 1\n\nFrom here\n"), ("cur", "Subject: 2\n\nend"))):
        path = f"{base}/Maildir/{sub}/10{i}.x.h{':2,S' if sub == 'cur' else ''}"
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.utime(path, (i, i))
    with open(f"{base}/mbox", "w", encoding="ascii") as f:
        f.write("From x Thu Jan  1 00:00:00 1970\nSubject: 0\n\nold\n\n")
    env = {"MAILDIR": f"{base}/Maildir", "MAIL": f"{base}/mbox", "MAILTMP": f"{base}/tmp"}
    run = house.command("maildir2mbox", env=env)
    assert run.returncode == 0, run.stderr
    with open(f"{base}/mbox", encoding="ascii") as f:
        assert f.read() == ("From x Thu Jan  1 00:00:00 1970\nSubject: 0\n\nold\n\n"
                            "From a@b.test Thu Jan  1 00:00:00 1970\nReturn-Path: <a@b.test>\nSubject: 1\n\n>From here\n\n"
                            "From XXX Thu Jan  1 00:00:01 1970\nSubject: 2\n\nend\n\n")
    assert os.listdir(f"{base}/Maildir/new") == [] and os.listdir(f"{base}/Maildir/cur") == []
    assert house.command("maildir2mbox", env={"MAIL": "x"}).returncode == 111


def test_qreceipt_answers_only_who_asks_and_never_a_bounce(house):
    mark = uuid.uuid4().hex
    message = f"Notice-Requested-Upon-Delivery-To: Ann <ann@example.test>\nMessage-ID: <{mark}@b.test>\n\nhi\n"
    for sender, target in (("", "ann@example.test"), ("taro@example.test", "other@example.test")):
        assert house.command("qreceipt", target, stdin=message.replace(mark, "no" + mark), env={"SENDER": sender}).returncode == 0
    assert house.command("qreceipt", "ann@example.test", stdin=message, env={"SENDER": "taro@example.test"}).returncode == 0
    got = house.wait_for_mail("taro", mark).decode()
    assert got.startswith("Return-Path: <>\n") and "\nSubject: success notice\n" in got
    assert "no" + mark not in str(house.messages("taro"))
    assert house.command("qreceipt", "ann@example.test", stdin=message).returncode == 100


def test_qmail_getpw_says_whose_a_local_part_is(house):
    uid, gid = house.ids("ann")
    for local, ext, dash in (("ann", "", ""), ("ANN-List-X", "List-X", "-")):
        run = house.command("qmail-getpw", local)
        assert run.returncode == 0, run.stderr
        assert run.stdout.split("\0") == ["ann", str(uid), str(gid), house.home("ann"), dash, ext, ""]
    fields = house.command("qmail-getpw", "nobody-here").stdout.split("\0")
    assert fields[0] == "alias" and fields[4:6] == ["-", "nobody-here"]
    assert house.command("qmail-getpw").returncode == 100
