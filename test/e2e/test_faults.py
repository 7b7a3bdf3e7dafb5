# SPDX-License-Identifier: ISC
"""Bad input and damaged files: a clear error, the rest goes on, nothing is lost."""
import imaplib
import os
import poplib
import re
import signal
import smtplib
import socket
import time
import uuid

import pytest

ELSEWHERE = "someone@elsewhere.test"


def send(house, to, mark=None, body="hello\r\n", header=""):
    mark = mark or uuid.uuid4().hex
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail(ELSEWHERE, to, f"Subject: {mark}\r\n{header}\r\n{body}")
    return mark


def imap(house, user="ann", password=None):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login(user, password or (house.PASS1 if user == "ann" else house.PASS2))
    return i


def owned(house, path, user):
    if os.getuid() == 0:
        os.chown(path, *house.ids(user))
    return path


def raw(house, name, content):
    with open(house.path("var/qmail/control", name), "wb") as f:
        f.write(content)


@pytest.fixture
def control(house):
    """Writes control files; what was there comes back."""
    saved = {}

    def write(name, content):
        path = house.path("var/qmail/control", name)
        if name not in saved:
            saved[name] = open(path, "rb").read() if os.path.exists(path) else None
        raw(house, name, content)
    yield write
    for name, content in saved.items():
        if content is None:
            os.unlink(house.path("var/qmail/control", name))
        else:
            raw(house, name, content)
    house.reload()


# ---- configuration ----

@pytest.mark.parametrize("name,content,named", [
    ("databytes", b"12\0" + b"34\n", "databytes"),
    ("locals", b"\0" * 5000, "locals"),
    ("concurrencylocal", b"many\n", "concurrencylocal"),
    ("rcpthosts", b"x" * (40 << 20), "rcpthosts"),
    ("me", "\u00ff\u0080\n".encode(), "me"),
])
def test_a_damaged_control_file_is_named_and_the_old_configuration_serves(house, control, name, content, named):
    control(name, content)
    run = house.command("twinpost", "reload")
    said = run.stdout + run.stderr
    assert run.returncode != 0, "it was taken"
    assert named in said, said
    house.wait_for_mail("ann", send(house, "ann@example.test"))


def test_a_number_out_of_bounds_is_held_to_them_and_named_by_the_check(house, control):
    control("timeoutsmtpd", b"9" * 400 + b"\n")
    house.reload()
    assert "timeoutsmtpd" in house.command("twinpost", "check-config").stdout


def test_a_control_file_without_its_last_newline_counts_whole(house, control):
    control("locals", b"example.test\nmail.example.test\nlocalhost\nlast.test")
    control("rcpthosts", b"example.test\nmail.example.test\nlocalhost\nlast.test")
    house.reload()
    house.wait_for_mail("ann", send(house, "ann@last.test"))


# ---- .qmail ----

@pytest.mark.parametrize("content", [
    b"\0" * 3000, b"./Maildir/\0\n", b"&" + b"a" * 200000 + b"\n", b"|" * 70000, b"+list\n\xff\xfe\n", b"./" + b"d/" * 40000 + b"\n",
])
def test_a_damaged_dot_qmail_loses_nothing_and_stops_nobody(house, content):
    name = "f" + uuid.uuid4().hex[:8]
    path = house.path(f"home/ann/.qmail-{name}")
    with open(path, "wb") as f:
        f.write(content)
    owned(house, path, "ann")
    mark = send(house, f"ann-{name}@example.test")

    def told():
        log = house.command("twinpost", "log", "-n", "300").stdout
        return [line for line in log.split("\n") if f"ann-{name}@" in line and "delivery." in line] or \
            [line for line in log.split("\n") if f"ann-{name}@" in line and "queue.bounce" in line]
    lines = house.wait_for(told, "a word about the delivery")
    assert any(mark.encode() in m for m in house.messages("ann").values()) or \
        "deferred" in lines[0] or "failed" in lines[0] or "qp " in lines[0], lines
    house.wait_for_mail("taro", send(house, "taro@example.test"))
    with open(path, "wb") as f:
        f.write(b"./Maildir/\n")
    if "deferred" in lines[0]:
        house.command("twinpost", "queue", "retry", "all")
        house.wait_for_mail("ann", mark)


# ---- mailboxes ----

def use_mbox(house, user, content):
    house.write(f"home/{user}/.qmail", "./Mailbox\n", 0o644, user)
    path = house.path(f"home/{user}/Mailbox")
    with open(path, "wb") as f:
        f.write(content)
    os.chmod(path, 0o600)
    return owned(house, path, user)


SOUND = b"From a@b Mon Jan  5 10:00:00 2026\nSubject: sound\n\nbody one\n\n"


@pytest.mark.parametrize("content", [
    b"garbage before the first line\n\n" + SOUND,
    SOUND + b"From a@b Mon Jan  5 10:00:01 2026\nSubject: cut off in its hea",
    SOUND + b"\0" * 10000,
    b"X-IMAPbase: 1 2\n" + SOUND,
    SOUND.replace(b"Subject: sound", b"Subject: sound\nX-UID: 99999999999999999999\nStatus: \xff\nX-IMAPbase: \0 x"),
])
def test_a_damaged_mbox_keeps_every_byte_and_is_served(house, content):
    path = use_mbox(house, "u1", content)
    try:
        mark = send(house, "u1@example.test")
        house.wait_for(lambda: mark.encode() in open(path, "rb").read(), "mail in the mbox")
        password = house.command("sed", "-n", "s/^u1 //p", house.path("passwords")).stdout.strip()
        i = imap(house, "u1", password)
        assert i.select()[0] == "OK"
        found = i.search(None, "SUBJECT", mark)[1][0].split()
        assert len(found) == 1
        assert i.store(found[0], "+FLAGS", r"(\Flagged)")[0] == "OK"
        assert len(i.search(None, "SUBJECT", "sound")[1][0].split()) >= 1
        i.logout()
        after = open(path, "rb").read()
        for piece in (b"body one\n", mark.encode(), b"garbage before" if content.startswith(b"garbage") else b"From ",
                      b"cut off in its hea" if b"cut off" in content else b"From "):
            assert piece in after, piece
    finally:
        os.unlink(house.path("home/u1/.qmail"))
        os.unlink(path)


def test_odd_names_in_a_maildir_disturb_nobody(house):
    cur = house.path("home/u2/Maildir/cur")
    text = b"Subject: odd\n\nbody\n"
    good = [b"1700000001.plain", b"1700000002.colons:::2,S", b"1700000003.noflags:2,", b"1700000004.x,S=5:2,RS",
            b"1700000005.\xe3\x81\xff\xfe:2,S", b"no-number", b"1700000006.flags:2,ZZZ\xff", b"1700000007.exp:1,x",
            b"x" * 200 + b":2,S", b"1700000008.w,W=99999999999999999999999,S=abc:2,"]
    for name in good:
        with open(os.path.join(cur.encode(), name), "wb") as f:
            f.write(text)
        owned(house, os.path.join(cur.encode(), name), "u2")
    os.mkdir(os.path.join(cur, "1700000009.folder:2,S"))
    os.symlink("/etc/passwd", os.path.join(cur, "1700000010.link:2,S"))
    os.mkfifo(os.path.join(cur, "1700000011.fifo:2,S"), 0o600)
    unreadable = os.path.join(cur, "1700000012.unreadable:2,S")
    with open(unreadable, "wb") as f:
        f.write(text)
    os.chmod(unreadable, 0)  # and root's: the keeper is u2
    password = house.command("sed", "-n", "s/^u2 //p", house.path("passwords")).stdout.strip()
    i = imap(house, "u2", password)
    assert i.select()[0] == "OK"
    assert len(i.search(None, "SUBJECT", "odd")[1][0].split()) >= len(good) - 1
    assert i.fetch("1:*", "(UID FLAGS RFC822.SIZE)")[0] in ("OK", "NO")
    uids = i.uid("SEARCH", "SUBJECT", "odd")[1][0].split()
    for uid in uids:
        assert b"body" in i.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1]
        assert i.uid("STORE", uid.decode(), "+FLAGS", r"(\Flagged)")[0] == "OK"
    i.logout()
    assert b"root:" not in b"".join(b for b in [open(os.path.join(cur, n), "rb").read()
                                                for n in os.listdir(cur) if "plain" in n])
    p = poplib.POP3(house.HOST, house.POP3_PORT, timeout=20)
    p.apop("u2", password)
    count = p.stat()[0]
    uidls = [line.split(b" ", 1)[1] for line in p.uidl()[1]]
    assert len(set(uidls)) == len(uidls)
    assert all(0x21 <= c <= 0x7e for u in uidls for c in u), uidls
    assert {b"1700000002.colons", b"1700000004.x,S=5", b"1700000001.plain"} <= set(uidls)
    assert count >= len(good) - 1
    p.quit()
    house.wait_for_mail("u2", send(house, "u2@example.test"))
    i = imap(house, "u2", password)  # and flags set before are there
    i.select()
    assert len(i.search(None, "FLAGGED")[1][0].split()) == len(uids)
    i.logout()


@pytest.mark.parametrize("name", ["dovecot-uidlist", "dovecot-keywords", "subscriptions"])
@pytest.mark.parametrize("content", [
    b"", b"\0" * 4096, b"nonsense\n" * 100, b"3 V0 N0\n", b"9 V1 N2 Gx\n1 :a\n", "half", b"x" * (3 << 20),
])
def test_a_damaged_bookkeeping_file_of_a_maildir_costs_no_mail(house, name, content):
    i = imap(house, "taro")
    i.select()
    i.append("INBOX", r"(\Flagged odd)", None, b"Subject: kept\r\n\r\nkept\r\n")
    before = len(i.search(None, "ALL")[1][0].split())
    i.logout()
    path = house.path("home/taro/Maildir", name)
    sound = open(path, "rb").read() if os.path.exists(path) else b""
    with open(path, "wb") as f:
        f.write(sound[:len(sound) // 2] if content == "half" else content)
    owned(house, path, "taro")
    i = imap(house, "taro")
    assert i.select()[0] == "OK"
    assert len(i.search(None, "ALL")[1][0].split()) == before
    uids = [int(u) for u in i.uid("SEARCH", "ALL")[1][0].split()]
    assert uids == sorted(set(uids)) and all(u > 0 for u in uids)
    assert i.lsub()[0] == "OK"
    assert i.store("1", "+FLAGS", "(another)")[0] == "OK"
    assert i.subscribe("INBOX")[0] == "OK"
    assert b"kept" in i.fetch(str(before), "(BODY.PEEK[])")[1][0][1]
    i.logout()


def test_a_damaged_line_among_the_credentials_shuts_out_one_user_only(own_house):
    house = own_house
    path = house.path("var/lib/twinpost/people/credentials")
    lines = open(path, "rb").read().split(b"\n")
    broken = [b"taro\tscram-sha-256=\xff\0,," if line.startswith(b"taro\t") else line for line in lines]
    with open(path, "wb") as f:
        f.write(b"\n".join(broken))
    imap(house, "ann").logout()
    with pytest.raises(imaplib.IMAP4.error):
        imap(house, "taro")
    log = house.log()
    assert "credentials" in log, log
    run = house.command("twinpost", "passwd", "--stdin", "taro", stdin="new password\n")
    assert run.returncode == 0, run.stderr
    imap(house, "taro", "new password").logout()


# ---- queue ----

def test_damage_at_the_tail_of_the_queues_log_loses_nothing_else(own_house):
    house = own_house
    house.control("concurrencylocal", "0\n")  # nothing leaves
    house.reload()
    marks = [send(house, "ann@example.test", body="x" * 500 + "\r\n") for _ in range(5)]
    assert house.stop().returncode == 0
    folder = house.path("var/lib/twinpost/queue")
    last = max((os.path.join(folder, n) for n in os.listdir(folder) if n.startswith("segment-")), key=os.path.getmtime)
    with open(last, "r+b") as f:
        data = f.read()
        at = data.rindex(marks[4].encode())
        f.seek(at)
        f.write(b"\xa5" * 600)  # into the last message's record and what lies behind it
    house.control("concurrencylocal", "10\n")
    house.start()
    for mark in marks[:4]:
        house.wait_for_mail("ann", mark)
    assert "queue.damaged" in house.log(), "nobody was told"
    assert os.listdir(os.path.join(folder, "damaged")), "what could not be read was not kept"
    house.wait_for_mail("ann", send(house, "ann@example.test"))


# ---- SMTP ----

class Smtp:
    def __init__(self, house, port=None):
        self.sock = socket.create_connection((house.HOST, port or house.SMTP_PORT), timeout=30)
        self.file = self.sock.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line.decode("latin-1")

    def say(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")
        return self.reply()


def test_a_header_line_of_a_mebibyte_arrives_whole(house):
    mark = uuid.uuid4().hex
    size = (1 << 20) - 12
    send(house, "ann@example.test", mark, header="X-Long: " + "y" * size + "\r\n")
    assert b"y" * size in house.wait_for_mail("ann", mark)
    i = imap(house)
    i.select()
    number = i.search(None, "SUBJECT", mark)[1][0].split()[0].decode()
    assert i.fetch(number, "(ENVELOPE BODYSTRUCTURE)")[0] == "OK"
    assert i.search(None, "HEADER", "X-Long", "yyyyyy")[0] == "OK"
    i.logout()


def test_a_longer_line_is_refused_and_what_follows_is_taken(house):
    s = Smtp(house)
    s.say("EHLO x")
    for size, code in (((1 << 20) + 1, "554"), (10, "250")):
        s.say(f"MAIL FROM:<{ELSEWHERE}>")
        s.say("RCPT TO:<ann@example.test>")
        s.say("DATA")
        assert s.say("X-Long: " + "y" * size + "\r\n\r\n.")[:3] == code


def test_an_endless_command_line_is_refused_without_being_kept(house):
    s = Smtp(house)
    assert s.say("EHLO x").startswith("250")
    s.sock.sendall(b"MAIL FROM:<" + b"a" * 300000 + b">\r\n")
    assert s.reply().startswith("500")
    assert s.say("NOOP").startswith("250")


def test_ten_thousand_nested_parts_are_stored_and_described(house):
    mark = uuid.uuid4().hex
    nest = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(10000))
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail(ELSEWHERE, "ann@example.test", f"Subject: {mark}\r\nMIME-Version: 1.0\r\n{nest}\r\ndeep\r\n")
    house.wait_for_mail("ann", mark)
    i = imap(house)
    i.select()
    number = i.search(None, "SUBJECT", mark)[1][0].split()[0].decode()
    begin = time.monotonic()
    assert i.fetch(number, "(BODYSTRUCTURE)")[0] in ("OK", "NO")
    assert i.fetch(number, "(BODY.PEEK[" + ".".join(["1"] * 50) + "])")[0] in ("OK", "NO")
    assert i.search(None, "BODY", "deep")[0] == "OK"
    assert time.monotonic() - begin < 10
    i.logout()


def test_many_recipients_end_at_the_limit_and_the_rest_is_delivered(house):
    mark = uuid.uuid4().hex
    s = Smtp(house)
    s.say("EHLO x")
    s.say(f"MAIL FROM:<{ELSEWHERE}>")
    codes = {}
    for _ in range(100):
        s.sock.sendall(b"RCPT TO:<ann@example.test>\r\n" * 1000)
        for _ in range(1000):
            line = s.reply()
            if not line:
                break
            codes[line[:3]] = codes.get(line[:3], 0) + 1
        if not line:
            break
    assert codes.get("250", 0) >= 1000 and codes.get("452", 0) > 0, codes
    if line:
        assert s.say("DATA").startswith("354")
        assert s.say(f"Subject: {mark}\r\n\r\nhello\r\n.").startswith("250")
        house.wait_for_mail("ann", mark)
    house.wait_for_mail("taro", send(house, "taro@example.test"))


# ---- IMAP ----

@pytest.mark.parametrize("command", [
    b"a LOGIN {4294967296}\r\n", b"a LOGIN {4294967295+}\r\n", b"a LOGIN {99999999999999999999}\r\n",
    b"a LOGIN {-1}\r\n", b"a NOOP" + b" x" * 200000 + b"\r\n", b"a SEARCH " + b"(" * 100000 + b"\r\n",
    b"a LOGIN {2000000000}\r\n" + b"x" * 1000,
])
def test_a_literal_or_line_of_any_size_takes_no_memory_and_ends_with_a_word(house, command):
    s = socket.create_connection((house.HOST, house.IMAP_PORT), timeout=30)
    s.recv(4096)
    s.sendall(command)
    said = s.recv(4096)
    assert b"BAD" in said or b"NO" in said or b"BYE" in said, said
    s.close()
    imap(house).logout()


def test_a_logged_in_client_that_announces_a_message_of_4_gib_is_refused(house):
    i = imap(house)
    i.send(b"zz APPEND INBOX {4294967296}\r\n")
    line = i.readline()
    assert line.startswith((b"zz NO", b"zz BAD", b"* BYE")), line


# ---- slow clients ----

def test_silent_and_dripping_clients_are_sent_away(own_house):
    house = own_house
    house.control("timeoutsmtpd", "2\n")
    house.control("timeoutlogin", "5\n")
    house.reload()
    time.sleep(0.3)  # the programs take it over one by one
    silent = [socket.create_connection((house.HOST, p), timeout=20)
              for p in (house.SMTP_PORT, house.IMAP_PORT, house.POP3_PORT)]
    drip = socket.create_connection((house.HOST, house.IMAP_PORT), timeout=20)
    begin, ended = time.monotonic(), {}
    for s in [*silent, drip]:
        s.setblocking(False)
    while len(ended) < 4 and time.monotonic() - begin < 15:
        for n, s in enumerate([*silent, drip]):
            try:
                if n not in ended and s.recv(4096) == b"":
                    ended[n] = time.monotonic() - begin
            except BlockingIOError:
                pass
            except ConnectionResetError:
                ended[n] = time.monotonic() - begin
        if 3 not in ended:
            try:
                drip.send(b"a")
            except OSError:
                pass
        time.sleep(0.1)
    assert len(ended) == 4, ended
    assert ended[0] < 5 and max(ended.values()) < 9, ended
    house.wait_for_mail("ann", send(house, "ann@example.test"))


def test_one_addresss_connections_are_limited_and_others_come_in(own_house):
    house = own_house
    house.control("maxconnectionsperip", "10\n")
    house.reload()
    time.sleep(0.3)
    kept = [socket.create_connection((house.HOST, house.SMTP_PORT), timeout=20, source_address=("127.0.0.7", 0))
            for _ in range(30)]
    greeted = 0
    for s in kept:
        s.settimeout(5)
        try:
            greeted += s.recv(4096).startswith(b"220")
        except (ConnectionResetError, TimeoutError):
            pass
    assert greeted == 10, greeted
    house.wait_for_mail("ann", send(house, "ann@example.test"))


# ---- the house's own directories ----

def test_a_queue_that_belongs_to_somebody_else_is_given_back_at_start(own_house):
    house = own_house
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    house.stop()
    queue = house.path("var/lib/twinpost/queue")
    for folder, folders, files in os.walk(queue):
        for name in [os.path.join(folder, n) for n in folders + files] + [folder]:
            os.chown(name, 0, 0)
            os.chmod(name, 0o400)
    secret = house.path("secret")
    with open(secret, "w", encoding="utf-8") as f:
        f.write("root's\n")
    os.chmod(secret, 0o600)
    os.symlink(secret, os.path.join(queue, "link"))
    os.link(secret, os.path.join(queue, "name"))
    house.start()
    house.wait_for_mail("ann", send(house, "ann@example.test"))
    assert os.stat(os.path.join(queue, "lock")).st_uid != 0
    assert os.stat(secret).st_uid == 0 and os.stat(secret).st_mode & 0o777 == 0o600
    assert "given to its owner" in house.log("event=config.problem")


def test_a_program_that_ends_again_and_again_is_told_with_its_reason(own_house):
    house = own_house
    lock = house.path("var/lib/twinpost/queue/lock")
    pid = int(re.search(r"^sched pid (\d+) serves", house.command("twinpost", "status", "--all").stdout, re.M)[1])
    os.unlink(lock)
    os.mkdir(lock)
    os.kill(pid, signal.SIGKILL)

    def told():
        run = house.command("twinpost", "status")
        return run.returncode == 1 and re.search(r"^sched ended \d+ times in a row .*Is a directory", run.stdout, re.M)
    house.wait_for(told, "word of sched's failure")
    os.rmdir(lock)
    house.wait_for(lambda: house.command("twinpost", "status").returncode == 0, "the end of the failure")
    house.wait_for_mail("ann", send(house, "ann@example.test"))
