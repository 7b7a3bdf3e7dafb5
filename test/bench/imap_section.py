# SPDX-License-Identifier: ISC
"""./dev bench imap: the same Maildir on both sides, one client (and 20 at once), step by step.

The sizes are --messages (1000,50000 by default; 500000 is ours alone, to see the growth). "first"
is with no index and no UID list on disk; "cold" after the server was started again; "warm" from a
second connection while the mailbox is in use."""
import glob
import json
import os
import re
import shutil
import statistics
import subprocess

PEER_MOST = 50000  # larger mailboxes are ours alone: the peer would take most of an hour
ONE = 300          # repetitions of an operation on one message


class Client:
    def __init__(self, bench, port, user, password, most):
        self.p = subprocess.Popen([f"{bench.build}/test/bench/bench-imap", "--port", str(port), "--user", user,
                                   "--password", password, "--max", str(most)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def step(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()
        line = self.p.stdout.readline()
        if not line:
            raise RuntimeError(f"bench-imap: {text}: {self.p.stderr.read().strip()}")
        return json.loads(line)

    def ms(self, text):
        return self.step(text)["ms"]

    def close(self):
        self.p.stdin.close()
        self.p.wait(10)


class Ours:
    def __init__(self, bench, user):
        self.bench, self.user = bench, user
        self.house = bench.ours()
        self.home = self.house.home(user)
        self.owner = self.house.ids(user)

    @property
    def port(self):
        return self.house.IMAP_PORT

    def restart(self):
        self.bench.house.stop()
        self.bench.house.start()


class Theirs:
    def __init__(self, bench, user):
        self.bench, self.user = bench, user
        self.peer = bench.dovecot(fast=True)
        self.home = f"{self.peer.homes}/{user}"
        own = os.stat(self.home)
        self.owner = own.st_uid, own.st_gid

    @property
    def port(self):
        return self.peer.ports["imap"]

    def restart(self):
        self.peer.stop()
        self.peer.start()


def fill(bench, side, n):
    box = f"{side.home}/Maildir"
    shutil.rmtree(box, ignore_errors=True)
    for name in glob.glob(f"{side.home}/.twinpost*"):
        shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)
    for sub in ("tmp", "new", "cur"):
        os.makedirs(f"{box}/{sub}")
    bench.load_plain("imap", "--fill", box, "--count", n)
    subprocess.run(["chown", "-R", f"{side.owner[0]}:{side.owner[1]}", box], check=True)


def measure(bench, side, n, password):
    """One pass over all operations; {name: ms}."""
    fill(bench, side, n)
    side.restart()
    r = {}
    c = Client(bench, side.port, side.user, password, n)
    c.step("connect")
    r["SELECT, first"] = c.ms("SELECT INBOX")
    c.step("connect")
    r["SELECT, warm"] = statistics.median(c.ms("SELECT INBOX") for _ in range(9))
    r["SEARCH TEXT, not indexed"] = c.ms("SEARCH TEXT quokka")
    c.close()
    side.restart()
    c = Client(bench, side.port, side.user, password, n)
    c.step("connect")
    r["SELECT, cold"] = c.ms("SELECT INBOX")
    r["FETCH 1:* (UID FLAGS)"] = c.ms("FETCH 1:* (UID FLAGS)")
    r["FETCH 1:* ENVELOPE, first"] = c.ms("FETCH 1:* ENVELOPE")
    r["FETCH 1:* ENVELOPE, again"] = c.ms("FETCH 1:* ENVELOPE")
    r["FETCH 1:* BODYSTRUCTURE, first"] = c.ms("FETCH 1:* BODYSTRUCTURE")
    r["FETCH 1:* BODYSTRUCTURE, again"] = c.ms("FETCH 1:* BODYSTRUCTURE")
    if n <= PEER_MOST:
        r["FETCH 1:* BODY.PEEK[]"] = c.ms("FETCH 1:* BODY.PEEK[]")
    r["SEARCH SUBJECT"] = c.ms("SEARCH SUBJECT heron")
    r["SEARCH UNSEEN"] = c.ms("SEARCH UNSEEN")
    bench.index(side)
    r["SEARCH TEXT"] = statistics.median(c.ms("SEARCH TEXT quokka") for _ in range(3))
    r["FETCH one BODY.PEEK[]"] = c.ms(f"repeat {ONE} FETCH %u BODY.PEEK[]")
    r["STORE one"] = c.ms(f"repeat {ONE} STORE %u +FLAGS (\\Flagged)")
    r["APPEND"] = c.ms(f"append {ONE} 4096 INBOX")
    c.step("NOOP")
    r["STORE 1:*"] = c.ms("STORE 1:* +FLAGS.SILENT (\\Answered)")
    c.step(f"STORE 1:{n // 2} +FLAGS.SILENT (\\Deleted)")
    r["EXPUNGE half"] = c.ms("EXPUNGE")
    c.close()
    return r


TARGETS = {  # ratio to the peer at 50,000; others at least 1
    "APPEND": 2, "FETCH 1:* ENVELOPE, first": 3, "EXPUNGE half": 5, "SEARCH TEXT": 50}
AT_MOST = {"SELECT, warm": 1, "SELECT, cold": 50}  # ms at 50,000


def section(bench, password):
    print("IMAP on one Maildir (4 KiB messages, ms; the ratio says how many times as fast)")
    growth = {}
    sizes = bench.o.messages
    for n in sizes:
        sides = [Ours(bench, "u1")]
        if n <= PEER_MOST and not bench.o.ours:
            sides.append(Theirs(bench, "u1"))
        results = {type(s): [] for s in sides}
        for _ in range(bench.o.rounds if n < PEER_MOST else 1):
            for side in sides:
                results[type(side)].append(measure(bench, side, n, password))
                if bench.o.verbose:
                    print("    ", type(side).__name__, n, results[type(side)][-1], flush=True)
        for name in results[Ours][0]:
            mine = statistics.median(r[name] for r in results[Ours])
            growth.setdefault(name, {})[n] = mine
            theirs = [r[name] for r in results.get(Theirs, [])]
            target = (("at most", AT_MOST[name]) if n == PEER_MOST and name in AT_MOST
                      else 1 / (TARGETS.get(name, 1) if n == PEER_MOST else 1) if theirs else None)
            bench.row(f"{n:,}: {name}", [mine], theirs, "ms", target, better="less")
    probe = bench.load("disk", "--dir", f"{bench.folder}/append-probe", "--threads", 1, "--no-log", "--seconds", 2)["files"]
    bench.row(f"APPEND, of a probe's {probe:.0f} durable files/s",
              [100 * 1000 / growth["APPEND"][n] / probe for n in sizes if "APPEND" in growth][:1], [], "%", ("at least", 80))
    if len(sizes) > 1:
        print(f"  growth from {sizes[0]:,} to {sizes[-1]:,} messages ({sizes[-1] / sizes[0]:.0f} times as many):")
        for name, by in growth.items():
            if sizes[0] in by and sizes[-1] in by:
                print(f"    {name:<34}{by[sizes[-1]] / max(by[sizes[0]], 0.001):>9.1f} times as long")
    mixed(bench, password)


def mixed(bench, password):
    n, results = 1000, {Ours: [], Theirs: []}
    sides = [Ours(bench, "u1")] + ([] if bench.o.ours else [Theirs(bench, "u1")])
    for side in sides:
        fill(bench, side, n)
        for _ in range(bench.o.rounds):
            results[type(side)].append(bench.load("imap", "--mixed", min(bench.o.seconds, 5), "--connections", 20,
                                                  "--users", 1, "--max", n, "--port", side.port,
                                                  "--password", password)["rate"])
    bench.row("20 busy connections, mixed", results[Ours], results[Theirs], "ops/s", 2 if results[Theirs] else None)


def sizes_of(text):
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise ValueError("numbers of messages, with commas between")
    return sorted(int(word) for word in text.split(","))
