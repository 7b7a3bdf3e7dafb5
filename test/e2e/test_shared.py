# SPDX-License-Identifier: ISC
"""Mailboxes of other users (RFC 4314, RFC 2342, RFC 8440): one house, two sessions and more."""
import imaplib
import os
import signal

import pytest
from house import House

USERS = ("ann", "taro", "u1")
MAIL = b"Subject: shared words\r\nFrom: a@b.example\r\n\r\nhello there\r\n"


def login(house, n):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    user = USERS[n - 1]
    with open(house.path("passwords"), encoding="utf-8") as f:
        i.login(user, dict(line.split()[:2] for line in f)[user])
    return i


def say(i, command):
    """Untagged lines, and the tagged one without its tag."""
    tag = i._new_tag()
    i.send(tag + b" " + command.encode() + b"\r\n")
    lines = []
    while True:
        line = i.readline()
        if not line:
            return lines, b"CLOSED"
        if line.startswith(tag + b" "):
            return lines, line[len(tag) + 1:].strip()
        lines.append(line.strip())


def ok(i, command):
    lines, answer = say(i, command)
    assert answer.startswith(b"OK"), f"{command}: {answer} {lines}"
    return lines


def no(i, command, code):
    lines, answer = say(i, command)
    assert answer.startswith(b"NO") and code.encode() in answer, f"{command}: {answer} {lines}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A house of its own: a new setting concerns the next keeper, and nobody is to wait for that."""
    folder = path = tmp_path_factory.mktemp("shared")
    while str(path) not in ("/", "/tmp", "/var/tmp"):
        os.chmod(path, 0o755)  # the house's users walk through it
        path = path.parent
    h = House(folder, "--users", "1")
    os.makedirs(h.path("var/qmail/control"), exist_ok=True)
    h.control("sharedprefix", "shared.\n")
    h.start()
    yield h
    assert h.stop().returncode == 0


@pytest.fixture
def folders(shared):
    """ann's folder Team with two messages, and who ann and bob are; rights are as new."""
    owner, visitor = USERS[:2]
    ann = login(shared, 1)
    say(ann, "DELETE Team.New")
    say(ann, "DELETE Team")
    ok(ann, "CREATE Team")
    for _ in range(2):
        ann.append("Team", None, None, MAIL)
    yield ann, owner, visitor, f"shared.{owner}.Team"


def names(lines):
    return {line.rsplit(b" ", 1)[1].decode() for line in lines if line.startswith(b"* LIST")}


def test_a_folder_is_shared_and_opened_by_another_user(shared, folders):
    ann, owner, visitor, there = folders
    bob = login(shared, 2)
    assert ok(bob, "NAMESPACE") == [b'* NAMESPACE (("" ".")) (("shared." ".")) NIL']
    assert not any(n.startswith("shared") for n in names(ok(bob, 'LIST "" "*"')))
    no(bob, f"SELECT {there}", "NONEXISTENT")
    no(bob, f"MYRIGHTS {there}", "NONEXISTENT")
    ok(ann, f"SETACL Team {visitor} lr")
    assert f"{visitor} lr".encode() in ok(ann, "GETACL Team")[0]
    shared.wait_for(lambda: there in names(ok(bob, 'LIST "" "*"')), "the folder in LIST")
    assert {"shared", f"shared.{owner}"} < names(ok(bob, 'LIST "" "*"'))
    assert "shared" in names(ok(bob, 'LIST "" "%"'))
    assert names(ok(bob, f'LIST "" "shared.{owner}.%"')) == {there}
    assert f"* MYRIGHTS {there} lr".encode() in ok(bob, f'LIST "" "shared.*" RETURN (MYRIGHTS STATUS (MESSAGES))')
    lines, answer = say(bob, f"SELECT {there}")
    assert answer.startswith(b"OK [READ-ONLY]") and b"* 2 EXISTS" in lines
    assert b"hello there" in b"".join(ok(bob, "FETCH 1 BODY[TEXT]"))
    assert ok(bob, "SEARCH TEXT words") == [b"* SEARCH 1 2"]
    assert ok(bob, "SORT (SUBJECT) UTF-8 ALL") == [b"* SORT 1 2"]
    no(bob, "STORE 1 +FLAGS (\\Flagged)", "READ-ONLY")
    ok(bob, f"SUBSCRIBE {there}")
    assert f'* LSUB () "." {there}'.encode() in ok(bob, 'LSUB "" "*"')
    ok(bob, f"UNSUBSCRIBE {there}")
    eve = login(shared, 3)
    no(eve, f"SELECT {there}", "NONEXISTENT")
    no(eve, f"STATUS {there} (MESSAGES)", "NONEXISTENT")
    assert not any(n.startswith("shared") for n in names(ok(eve, 'LIST "" "*"')))


def test_a_session_loses_an_open_mailbox_at_once(shared, folders):
    ann, _, visitor, there = folders
    ok(ann, f"SETACL Team {visitor} lrs")
    bob, other = login(shared, 2), login(shared, 2)
    ok(bob, f"SELECT {there}")
    ok(other, f"SELECT {there}")
    tag = other._new_tag()
    other.send(tag + b" IDLE\r\n")
    assert other.readline().startswith(b"+")
    ok(ann, f"DELETEACL Team {visitor}")
    assert other.readline().startswith(b"* BYE")  # IDLE is told
    lines, answer = say(bob, "FETCH 1 BODY[]")
    assert b"hello" not in b"".join(lines) and not answer.startswith(b"OK")
    bob = login(shared, 2)
    no(bob, f"SELECT {there}", "NONEXISTENT")


def test_flags_are_changed_as_the_rights_say(shared, folders):
    ann, _, visitor, there = folders
    ok(ann, f"SETACL Team {visitor} lrs")
    bob = login(shared, 2)
    lines = ok(bob, f"SELECT {there}")
    assert any(b"[PERMANENTFLAGS (\\Seen)]" in line for line in lines)
    told = ok(bob, "STORE 1 FLAGS (\\Seen \\Deleted $x)")
    assert b"\\Seen" in told[0] and b"Deleted" not in told[0] and b"$x" not in told[0]
    no(bob, "STORE 1 +FLAGS (\\Deleted)", "NOPERM")
    no(bob, "EXPUNGE", "NOPERM")
    no(bob, "MOVE 1 INBOX", "NOPERM")
    ok(bob, "CLOSE")
    assert b"* STATUS Team (MESSAGES 2)" in ok(ann, "STATUS Team (MESSAGES)")
    # RFC 4314 4: \Seen of a mailbox is one for all, as Dovecot has it by default.
    assert b"* STATUS Team (UNSEEN 1)" in ok(ann, "STATUS Team (UNSEEN)")


def test_messages_go_between_owners(shared, folders):
    ann, _, visitor, there = folders
    ok(ann, f"SETACL Team {visitor} lrswite")
    bob = login(shared, 2)
    say(bob, "DELETE Taken")
    ok(bob, "CREATE Taken")
    ok(bob, f"SELECT {there}")
    ok(bob, "STORE 1 +FLAGS (\\Flagged $work)")
    lines, answer = say(bob, "COPY 1:2 Taken")
    assert answer.startswith(b"OK [COPYUID ") and answer.split(b"]")[0].endswith(b" 1:2 1:2")
    lines, answer = say(bob, "MOVE 2 Taken")
    assert answer.startswith(b"OK") and b"* 2 EXPUNGE" in lines
    no(bob, "COPY 1 Nowhere", "TRYCREATE")
    ok(bob, "SELECT Taken")
    assert b"$work" in ok(bob, "FETCH 1 (FLAGS)")[0] and b"\\Flagged" in ok(bob, "FETCH 1 (FLAGS)")[0]
    ok(bob, f"COPY 3 {there}")
    typ, data = bob.append(there, "(\\Seen)", None, MAIL)
    assert typ == "OK" and b"APPENDUID" in data[0]
    assert b"* STATUS Team (MESSAGES 3)" in ok(ann, "STATUS Team (MESSAGES)")
    ok(bob, "DELETE Taken")
    ok(ann, f"SETACL Team {visitor} -i")
    no(bob, f"APPEND {there} {{1+}}\r\nx", "NOPERM")


def test_folders_below_a_shared_one(shared, folders):
    ann, owner, visitor, there = folders
    ok(ann, f"SETACL Team {visitor} lrk")
    bob = login(shared, 2)
    ok(bob, f"CREATE {there}.New")
    assert b"lrk" in ok(bob, f"MYRIGHTS {there}.New")[0]
    no(bob, f"DELETE {there}.New", "NOPERM")
    no(bob, f"RENAME {there}.New Mine", "CANNOT")
    no(bob, f"CREATE shared.{owner}.Top", "NOPERM")
    no(bob, f"GETACL {there}", "NOPERM")
    no(bob, f"SETACL {there} anyone lr", "NOPERM")
    no(bob, f"LISTRIGHTS {there} anyone", "NOPERM")
    no(bob, f'SETMETADATA {there} (/shared/comment "x")', "NOPERM")


@pytest.mark.parametrize("name", [
    "shared", "shared.", "shared.{owner}", "shared.{owner}.", "shared.root.INBOX", "shared.nobody^x.INBOX",
    "shared.{owner}.../../etc", "shared.{owner}./etc", "shared..INBOX", "shared.{visitor}.INBOX", "shared.&AAA-.INBOX",
    '"shared.{owner}/..\\\\x.INBOX"', "shared.{owner}.INBOX", "shared.{long}.INBOX", "SHARED.{owner}.INBOX"])
def test_hostile_names_lead_nowhere(shared, folders, name):
    _, owner, visitor, _ = folders
    bob = login(shared, 2)
    name = name.format(owner=owner, visitor=visitor, long="x" * 600)
    for command in ("SELECT {}", "STATUS {} (MESSAGES)", "DELETE {}", "MYRIGHTS {}", "SETACL {} anyone lr",
                    "GETACL {}", "COPY 1 {}"):
        lines, answer = say(bob, command.format(name))
        assert answer.split()[0] in (b"NO", b"BAD"), f"{command}: {answer} {lines}"
    assert ok(bob, "NOOP") == []


def keeper_of(house, user):
    """The process that works in that home."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(house.home(user)) and \
                    open(f"/proc/{pid}/cmdline", "rb").read().startswith(b"twinpost-keeper"):
                return int(pid)
        except OSError:
            continue
    return None


def test_a_killed_keeper_costs_its_visitors_that_mailbox_alone(shared, folders):
    ann, owner, visitor, there = folders
    ok(ann, f"SETACL Team {visitor} lr")
    bob = login(shared, 2)
    ok(bob, f"STATUS {there} (MESSAGES)")
    pid = shared.wait_for(lambda: keeper_of(shared, owner), "the keeper")
    os.kill(pid, signal.SIGKILL)
    answer = say(bob, f"STATUS {there} (MESSAGES)")[1]
    assert answer.startswith(b"NO [UNAVAILABLE]"), answer
    shared.wait_for(lambda: say(bob, f"STATUS {there} (MESSAGES)")[1].startswith(b"OK"), "a new keeper")
    ok(bob, "SELECT INBOX")
    ann.shutdown()
    ann = login(shared, 1)
    assert f"{visitor} lr".encode() in ok(ann, "GETACL Team")[0]  # durable


def test_dovecots_file_of_rights_is_read_and_kept(shared, folders):
    ann, owner, visitor, there = folders
    path = shared.write(f"home/{owner}/Maildir/.Team/dovecot-acl",
                        f"# made by Dovecot\nuser={visitor} lr :write-seen\nanyone l\n", user=owner)
    bob = login(shared, 2)
    assert b" lrs" in ok(bob, f"MYRIGHTS {there}")[0]
    ok(ann, "SETACL Team anyone r")
    assert open(path, encoding="utf-8").read() == f"user={visitor} lrs\nanyone r\n"


def test_without_the_setting_there_are_no_other_users(house):
    i = login(house, 1)
    assert ok(i, "NAMESPACE") == [b'* NAMESPACE (("" ".")) NIL NIL']
    ok(i, "CREATE shared.mine")
    ok(i, "SELECT shared.mine")
    ok(i, "DELETE shared.mine")
