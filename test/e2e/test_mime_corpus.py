# SPDX-License-Identifier: ISC
"""Ugly mail (test/corpus) as this house and Debian's dovecot show it: envelope, structure, sections, sizes.
Where they differ the reason why ours is right stands in DIFFERENCES; a difference without one fails."""
import os
import re
import shutil
import socket
import sys

import pytest

from conftest import _folder
from house import House
from test_dovecot import DOVECOT, Dovecot

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "corpus"))
from messages import all_messages  # noqa: E402

pytestmark = pytest.mark.skipif(not os.path.exists(DOVECOT) or os.getuid() != 0, reason="needs Dovecot and root")

FIELDS = "SUBJECT FROM TO X-NOT-THERE CONTENT-TYPE"


class Imap:
    """A client that understands whatever may stand in a FETCH response."""

    def __init__(self, host, port, user, password):
        self.socket = socket.create_connection((host, port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        self.command(f'LOGIN {user} "{password}"')

    def line(self):
        """A response with its literals."""
        parts = []
        while True:
            text = self.file.readline()
            assert text, "the server hung up"
            parts.append(text)
            m = re.search(rb"\{(\d+)\}\r\n$", text)
            if not m:
                return b"".join(parts)
            parts.append(self.file.read(int(m.group(1))))

    def command(self, text):
        self.socket.sendall(f"a {text}\r\n".encode())
        lines = []
        while True:
            line = self.line()
            if line.startswith(b"a "):
                assert line.startswith(b"a OK"), (text, line)
                return lines
            lines.append(line)

    def fetch(self, items):
        """{number: {item: value}}"""
        found = {}
        for line in self.command(f"FETCH 1:* ({items})"):
            m = re.match(rb"\* (\d+) FETCH ", line)
            if m:
                value, _ = parse(line, m.end())
                found[int(m.group(1))] = dict(zip(value[::2], value[1::2]))
        return found


def parse(s, i):
    """A string, NIL, atom or list at s[i]; (value, where it ends). Atoms keep their case."""
    if s[i:i + 1] == b"(":
        items, i = [], i + 1
        while s[i:i + 1] != b")":
            if s[i:i + 1] == b" ":
                i += 1
                continue
            value, i = parse(s, i)
            items.append(value)
        return items, i + 1
    if s[i:i + 1] == b'"':
        out, i = b"", i + 1
        while s[i:i + 1] != b'"':
            i += s[i:i + 1] == b"\\"
            out += s[i:i + 1]
            i += 1
        return out, i + 1
    m = re.compile(rb"\{(\d+)\}\r\n").match(s, i)
    if m:
        n = int(m.group(1))
        return s[m.end():m.end() + n], m.end() + n
    m = re.compile(rb"[A-Z.0-9]+\[[^\]]*\](<\d+>)?|[^ ()\r\n]+").match(s, i)
    word = m.group(0)
    return (None if word == b"NIL" else word.upper() if b"[" in word else word), m.end()


def lower_types(x, depth=0):
    """Types, encodings and parameter names are told in any case."""
    if isinstance(x, list):
        return [lower_types(y, depth + 1) for y in x]
    return x.lower() if isinstance(x, bytes) and len(x) < 60 else x


def leaves(structure, path=()):
    """Section paths of a BODYSTRUCTURE."""
    if isinstance(structure[0], list):
        for n, part in enumerate([p for p in structure if isinstance(p, list) and p and isinstance(p[0], (list, bytes))
                                  and is_part(p)], 1):
            yield from leaves(part, path + (n,))
        return
    yield path or (1,)


def is_part(p):
    return isinstance(p[0], list) or (len(p) >= 7 and isinstance(p[1], bytes))


def fill(home, ids, messages):
    box = os.path.join(home, "Maildir")
    shutil.rmtree(box, ignore_errors=True)
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(box, sub))
    for n, (_, _, data) in enumerate(messages):
        with open(os.path.join(box, "cur", f"{1700000000 + n}.M{n}P1.corpus:2,S"), "wb") as f:
            f.write(data)
    for folder, dirs, files in os.walk(box):
        for x in [folder] + [os.path.join(folder, y) for y in dirs + files]:
            os.chown(x, *ids)


ITEMS = ("RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[HEADER] BODY.PEEK[TEXT] "
         f"BODY.PEEK[HEADER.FIELDS ({FIELDS})] BODY.PEEK[HEADER.FIELDS.NOT ({FIELDS})] BODY.PEEK[]")
SECTIONS = ("BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2] BODY.PEEK[2.MIME] BODY.PEEK[3] BODY.PEEK[1.1] BODY.PEEK[1.2] "
            "BODY.PEEK[1.1.MIME] BODY.PEEK[2.1] BODY.PEEK[1.HEADER] BODY.PEEK[1.TEXT] BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT] "
            "BODY.PEEK[1.1.1] BODY.PEEK[1.HEADER.FIELDS (SUBJECT)] BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]")


def shown(imap):
    imap.command("EXAMINE INBOX")
    found = imap.fetch(ITEMS)
    for n, more in imap.fetch(SECTIONS).items():
        found[n].update(more)
    return found


def below_leaf(item, theirs):
    """Dovecot's BODY[2.1] of a part 2 that is no multipart is part 2 again. Such a section does not exist
    (RFC 9051 6.4.5: only a message has a part 1 of itself); ours is NIL, as of any that does not exist."""
    m = re.fullmatch(rb"BODY\[([\d.]+)\.1(\.MIME)?\]", item)
    return m and (theirs.get(b"BODY[%s%s]" % (m.group(1), m.group(2) or b"")) or
                  below_leaf(b"BODY[%s%s]" % (m.group(1), m.group(2) or b""), theirs))


# Where ours is another: the reason, the messages, what of them.
STRUCTURE = {b"BODYSTRUCTURE", b"BODY"}
DIFFERENCES = [
    ("a NUL is a '?' in an envelope (0x80 is no 7-bit text), and ends no address",
     "nul-header addr-nul", {b"ENVELOPE"}),
    ("RFC 2045 5.2: a type that cannot be read is text/plain, and can be looked at",
     "type-no-subtype type-other-no-subtype type-empty type-only-params multipart-no-subtype", STRUCTURE),
    ("a parameter behind something broken is read all the same",
     "type-double-semicolon param-no-semicolon param-unquoted-space param-unclosed-quote", STRUCTURE),
    ("a parameter stands once: the first one counts", "param-twice", STRUCTURE),
    ("RFC 2231 3: what comes before the gap is the value; nobody knows what \"name*0\" is", "rfc2231-gap", STRUCTURE),
    ("an empty disposition is none", "disposition-empty", STRUCTURE),
    ("a multipart in which no part can be found shows all its text, not nothing",
     "no-boundary-param empty-boundary boundary-never boundary-only-close boundary-case boundary-encoded-word",
     STRUCTURE | {b"BODY[1]", b"BODY[1.MIME]"}),
    ("RFC 2046 5.1.1: a boundary does not end with a blank", "boundary-ends-space",
     STRUCTURE | {b"BODY[1]", b"BODY[1.MIME]"}),
    ("a boundary of 200 octets is compared whole, so that its end is seen", "boundary-200", STRUCTURE),
    ("RFC 2046 5.1.1: the line end before a boundary belongs to it, behind a message without a body too",
     "rfc822-empty rfc822-no-body rfc822-base64", STRUCTURE | {b"BODY[1]", b"BODY[2]"}),
    ("an empty line ends the fields that were named, even when the header has none",
     "header-no-newline rfc822-no-body",
     {f"BODY[HEADER.FIELDS ({FIELDS})]".encode(), b"BODY[1.HEADER.FIELDS (SUBJECT)]"}),
    ("RFC 6532 3.7, RFC 9051: message/global is a message", "global",
     STRUCTURE | {b"BODY[1.1]", b"BODY[1.1.MIME]", b"BODY[1.HEADER]", b"BODY[1.TEXT]", b"BODY[1.HEADER.FIELDS (SUBJECT)]"}),
    ("the addresses in a field that is wrong somewhere are kept, and nothing is put where a comma was too many",
     "addr-groups-nested addr-no-local addr-two-ats addr-missing-comma addr-extra-commas addr-semicolons "
     "addr-unclosed-angle addr-unclosed-quote addr-unclosed-comment addr-lone-brackets addr-spaces-in-spec "
     "addr-at-in-name addr-backslash raw-iso-2022-jp raw-sjis-backslash", {b"ENVELOPE"}),
]


def has_reason(name, item):
    return any(name in names.split() and item in items for _, names, items in DIFFERENCES)


def compare(messages, ours, theirs):
    """Lines about each difference that has no reason."""
    lines, used = [], set()
    for n, (name, _, _) in enumerate(messages, 1):
        for item in theirs[n]:
            a, b = ours[n].get(item), theirs[n][item]
            if item in (b"BODYSTRUCTURE", b"BODY"):
                a, b = lower_types(a), lower_types(b)
            if a == b or (item.startswith(b"BODY[") and not a and (not b or b == below_leaf(item, theirs[n]))):
                continue
            if has_reason(name, item):
                used.add((name, item))
                continue
            lines.append(f"{name}: {item.decode()}\n   ours   {str(a)[:400]}\n   theirs {str(b)[:400]}")
    idle = [x for _, names, _ in DIFFERENCES for x in names.split() if x not in {u[0] for u in used}]
    return lines + [f"{x} has a reason and needs none" for x in idle]


def test_ugly_mail_looks_as_dovecot_shows_it_or_better(tmp_path_factory):
    messages = all_messages()
    house = House(_folder(tmp_path_factory, "corpus")).start()
    try:
        fill(house.home("ann"), house.ids("ann"), messages)
        ours = shown(Imap(house.HOST, house.IMAP_PORT, "ann", house.PASS1))
        dovecot = Dovecot(_folder(tmp_path_factory, "dovecot"), house.home("ann"), *house.ids("ann"))
        with dovecot:
            theirs = shown(Imap("127.0.0.1", dovecot.port, "ann", "secret"))
        assert len(ours) == len(theirs) == len(messages)
        lines = compare(messages, ours, theirs)
        assert not lines, f"{len(lines)} differences\n" + "\n".join(lines)
    finally:
        house.stop()
