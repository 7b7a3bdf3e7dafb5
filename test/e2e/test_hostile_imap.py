# SPDX-License-Identifier: ISC
"""What no honest client says: each malformed or hostile command of IMAP gets its tagged BAD or NO, the
session lives on, and neither it nor the keeper grows beyond bounds."""
import glob
import imaplib
import os
import socket

import pytest

USER = "u3"
imaplib._MAXLINE = 64 << 20  # an envelope is one line
GROWTH_MAX = 24 << 20  # octets of all the house's imapd and keeper processes, over the whole suite

BAD = {
    "numbers": ["FETCH 0 FLAGS", "FETCH 1:0 FLAGS", "FETCH 4294967296 FLAGS", "FETCH -1 FLAGS", "FETCH 1,,2 FLAGS",
                "FETCH 1: FLAGS", "FETCH :1 FLAGS", "FETCH *:*:* FLAGS", "FETCH 99999999999999999999 FLAGS", "FETCH , FLAGS",
                "STORE 00 FLAGS ()", "COPY $$ INBOX", "UID FETCH 1:*,x FLAGS", "FETCH 7 FLAGS"],
    "fetch": ["FETCH 1 ()", "FETCH 1 (FLAGS", "FETCH 1 FLAGS)", "FETCH 1 BODY[", "FETCH 1 BODY[]<", "FETCH 1 BODY[]<0>",
              "FETCH 1 BODY[]<0.0>", "FETCH 1 BODY[]<5000000000.1>", "FETCH 1 BODY[0]", "FETCH 1 BODY[1.0.1]",
              "FETCH 1 BODY[MIME]", "FETCH 1 BODY[1.]", "FETCH 1 BODY[HEADER.FIELDS ()]", "FETCH 1 BODY[HEADER.FIELDS (A]",
              "FETCH 1 BINARY[TEXT]", "FETCH 1 BINARY[1.]", "FETCH 1 BODY.PEEK", "FETCH 1 PREVIEW (EAGER)",
              "FETCH 1 FLAGS (CHANGEDSINCE)", "FETCH 1 FLAGS (CHANGEDSINCE 0x)", "FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)",
              "FETCH 1 FLAGS (VANISHED)", "FETCH 1 RFC822.NONSENSE", "FETCH 1 BODY[" + "1." * 5000 + "1]",
              "FETCH 1 (" + "FLAGS " * 40000 + ")", "FETCH 1 (" * 500],
    "search": ["SEARCH", "SEARCH (", "SEARCH )", "SEARCH NOT", "SEARCH OR SEEN", "SEARCH HEADER x", "SEARCH LARGER -1",
               "SEARCH SINCE 31-Foo-2026", "SEARCH SINCE 32-Jan-2026", "SEARCH UID", "SEARCH RETURN (", "SEARCH RETURN (X) ALL",
               "SEARCH RETURN (PARTIAL 0:1) ALL", "SEARCH RETURN (PARTIAL 1:2 ALL) ALL", "SEARCH CHARSET", "SEARCH OLDER 0",
               "SEARCH CHARSET KLINGON TEXT x", "SEARCH MODSEQ", "SEARCH " + "(" * 3000 + "ALL" + ")" * 3000,
               "SEARCH " + "NOT " * 30000 + "ALL", "SEARCH " + "OR ALL " * 20000 + "ALL", "SEARCH TEXT \"" + "x" * 70000 + "\""],
    "sort": ["SORT", "SORT () UTF-8 ALL", "SORT (NONSENSE) UTF-8 ALL", "SORT (REVERSE) UTF-8 ALL", "SORT (DATE) KLINGON ALL",
             "THREAD", "THREAD NONSENSE UTF-8 ALL", "THREAD REFERENCES UTF-8", "SORT (" + "DATE " * 30000 + ") UTF-8 ALL"],
    "names": ["SELECT", "SELECT \"", "SELECT {5}x", "SELECT (INBOX)", "CREATE \"\"", "CREATE ..", "CREATE a..b", "CREATE .a",
              "CREATE ../../etc/x", "CREATE a/../../b", "CREATE \"a\\b\"", "CREATE &AAA", "CREATE &Jjo!", "CREATE " + "a" * 70000,
              "CREATE " + "a." * 2000 + "a", "DELETE INBOX", "RENAME a", "RENAME nowhere somewhere", "SELECT nowhere",
              "STATUS INBOX (NONSENSE)", "STATUS INBOX (MESSAGES", "SUBSCRIBE", "EXAMINE INBOX (NONSENSE)", "SELECT INBOX (QRESYNC (1 1))"],
    "patterns": ["LIST", "LIST \"\"", "LIST (NONSENSE) \"\" *", "LIST (RECURSIVEMATCH) \"\" *", "LIST \"\" ()",
                 "LIST \"\" (a b", "LIST \"\" * RETURN", "LIST \"\" * RETURN (STATUS)", "LIST \"\" * RETURN (STATUS ())",
                 "LIST \"\" " + "*" * 70000, "LSUB \"\""],
    "append": ["APPEND", "APPEND INBOX", "APPEND INBOX x", "APPEND INBOX ()", "APPEND INBOX {x}", "APPEND INBOX {-1+}",
               "APPEND INBOX {99999999999999999999}", "APPEND INBOX {2000000000}", "APPEND INBOX CATENATE ()",
               "APPEND INBOX CATENATE (URL x)", "APPEND INBOX CATENATE (URL \"/INBOX/;UID=999\")", "APPEND INBOX \"1-Foo-2026\" {1+}\r\nx",
               "REPLACE 1", "REPLACE 999 INBOX {1+}\r\nx", "APPEND nowhere {1+}\r\nx"],
    "others": ["", " ", "NONSENSE", "UID", "UID NONSENSE", "UID CAPABILITY", "ENABLE", "COMPRESS", "COMPRESS LZW", "ID", "ID (\"a\")",
               "NOTIFY", "NOTIFY SET", "NOTIFY SET (nonsense (MessageNew))", "STORE 1", "STORE 1 FLAGS", "STORE 1 +FLAGS (\\Nonsense)",
               "STORE 1 FLAGS (" + "k" * 5000 + ")", "STORE 1 (UNCHANGEDSINCE) FLAGS ()", "COPY 1", "COPY 1 nowhere", "MOVE 1 nowhere",
               "GETMETADATA", "GETMETADATA INBOX", "GETMETADATA INBOX nonsense", "SETMETADATA INBOX", "SETMETADATA INBOX (/x)",
               "SETMETADATA INBOX (/private/x", "GETQUOTA", "SETQUOTA \"\" (STORAGE x)", "EXPUNGE 1", "UID EXPUNGE",
               "CLOSE now", "IDLE now", "STARTTLS", "LOGIN a b", "AUTHENTICATE PLAIN", "CANCELUPDATE", "CAPABILITY \x01"],
}


class Raw:
    def __init__(self, house, password):
        self.sock = socket.create_connection((house.HOST, house.IMAP_PORT), 20)
        self.file = self.sock.makefile("rb")
        self.n = 0
        self.file.readline()
        assert self.say(f"LOGIN {USER} {password}").startswith(b"OK")

    def say(self, command):
        """The tagged answer without its tag; a continuation is answered with nothing."""
        self.n += 1
        tag = f"t{self.n}".encode()
        self.sock.sendall(tag + b" " + command.encode("utf-8", "surrogateescape") + b"\r\n")
        while line := self.file.readline():
            if line.startswith(tag + b" "):
                return line[len(tag) + 1:]
            if line.startswith(b"+ ") or line.startswith(b"* BAD"):
                return line
        raise AssertionError(f"the connection ended at {command[:100]!r}")

    def close(self):
        self.file.close()
        self.sock.close()


@pytest.fixture
def password(house):
    with open(house.path("passwords"), encoding="utf-8") as f:
        return dict(line.split() for line in f)[USER]


def deep(levels, kind):
    if kind == "multipart":
        text = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(levels))
        return text + "\r\nat the bottom\r\n"
    return "Content-Type: message/rfc822\r\n\r\n" * levels + "Subject: inmost\r\n\r\nat the bottom\r\n"


def ugly():
    yield deep(20000, "multipart")
    yield deep(20000, "message")
    yield 'Content-Type: multipart/mixed; boundary=x\r\n\r\n' + "--x\r\n\r\n" * 200000
    yield "Content-Type: multipart/mixed; " + "".join(f"p{n}=x; " for n in range(50000)) + "boundary=x\r\n\r\n--x\r\n\r\n--x--\r\n"
    yield "From: " + "a@b, " * 100000 + "\r\nTo: " + "(" * 100000 + "\r\nSubject: " + "=?utf-8?b?44GC?= " * 20000 + "\r\n\r\nx\r\n"
    yield "References: " + "<a@b> " * 100000 + "\r\n" + "X: y\r\n" * 100000 + "\r\nx\r\n"
    yield "\r\n"
    yield "no header at all" * 100000 + "\r\n"


def memory(house):
    """PSS of the sessions and the keepers of this house."""
    total = 0
    for path in glob.glob("/proc/[0-9]*/smaps_rollup"):
        try:
            exe = os.readlink(os.path.join(os.path.dirname(path), "exe"))
            if exe.startswith(os.path.realpath(house.root)) and exe.endswith(("-imapd", "-keeper")):
                with open(path, encoding="ascii") as f:
                    total += next(int(line.split()[1]) << 10 for line in f if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total


@pytest.fixture
def bounded(house, password):
    r = Raw(house, password)
    r.say("SELECT INBOX")
    before = memory(house)
    yield
    after = memory(house)
    r.close()
    if house.build != "asan":
        assert after - before < GROWTH_MAX, f"{before >> 10} KiB before, {after >> 10} KiB after"


@pytest.mark.parametrize("what", BAD)
def test_a_malformed_command_is_refused_and_the_session_lives_on(house, password, what, bounded):
    r = Raw(house, password)
    r.say("CREATE hostile")
    for n in range(2):
        i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
        i.login(USER, password)
        i.append("hostile", None, None, f"Subject: {n}\r\n\r\nx\r\n".encode())
        i.logout()
    assert r.say("SELECT hostile").startswith(b"OK")
    for command in BAD[what]:
        got = r.say(command)
        if got.startswith(b"+ "):  # it waits for a literal or a password; nothing comes
            got = r.say("*")
        assert got.startswith((b"BAD", b"NO", b"* BAD")), (command[:100], got)
        assert r.say("NOOP").startswith(b"OK"), command[:100]
    r.say("CLOSE")
    r.say("DELETE hostile")
    r.close()


def test_ugly_mail_costs_bounded_memory_in_every_view(house, password, bounded):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=60)
    i.login(USER, password)
    i.create("ugly")
    for text in ugly():
        assert i.append("ugly", None, None, text.encode())[0] == "OK", text[:60]
    i.select("ugly")
    for view in ("(ENVELOPE BODYSTRUCTURE BODY)", "(BODY.PEEK[1.1.1.1.1.1] BODY.PEEK[1.MIME])", "(PREVIEW)",
                 "(BODY.PEEK[HEADER.FIELDS (SUBJECT X)])", "(BINARY.SIZE[1])"):
        got = i.fetch("1:*", view)
        assert got[0] in ("OK", "NO"), view
    assert i.search(None, "TEXT", '"bottom"')[0] == "OK"
    assert i.sort("(SUBJECT FROM DATE)", "UTF-8", "ALL")[0] == "OK"
    assert i.thread("REFERENCES", "UTF-8", "ALL")[0] == "OK"
    i.close()
    i.delete("ugly")
    i.logout()
