# SPDX-License-Identifier: ISC
"""A client that only ever takes in what changed (RFC 7162, RFC 5267) knows what one knows that asks for all."""
import imaplib
import random
import re

import pytest

ROUNDS = 25


def login(house):
    i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=20)
    i.login("ann", house.PASS1)
    return i


def say(i, command):
    """The lines before the tagged OK, and that."""
    tag = i._new_tag()
    i.send(tag + b" " + command.encode() + b"\r\n")
    lines = []
    while True:
        line = i.readline()
        assert line, f"the connection broke at {command}"
        if line.startswith(tag + b" "):
            assert line.split()[1] == b"OK", f"{command}: {line}"
            return lines, line
        lines.append(line.strip())


def numbers(text):
    for part in text.decode().split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


def fetched(line):
    """UID, flags and mod-sequence of a FETCH; None for other lines."""
    m = re.search(rb"FETCH \(UID (\d+) FLAGS \(([^)]*)\) MODSEQ \((\d+)\)\)", line)
    if not m:
        return None
    flags = frozenset(f.lower() for f in m.group(2).split() if f.lower() != b"\\recent")
    return int(m.group(1)), flags, int(m.group(3))


class Copy:
    """What a client keeps of a mailbox."""

    def __init__(self):
        self.flags, self.highest, self.validity = {}, 1, 0

    def take(self, lines):
        for line in lines:
            if m := re.match(rb"\* VANISHED (?:\(EARLIER\) )?(\S+)$", line):
                for uid in numbers(m.group(1)):
                    self.flags.pop(uid, None)
            elif found := fetched(line):
                self.flags[found[0]] = found[1]
                self.highest = max(self.highest, found[2])
            elif m := re.match(rb"\* OK \[HIGHESTMODSEQ (\d+)\]", line):
                self.announced = int(m.group(1))
            elif m := re.match(rb"\* OK \[UIDVALIDITY (\d+)\]", line):
                self.validity = int(m.group(1))


def truth(i):
    lines, _ = say(i, "UID FETCH 1:* (FLAGS MODSEQ)")
    return {f[0]: f[1] for f in map(fetched, lines) if f}


def some(r, uids):
    return ",".join(map(str, sorted(r.sample(uids, r.randint(1, min(4, len(uids)))))))


def change(i, r, folder):
    """One thing that another client might do."""
    uids = sorted(truth(i))
    what = r.choice(["append", "flag", "flag", "flag", "expunge", "copy", "move"])
    if what == "append" or len(uids) < 3:
        i.append(folder, r"(\Draft)" if r.random() < 0.3 else None, None, b"Subject: new\r\n\r\nx\r\n")
        i.noop()
    elif what == "flag":
        word = r.choice([r"\Seen", r"\Flagged", r"\Answered", "Word"])
        say(i, f"UID STORE {some(r, uids)} {r.choice('+-')}FLAGS ({word})")
    elif what == "expunge":
        gone = some(r, uids)
        say(i, rf"UID STORE {gone} +FLAGS.SILENT (\Deleted)")
        say(i, f"UID EXPUNGE {gone}")
    elif what == "copy":
        say(i, f"UID COPY {some(r, uids)} {folder}")
    else:
        say(i, f"UID MOVE {some(r, uids)} {folder}")


@pytest.fixture
def folder(house):
    i = login(house)
    i.create("resync")
    for n in range(20):
        i.append("resync", None, None, f"Subject: {n}\r\n\r\nx\r\n".encode())
    yield "resync"
    i.delete("resync")
    i.logout()


def test_coming_back_again_and_again_misses_nothing(house, folder):
    r = random.Random(7162)
    other = login(house)
    say(other, "ENABLE CONDSTORE")
    say(other, f"SELECT {folder}")
    client, copy = login(house), Copy()
    say(client, "ENABLE QRESYNC")
    copy.take(say(client, f"SELECT {folder}")[0])
    copy.take(say(client, "UID FETCH 1:* (FLAGS MODSEQ)")[0])
    copy.highest = copy.announced
    for _ in range(ROUNDS):
        say(client, "UNSELECT")
        for _ in range(r.randint(1, 5)):
            change(other, r, folder)
        lines, _ = say(client, f"SELECT {folder} (QRESYNC ({copy.validity} {copy.highest}))")
        copy.take(lines)
        copy.highest = copy.announced
        assert copy.flags == truth(client)
    other.logout()
    client.logout()


def test_news_while_connected_miss_nothing(house, folder):
    r = random.Random(5267)
    other = login(house)
    say(other, f"SELECT {folder} (CONDSTORE)")
    client, copy = login(house), Copy()
    say(client, "ENABLE QRESYNC")
    copy.take(say(client, f"SELECT {folder}")[0])
    copy.take(say(client, "UID FETCH 1:* (FLAGS MODSEQ)")[0])
    keys = {"K1": r"UNSEEN", "K2": r"OR FLAGGED (NOT SUBJECT new)", "K3": "UID 5:* KEYWORD Word"}
    results = {}
    for name, key in keys.items():
        client.send(f"{name} UID SEARCH RETURN (ALL UPDATE) {key}\r\n".encode())
        line = client.readline()
        m = re.search(rb" ALL (\S+)", line)
        results[name] = set(numbers(m.group(1))) if m else set()
        while not line.startswith(name.encode()):
            line = client.readline()
            assert b"NOUPDATE" not in line
    for _ in range(ROUNDS):
        for _ in range(r.randint(1, 4)):
            change(other, r, folder)
        lines, _ = say(client, "NOOP")
        copy.take(lines)
        for line in lines:
            if m := re.match(rb'\* ESEARCH \(TAG "(K\d)"\) UID (ADDTO|REMOVEFROM) \(0 (\S+)\)', line):
                have, uids = results[m.group(1).decode()], set(numbers(m.group(3)))
                assert (uids & have == uids) == (m.group(2) == b"REMOVEFROM"), line
                results[m.group(1).decode()] = have ^ uids
        now = truth(client)
        for uid in now.keys() - copy.flags.keys():  # EXISTS says that there are more, and no more than that
            copy.flags[uid] = now[uid]
        assert copy.flags == now
        for name, key in keys.items():
            lines, _ = say(client, f"UID SEARCH RETURN (ALL) {key}")
            m = re.search(rb" ALL (\S+)", lines[0])
            assert results[name] == (set(numbers(m.group(1))) if m else set()), key
    other.logout()
    client.logout()
