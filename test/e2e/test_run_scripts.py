# SPDX-License-Identifier: ISC
"""A run script that a site has from qmail's days works as it stands: tcpserver, qmail-popup,
checkpassword, qmail-pop3d and qmail-smtpd answer by name, talked to by real clients."""
import contextlib
import hashlib
import os
import poplib
import re
import smtplib
import socket
import subprocess
import uuid

import pytest


def environment(house):
    return {"PATH": f"{house.root}/var/qmail/bin:/usr/bin:/bin", "TWINPOST_ROOT": house.root, "LANG": "C.UTF-8"}


@contextlib.contextmanager
def run_script(house, line):
    """Runs one line of shell as a run script would; -1 makes tcpserver say its port."""
    run = subprocess.Popen(["/bin/sh", "-c", "exec " + line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           cwd="/", env=environment(house))
    try:
        yield int(run.stdout.readline())
    finally:
        run.terminate()
        run.communicate(timeout=20)


def rules(house, name, text):
    folder = house.path("etc")
    run = house.command("tcprules", f"{folder}/{name}.cdb", f"{folder}/{name}.tmp", stdin=text)
    assert run.returncode == 0, run.stderr
    return f"{folder}/{name}.cdb"


@pytest.fixture(scope="module")
def pop3(house):
    cdb = rules(house, "tcp.pop3", "127.:allow\n:deny\n")
    ids = "-u 0 -g 0" if os.getuid() == 0 else ""
    with run_script(house, f"tcpserver -1 -v -H -R -x {cdb} {ids} 127.0.0.1 0 qmail-popup mail.example.test "
                           "checkpassword qmail-pop3d Maildir 2>&2") as port:
        yield port


def mail_for(house, user):
    mark = uuid.uuid4().hex
    run = house.command("qmail-inject", user, stdin=f"Subject: {mark}\n\n.dot\nlast\n", env={"USER": "ann"})
    assert run.returncode == 0, run.stderr
    house.wait_for_mail(user, mark)
    os.utime(next(p for p in paths(house, user) if mark.encode() in open(p, "rb").read()), (1, 1))
    return mark


def paths(house, user):
    for sub in ("new", "cur"):
        base = os.path.join(house.home(user), "Maildir", sub)
        for name in os.listdir(base):
            yield os.path.join(base, name)


def test_popup_checkpassword_and_pop3d_serve_a_users_mail(house, pop3):
    mark = mail_for(house, "u1")
    box = poplib.POP3("127.0.0.1", pop3, timeout=30)
    assert re.fullmatch(rb"\+OK <\d+\.\d+@mail\.example\.test>", box.getwelcome())
    box.user("u1")
    assert box.pass_(passwords(house)["u1"]) == b"+OK "
    sizes = [line.split() for line in box.list()[1]]
    found = [int(n) for n, _ in sizes if mark.encode() in b"\n".join(box.retr(int(n))[1])]
    assert len(found) == 1
    lines = box.retr(found[0])[1]
    assert lines[-3:] == [b".dot", b"last", b""]  # qmail-pop3d's one line more
    path = next(p for p in paths(house, "u1") if mark.encode() in open(p, "rb").read())
    assert box.uidl(found[0]).split()[2].decode() == os.path.basename(path).split(":")[0]
    assert int(dict((int(a), b) for a, b in sizes)[found[0]]) == os.path.getsize(path)
    box.dele(found[0])
    box.quit()
    assert not any(mark.encode() in open(p, "rb").read() for p in paths(house, "u1"))


def test_what_stays_is_not_new_any_more(house, pop3):
    mark = mail_for(house, "u1")
    box = poplib.POP3("127.0.0.1", pop3, timeout=30)
    box.user("u1")
    box.pass_(passwords(house)["u1"])
    box.quit()
    path = next(p for p in paths(house, "u1") if mark.encode() in open(p, "rb").read())
    assert "/cur/" in path and path.endswith(":2,")


def passwords(house):
    with open(house.path("passwords"), encoding="utf-8") as f:
        return dict(line.split() for line in f)


def test_apop_is_checked_by_checkpassword(house, pop3):
    box = poplib.POP3("127.0.0.1", pop3, timeout=30)
    assert box.apop("u2", passwords(house)["u2"]) == b"+OK "
    box.quit()


def test_a_wrong_password_an_unknown_name_and_an_empty_password_are_told_the_same(house, pop3):
    for user, password in (("u1", "wrong"), ("nobody-here", "x"), ("root", "x")):
        box = poplib.POP3("127.0.0.1", pop3, timeout=30)
        box.user(user)
        with pytest.raises(poplib.error_proto, match="authorization failed"):
            box.pass_(password)


def dialog(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        s.sendall(text)
        with s.makefile("rb") as f:
            return f.read()


def test_before_the_login_popup_answers_in_its_own_words(house, pop3):
    said = dialog(pop3, b"NOOP\r\nSTAT\r\nPASS x\r\nUSER\r\nAPOP u1\r\n" + b"X" * 3000 + b"\r\nQUIT\r\n").split(b"\r\n")
    assert said[1:-1] == [b"+OK ", b"-ERR authorization first", b"-ERR USER first", b"-ERR syntax error",
                          b"-ERR syntax error", b"-ERR syntax error", b"+OK "]


def test_commands_that_a_client_sends_ahead_reach_pop3d(house, pop3):
    password = passwords(house)["u2"].encode()
    said = dialog(pop3, b"USER u2\r\nPASS " + password + b"\r\nNOOP\r\nLAST\r\nQUIT\r\n").split(b"\r\n")
    assert said[1:] == [b"+OK ", b"+OK ", b"+OK ", b"+OK 0", b"+OK ", b""]


def test_checkpassword_becomes_the_user_and_tells_by_its_exit_code(house):
    folder = house.path("tmp-check")
    os.makedirs(folder, exist_ok=True)

    def check(text, *program):
        with open(os.path.join(folder, "in"), "wb") as f:
            f.write(text)
        return house.command("sh", "-c", 'exec checkpassword "$@" 3< "$T/in"', "sh", *program, env={"T": folder})
    good = b"u1\0" + passwords(house)["u1"].encode() + b"\0stamp\0"
    run = check(good, "sh", "-c", "id -u; id -g; id -G; pwd; echo $USER $HOME $SHELL; cat <&3")
    uid, gid = house.ids("u1")
    home = os.path.realpath(house.home("u1"))
    lines = run.stdout.split("\n")
    assert lines[:2] == [str(uid), str(gid)] and os.path.realpath(lines[3]) == home
    assert os.getuid() != 0 or lines[2] == str(gid)
    user, env_home, shell = lines[4].split()
    assert (user, os.path.realpath(env_home), shell) == ("u1", home, "/bin/sh")
    assert "cat" not in run.stdout and run.returncode != 0  # descriptor 3 is not there for the program
    assert check(b"u1\0bad\0stamp\0", "true").returncode == 1
    assert check(b"u1\0\0stamp\0", "true").returncode == 1
    assert check(b"u1\0bad\0" + b"x" * 600 + b"\0", "true").returncode == 1
    assert check(b"u1\0bad", "true").returncode == 2
    assert check(good).returncode == 2
    assert check(good, "/no/such/program").returncode == 111
    digest = hashlib.md5(b"<1.2@h>" + passwords(house)["u1"].encode()).hexdigest().encode()
    assert check(b"u1\0" + digest + b"\0<1.2@h>\0", "true").returncode == 0
    assert check(b"u1\0" + digest + b"\0<1.3@h>\0", "true").returncode == 1


def test_tcpserver_and_qmail_smtpd_take_mail_with_relayclient_from_the_rules(house):
    cdb = rules(house, "tcp.smtp", '127.0.0.1:allow,RELAYCLIENT=""\n:allow\n')
    uid, gid = house.ids("qmaild")
    ids = f"-u {uid} -g {gid}" if os.getuid() == 0 else ""
    mark = uuid.uuid4().hex
    with run_script(house, f"tcpserver -1 -v -H -R -x {cdb} {ids} 127.0.0.1 0 qmail-smtpd 2>&2") as port:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.sendmail("a@b.test", ["taro@example.test"], f"Subject: {mark}\r\n\r\nhi\r\n")
            assert client.docmd("MAIL", "FROM:<a@b.test>")[0] == 250
            assert client.docmd("RCPT", "TO:<x@elsewhere.test>")[0] == 250  # RELAYCLIENT
    got = house.wait_for_mail("taro", mark).decode()
    assert "Received: from " in got and "127.0.0.1" in got


def test_a_bare_lf_from_the_network_is_refused_under_tcpserver_too(house):
    cdb = rules(house, "tcp.plain", ":allow\n")
    with run_script(house, f"tcpserver -1 -H -R -x {cdb} 127.0.0.1 0 qmail-smtpd") as port:
        said = dialog(port, b"NOOP\nNOOP\r\nQUIT\r\n").split(b"\r\n")
        assert said[0].startswith(b"220 ") and said[1].startswith(b"500 ") and said[2:] == [b""], said  # and closed


def test_without_relayclient_others_domains_are_refused(house):
    cdb = rules(house, "tcp.plain", ":allow\n")
    with run_script(house, f"tcpserver -1 -H -R -x {cdb} 127.0.0.1 0 qmail-smtpd") as port:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.ehlo()
            client.docmd("MAIL", "FROM:<a@b.test>")
            code, text = client.docmd("RCPT", "TO:<x@elsewhere.test>")
            assert code == 553 and b"rcpthosts" in text


def test_sendmail_bs_speaks_smtp_and_relays(house):
    mark = uuid.uuid4().hex
    run = house.command("sendmail", "-bs", stdin=f"EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<taro@example.test>\r\n"
                        f"RCPT TO:<x@elsewhere.test>\r\nRSET\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<taro@example.test>\r\n"
                        f"DATA\r\nSubject: {mark}\r\n\r\nhi\r\n.\r\nQUIT\r\n")
    codes = [line[:3] for line in run.stdout.split("\n") if line[3:4] == " "]
    assert codes == ["220", "250", "250", "250", "250", "250", "250", "250", "354", "250", "221"], run.stdout
    house.wait_for_mail("taro", mark)
