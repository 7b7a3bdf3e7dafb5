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
