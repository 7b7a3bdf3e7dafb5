# SPDX-License-Identifier: ISC
"""Old names that serve: qmail-start and qmail-send, QMTP and QMQP, tcp-env, rblsmtpd, splogger."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import uuid

import pytest


def environment(house, **more):
    return {"PATH": f"{house.root}/var/qmail/bin:/usr/bin:/bin", "TWINPOST_ROOT": house.root, "LANG": "C.UTF-8", **more}


@contextlib.contextmanager
def running(house, *words):
    run = subprocess.Popen(list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, env=environment(house), cwd="/")
    try:
        yield run
    finally:
        run.terminate()
        run.communicate(timeout=60)


# ---- qmail-start, qmail-send ----

def serves(house):
    return house.command("twinpost", "status").returncode == 0


def deferred(house):
    return house.log("event=delivery.deferred").count("delivery.deferred")


def listens(pid):
    """A signal that comes earlier ends the process, as it would end any."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        caught = next(int(line.split()[1], 16) for line in f if line.startswith("SigCgt:"))
    return caught & (1 << (signal.SIGHUP - 1))


def obeys(house, run):
    """HUP, ALRM and TERM mean what they mean to qmail-send (qmail-send(8))."""
    name = open(f"/proc/{run.pid}/comm", encoding="ascii").read().strip()
    assert name == "qmail-send"  # what killall looks for
    house.control("locals", "example.test\nmail.example.test\nlocalhost\nhup.test\n")
    run.send_signal(signal.SIGHUP)
    house.wait_for(lambda: "local" in house.command("twinpost", "explain", "ann@hup.test").stdout
                   and "generation 2" in house.command("twinpost", "status", "--all").stdout, "the reload")
    house.write("home/taro/.qmail-later", "|exit 111\n", 0o644, "taro")
    assert house.command("qmail-inject", "taro-later", stdin="\n", env={"USER": "ann"}).returncode == 0
    house.wait_for(lambda: deferred(house) == 1, "the first attempt")
    run.send_signal(signal.SIGALRM)
    house.wait_for(lambda: deferred(house) == 2, "another attempt")
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=60) == 0
    assert house.command("twinpost", "status").returncode == 100


def test_qmail_start_starts_the_host_and_stays_as_qmail_send(own_house):
    house = own_house
    assert house.stop().returncode == 0
    with running(house, "qmail-start", "./Mailbox", "splogger", "qmail") as run:
        house.wait_for(lambda: serves(house), "the start")
        second = house.command("qmail-start", "./Maildir/")
        assert second.returncode == 111
        assert "alert: cannot start: qmail-send is already running" in second.stderr
        obeys(house, run)
        said = run.stderr.read()
    assert "control/defaultdelivery" in said and "./Mailbox" in said and "splogger is not run" in said


def test_qmail_send_stands_for_a_host_that_runs(own_house):
    house = own_house
    with running(house, "qmail-send") as run:
        house.wait_for(lambda: listens(run.pid), "its readiness for signals")
        obeys(house, run)
    run = house.command("qmail-send")
    assert run.returncode == 111 and "qmail-start" in run.stderr


@pytest.mark.parametrize("name", ["qmail-lspawn", "qmail-rspawn", "qmail-clean"])
def test_inner_programs_say_who_does_their_work(house, name):
    run = house.command(name)
    assert run.returncode == 100 and "qmail-start" in run.stderr


def test_qbiff_lets_mail_pass(house):
    run = house.command("qbiff", stdin="Subject: x\n\n")
    assert run.returncode == 0 and run.stdout == run.stderr == ""


# ---- QMTP, QMQP ----

def net(data):
    data = data if isinstance(data, bytes) else data.encode()
    return b"%d:%s," % (len(data), data)


def unnet(data):
    found = []
    while data:
        size, _, rest = data.partition(b":")
        found.append(rest[:int(size)].decode())
        assert rest[int(size):int(size) + 1] == b","
        data = rest[int(size) + 1:]
    return found


def talk(house, name, data, **env):
    run = subprocess.run([name], input=data, capture_output=True, check=False, timeout=60,
                         env=environment(house, TCPREMOTEIP="192.0.2.9", TCPREMOTEHOST="client.test",
                                         TCPLOCALHOST="mail.example.test", **env))
    return run.returncode, unnet(run.stdout), run.stderr.decode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_qmtpd_takes_messages_and_answers_for_each_recipient(house, end):
    marks = [uuid.uuid4().hex, uuid.uuid4().hex]
    packets = [net(end[0] + f"Subject: {m}{end}{end}hello{end}") + net("x@elsewhere.test") +
               net(net("ann@example.test") + net("bob@elsewhere.test") + net("taro@example.test")) for m in marks]
    code, answers, said = talk(house, "qmail-qmtpd", b"".join(packets))
    assert code == 0, said
    assert len(answers) == 6
    for i in (0, 2, 3, 5):
        assert re.fullmatch(r"Kok \d+ qp \d+", answers[i]), answers
    assert answers[1] == answers[4] == "Dsorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"
    for mark in marks:
        got = house.wait_for_mail("taro", mark)
        assert b"from client.test (192.0.2.9)" in got and b"with QMTP" in got
        assert b"\r" not in got and got.endswith(b"hello\n")


def test_qmtpd_obeys_relayclient_and_databytes(house):
    mark = uuid.uuid4().hex
    packet = net(f"\nSubject: {mark}\n\n") + net("") + net(net("ann"))
    code, answers, _ = talk(house, "qmail-qmtpd", packet, RELAYCLIENT="@example.test")
    assert code == 0 and answers[0].startswith("Kok ")
    house.wait_for_mail("ann", mark)
    code, answers, _ = talk(house, "qmail-qmtpd", packet, RELAYCLIENT="@example.test", DATABYTES="10")
    assert answers == ["Dsorry, that message size exceeds my databytes limit (#5.3.4)"]


@pytest.mark.parametrize("data", [b"x", b"5:abc", b"1:\n;", b"3:abc,0:,0:,", b"99999999999:", b"1:\n,0:,3:abc,"])
def test_what_is_no_qmtp_ends_the_connection(house, data):
    code, answers, said = talk(house, "qmail-qmtpd", data)
    assert code != 0 and answers == [] and "bad protocol" in said


def test_qmqpd_takes_one_message_for_anywhere(house):
    mark = uuid.uuid4().hex
    packet = net(net(f"Subject: {mark}\n\nhello\n") + net("x@elsewhere.test") + net("ann@example.test")
                 + net("taro@example.test"))
    code, answers, said = talk(house, "qmail-qmqpd", packet)
    assert code == 0 and len(answers) == 1 and answers[0].startswith("Kok "), said
    for user in ("ann", "taro"):
        assert b"with QMQP" in house.wait_for_mail(user, mark)
    code, answers, _ = talk(house, "qmail-qmqpd", net(net("x") + net("") + net("a" * 2000 + "@example.test")))
    assert answers[0].startswith("D")


def test_qmqpc_hands_on_by_the_servers_of_control(house):
    mark = uuid.uuid4().hex
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    with running(house, "tcpserver", "-1", "-HR", "127.0.0.1", "0", "qmail-qmqpd") as server:
        good = int(server.stdout.readline())
        house.control("qmqpservers", f"127.0.0.1:{port}\n127.0.0.1:{good}\n")
        envelope = house.write("envelope", "Fx@elsewhere.test\0Tann@example.test\0\0")
        run = subprocess.run(["/bin/sh", "-c", f"qmail-qmqpc 1<{envelope}"], input=f"Subject: {mark}\n\n".encode(),
                             capture_output=True, env=environment(house), check=False, timeout=60)
        assert run.returncode == 0, run.stderr
        house.wait_for_mail("ann", mark)
        house.control("qmqpservers", f"127.0.0.1:{port}\n")
        run = subprocess.run(["/bin/sh", "-c", f"qmail-qmqpc 1<{envelope}"], input=b"\n", capture_output=True,
                             env=environment(house), check=False, timeout=60)
        assert run.returncode == 73
    os.unlink(house.path("var/qmail/control/qmqpservers"))


# ---- tcp-env ----

def tcp_env(house, *words, **env):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        inside, _ = listener.accept()
        run = subprocess.run(["tcp-env", *words], stdin=inside, capture_output=True, text=True, check=False,
                             env=environment(house, **env), timeout=60)
        ports = (client.getsockname()[1], inside.getsockname()[1])
        client.close()
        inside.close()
    return run, dict(line.split("=", 1) for line in run.stdout.splitlines()), ports


@pytest.mark.parametrize("options", [[], ["-r"], ["-R", "-t5"]])
def test_tcp_env_tells_a_program_of_inetd_who_calls(house, options):
    run, told, (client, local) = tcp_env(house, *options, "env", TCPREMOTEINFO="liar", TCPREMOTEIP="192.0.2.1")
    assert run.returncode == 0
    assert told["PROTO"] == "TCP" and told["TCPREMOTEIP"] == told["TCPLOCALIP"] == "127.0.0.1"
    assert told["TCPREMOTEPORT"] == str(client) and told["TCPLOCALPORT"] == str(local)
    assert "TCPREMOTEINFO" not in told


def test_tcp_env_leaves_alone_what_tcpserver_told(house):
    _, told, _ = tcp_env(house, "env", PROTO="TCP", TCPREMOTEIP="192.0.2.1")
    assert told["TCPREMOTEIP"] == "192.0.2.1" and "TCPLOCALIP" not in told


def test_tcp_env_fails_as_qmails(house):
    assert tcp_env(house)[0].returncode == 100
    assert tcp_env(house, "-x", "env")[0].returncode == 100
    run = tcp_env(house, "no-such-program-here")[0]
    assert run.returncode == 111 and "no-such-program-here" in run.stderr


# ---- rblsmtpd ----

@pytest.fixture(scope="module")
def lists(house):
    house.control("resolvers", "zone bad.test\nzone good.test\nrefuse broken.test\n"
                  'data 2.0.0.127.bad.test. 60 IN TXT "you are listed, see http://bad.test"\n'
                  "data 3.0.0.127.good.test. 60 IN A 127.0.0.2\n"
                  'data 3.0.0.127.bad.test. 60 IN TXT "listed too"\n'
                  'data 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bad.test. 60 IN TXT "six"\n')
    yield house
    os.unlink(house.path("var/qmail/control/resolvers"))
    house.reload()


def rbl(house, *words, ip="127.0.0.2", said=None, speech="EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nQUIT\r\n"):
    env = {"TCPREMOTEIP": ip} if ip else {}
    if said is not None:
        env["RBLSMTPD"] = said
    run = subprocess.run(["rblsmtpd", *words, "echo", "the program runs"], input=speech, capture_output=True, text=True,
                         check=False, env=environment(house, **env), timeout=60)
    return run.returncode, run.stdout


RUNS = (0, "the program runs\n")


def session(no):
    return 0, ("220 rblsmtpd.local\n250 rblsmtpd.local\n250 rblsmtpd.local\n" + no
               + "\n221 rblsmtpd.local\n")


def test_rblsmtpd_refuses_who_is_listed_in_a_session_of_its_own(lists):
    text = "you are listed, see http://bad.test"
    assert rbl(lists, "-r", "bad.test") == session(f"451 {text}")
    assert rbl(lists, "-b", "-r", "bad.test") == session(f"553 {text}")
    assert rbl(lists, "-b", "-B", "-r", "bad.test") == session(f"451 {text}")
    assert rbl(lists, "-r", "bad.test", ip="2001:db8::1") == session("451 six")


def test_rblsmtpd_runs_the_program_for_all_others(lists):
    assert rbl(lists, "-r", "bad.test", ip="192.0.2.1") == RUNS
    assert rbl(lists, "-a", "good.test", "-r", "bad.test", ip="127.0.0.3") == RUNS
    assert rbl(lists, "-r", "bad.test", ip=None) == RUNS
    assert rbl(lists) == RUNS
    assert rbl(lists, "-r", "bad.test", said="") == RUNS


def test_rblsmtpd_obeys_the_rules_of_tcpserver(lists):
    assert rbl(lists, said="go away") == session("451 go away")
    assert rbl(lists, said="-go away") == session("553 go away")


def test_a_list_that_does_not_answer_blocks_only_with_c(lists):
    assert rbl(lists, "-r", "broken.test") == RUNS
    assert rbl(lists, "-c", "-r", "broken.test") == session("451 temporary RBL lookup error")


def test_rblsmtpd_without_a_program_is_a_mistake(lists):
    run = lists.command("rblsmtpd", "-r", "bad.test")
    assert run.returncode == 100
    run = subprocess.run(["rblsmtpd", "no-such-program"], capture_output=True, text=True, check=False,
                         env=environment(lists), timeout=60)
    assert run.returncode == 111


# ---- splogger ----

def test_splogger_ends_with_its_input(house):
    assert house.command("splogger", "qmail", stdin="new msg 1\nalert: x\n" + "y" * 3000 + "\n").returncode == 0
    assert house.command("splogger", "qmail", "99").returncode == 100
