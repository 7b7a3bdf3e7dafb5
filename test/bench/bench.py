# SPDX-License-Identifier: ISC
"""./dev bench [SECTION …] [--quick] [--rounds N] [--seconds N] [--ours] [--build NAME]

Measures this host beside Debian's postfix and dovecot: the same load programs, the same disk, in
turns (us, peer, us, peer, …), medians. Sections: disk accept hops deliver relay pop login idle imap.
--ours leaves the peers out; --quick: one short round, to see that it works."""
import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "test", "kit")]
import imap_section  # noqa: E402
from house import House  # noqa: E402
from meter import Meter  # noqa: E402
from peers import Dovecot, Postfix  # noqa: E402

SECTIONS = ["disk", "accept", "hops", "deliver", "relay", "pop", "login", "idle", "imap"]
PASSWORD = "bench-password"
MANY = 100   # users of a section with many
SINGLES = 60  # users after them, each for one single-user run: every run begins with an empty new/


class Bench:
    def __init__(self, options):
        self.o = options
        self.build = os.path.join(TOP, "build", options.build)
        self.rows = []
        self.single = MANY
        self.used = False
        self.folder = tempfile.mkdtemp(prefix="twinpost-bench-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.stops = []
        self.house = None

    # ---- parts ----

    def load(self, program, *words, **kind):
        run = subprocess.run([f"{self.build}/test/bench/bench-{program}", *map(str, words)],
                             capture_output=True, text=True, check=False, **kind)
        if run.returncode:
            raise RuntimeError(f"bench-{program} {' '.join(map(str, words))}: {run.stderr.strip()}")
        return json.loads(run.stdout)

    def load_plain(self, program, *words):
        """A load program that prints nothing."""
        subprocess.run([f"{self.build}/test/bench/bench-{program}", *map(str, words)], check=True)

    def ours(self):
        if not self.house:
            self.houses = getattr(self, "houses", 0) + 1
            self.house = House(f"{self.folder}/twinpost{self.houses}", "--users", str(MANY + SINGLES), "--password", PASSWORD,
                               build=self.o.build).start()
            self.stops.append(self.house.stop)
            self.house.control("maxconnectionsperip", "3000\n")
            self.house.control("smtproutes", f"sink.test:127.0.0.1:{self.sink_port()}\n")
            self.house.control("tcp.smtp", '127.:allow,RELAYCLIENT=""\n')
            self.house.reload()
            self.used = False
            self.meter = Meter(f"ours{self.houses}", self.house.INIT_PID and int(self.house.env["INIT_PID"]))
            self.stops.insert(0, self.meter.close)  # after the house has left its group
        return self.house

    def ours_unused(self):
        """Mailboxes as empty as the peers', and a host that has done nothing yet."""
        if self.house and self.used:
            self.house.stop()
            self.meter.close()
            self.house = None
        house = self.ours()
        self.used = True
        return house

    def peer(self, kind, *args, **words):
        p = kind(tempfile.mkdtemp(prefix=kind.name, dir=self.folder), *args, **words)
        os.chmod(p.folder, 0o755)
        p.start()
        p.meter = Meter(os.path.basename(p.folder), p.pid)
        self.stops += [p.meter.close, p.stop]
        return p

    def postfix(self):
        if not hasattr(self, "_postfix"):
            self._postfix = self.peer(Postfix, MANY + SINGLES, self.sink_port())
        return self._postfix

    def sink_port(self):
        if not hasattr(self, "sink"):
            self.sink = subprocess.Popen([f"{self.build}/test/bench/bench-sink"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
            self._sink_port = int(self.sink.stdout.readline())
            self.stops.append(self.end_sink)
        return self._sink_port

    def end_sink(self):
        self.sink.stdin.close()
        self.sink.wait(10)

    def ask_sink(self, words="count"):
        self.sink.stdin.write(words + "\n")
        self.sink.stdin.flush()
        count, seconds = self.sink.stdout.readline().split()
        return int(count), float(seconds)

    def row(self, name, ours, peer, unit, target, better="more", note=""):
        """target: a ratio to the peer, or ('at least'|'at most', number)."""
        a = statistics.median(ours) if ours else None
        b = statistics.median(peer) if peer else None
        ratio = a / b if a and b else None
        met = None
        if isinstance(target, tuple):
            met = a >= target[1] if target[0] == "at least" else a <= target[1]
            shown = f"{target[0]} {target[1]:g}"
        elif target is None:
            shown = ""
        else:
            met = ratio >= target if ratio and better == "more" else ratio <= target if ratio else None
            shown = f"{target:g}x"
        self.rows.append((name, a, b, unit, ratio, shown, met, note))
        print(f"  {name:<46}{number(a):>9}{number(b):>9} {unit:<11}{f'{ratio:.2f}x' if ratio else '':>8} "
              f"{shown:>14} {'' if met is None else 'met' if met else 'MISSED'} {note}".rstrip(), flush=True)

    # ---- SMTP in and delivery ----

    def users(self, many):
        if many:
            return ["--users", MANY]
        self.single += 1
        if self.single > MANY + SINGLES:
            self.single = MANY + 1
        return ["--users", 1, "--first-user", self.single]

    def smtp_in_turns(self, words, many=True, pause=0.5):
        results = {"ours": [], "peer": []}
        for _ in range(self.o.rounds):
            users = self.users(many)
            for who in ("ours",) if self.o.ours else ("ours", "peer"):
                side = self.ours() if who == "ours" else self.postfix()
                self.used = True
                meter = self.meter if who == "ours" else side.meter
                port = side.SMTP_PORT if who == "ours" else side.smtp_port
                homes = side.path("home") if who == "ours" else side.homes
                before = meter.cpu()
                r = self.load("smtp", "--port", port, "--watch", homes, *users, *words)
                time.sleep(pause)  # what is written down after the last arrival counts too
                r["cpu_ms"] = (meter.cpu() - before) * 1000 / r["messages"]
                if self.o.verbose:
                    print("    ", who, r, flush=True)
                results[who].append(r)
        return results

    @staticmethod
    def of(results, key):
        return [r[key] for r in results]

    def accept(self):
        print("accepted by SMTP (4 KiB unless said, 100 users, a command a round trip)")
        s = self.o.seconds
        for name, words, target in (
                ("1 kept connection", ["--connections", 1], 4),
                ("1 kept connection, pipelined", ["--connections", 1, "--pipeline"], 4),
                ("20 kept connections", ["--connections", 20], 10),
                ("20 kept connections, pipelined", ["--connections", 20, "--pipeline"], 10),
                ("100 kept connections", ["--connections", 100], 10),
                ("a connection per message, 20 at a time", ["--connections", 20, "--fresh"], 3),
                ("64 KiB, 20 kept connections", ["--connections", 20, "--size", 65536], 4)):
            r = self.smtp_in_turns([*words, "--seconds", s])
            self.row(name, self.of(r["ours"], "rate"), self.of(r["peer"], "rate"), "msg/s", target)
            self.row("   CPU of all processes", self.of(r["ours"], "cpu_ms"), self.of(r["peer"], "cpu_ms"),
                     "ms/msg", ("at most", 0.35))
            self.row("   longest backlog of delivery", [max(self.of(r["ours"], "backlog_max_ms"))],
                     [max(self.of(r["peer"], "backlog_max_ms"))] if r["peer"] else [], "ms", ("at most", 1000))

    def hops(self):
        print("where our processor time goes (us a message, and how often each was woken; sessions that have "
              "ended are not in it)")
        h = self.ours()
        self.used = True
        for name, words in (("1 connection", ["--connections", 1]), ("20", ["--connections", 20]),
                            ("20, pipelined", ["--connections", 20, "--pipeline"]),
                            ("20, 64 KiB", ["--connections", 20, "--size", 65536])):
            before, seen = self.meter.hops(), {}
            run = subprocess.Popen([f"{self.build}/test/bench/bench-smtp", "--port", str(h.SMTP_PORT), "--watch",
                                    h.path("home"), "--seconds", str(min(self.o.seconds, 10)),
                                    *map(str, self.users(True)), *map(str, words)], stdout=subprocess.PIPE, text=True)
            while run.poll() is None:
                seen.update(self.meter.hops())
                time.sleep(0.2)
            n = json.loads(run.stdout.read())["messages"]
            total = {}
            for pid, (program, ran, slices) in seen.items():
                old = before.get(pid, (program, 0, 0))
                t = total.setdefault(program.removeprefix("twinpost-"), [0, 0])
                t[0] += ran - old[1]
                t[1] += slices - old[2]
            parts = sorted(((t[0] / n / 1000, t[1] / n, p) for p, t in total.items()), reverse=True)
            print(f"  {name:<16}" + "  ".join(f"{p} {us:.0f} ({times:.1f})" for us, times, p in parts if us >= 0.5) +
                  f"  = {sum(p[0] for p in parts):.0f} us", flush=True)

    def deliver(self):
        print("end to end, until all lie in Maildirs (20 kept connections)")
        probe = self.disk_probe() if "disk" not in self.o.sections else self.disk_files
        for name, many in (("1 user", False), ("100 users", True)):
            n = self.o.count
            r = {"ours": [], "peer": []}
            r = self.smtp_in_turns(["--connections", 20, "--count", n], many)
            mine = self.of(r["ours"], "arrived_rate")
            self.row(name, mine, self.of(r["peer"], "arrived_rate"), "msg/s", 6)
            self.row(f"   of the disk's own {probe:.0f} files/s", [100 * statistics.median(mine) / probe], [], "%",
                     ("at least", 60))
            self.row("   CPU of all processes", self.of(r["ours"], "cpu_ms"), self.of(r["peer"], "cpu_ms"),
                     "ms/msg", ("at most", 0.35))

    def disk_probe(self):
        r = self.load("disk", "--dir", tempfile.mkdtemp(dir=self.folder), "--seconds", 1 if self.o.quick else 3)
        self.disk_files, self.disk_log = r["files"], r["log"]
        return self.disk_files

    def disk(self):
        print("the disk")
        self.disk_probe()
        self.row("tmp + fsync + rename + fsync of new/, 32 threads", [self.disk_files], [], "files/s", None)
        self.row("fdatasync, one thread, preallocated", [self.disk_log], [], "syncs/s", None)

    def relay(self):
        print("relayed to a sink (4 KiB, 20 kept connections in)")
        results = {"ours": [], "peer": []}
        for _ in range(self.o.rounds):
            for who in ("ours",) if self.o.ours else ("ours", "peer"):
                side = self.ours() if who == "ours" else self.postfix()
                self.used = True
                meter = self.meter if who == "ours" else side.meter
                port = side.SMTP_PORT if who == "ours" else side.smtp_port
                self.ask_sink("reset")
                before = meter.cpu()
                n = self.load("smtp", "--port", port, "--connections", 20, "--count", self.o.count, "--domain",
                              "sink.test", "--users", 100)["messages"]
                end = time.monotonic() + 120
                while self.ask_sink()[0] < n and time.monotonic() < end:
                    time.sleep(0.05)
                count, seconds = self.ask_sink()
                if count < n:
                    raise RuntimeError(f"{who}: {count} of {n} messages were relayed")
                time.sleep(0.5)
                results[who].append({"rate": count / seconds, "cpu": (meter.cpu() - before) * 1000 / n})
                if self.o.verbose:
                    print("    ", who, results[who][-1], flush=True)
        self.row("20 connections in", self.of(results["ours"], "rate"), self.of(results["peer"], "rate"), "msg/s", 5)
        self.row("   CPU of all processes", self.of(results["ours"], "cpu"), self.of(results["peer"], "cpu"),
                 "ms/msg", None)

    # ---- reading ----

    def dovecot(self, fast=False):
        name = "_dovecot_fast" if fast else "_dovecot"
        if not hasattr(self, name):
            setattr(self, name, self.peer(Dovecot, MANY, PASSWORD, fast=fast))
        return getattr(self, name)

    def fill(self, folder, n=1000, owner=None):
        """The same n messages of 4 KiB on both sides."""
        for i in range(n):
            path = f"{folder}/17{i:08d}.bench{i}.host"
            text = (f"From: a@example.test\nTo: u@example.test\nSubject: message {i}\n\n" + ("a" * 76 + "\n") * 52)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            os.chown(path, *owner)

    def pop(self):
        print("POP3 RETR (1,000 messages of 4 KiB)")
        h = self.ours_unused()
        user = f"u{MANY + SINGLES}"
        self.fill(f"{h.home(user)}/Maildir/new", owner=(h.ids(user)))
        d = None
        if not self.o.ours:
            d = self.dovecot(fast=True)
            own = os.stat(f"{d.homes}/u1")
            self.fill(f"{d.homes}/u1/Maildir/new", owner=(own.st_uid, own.st_gid))
        for name, words in (("a RETR a round trip", []), ("pipelined, 50 at a time", ["--pipeline"])):
            mine, theirs = [], []
            for _ in range(self.o.rounds + 1):
                mine.append(self.load("pop", "--port", h.POP3_PORT, "--user", user, "--password", PASSWORD, *words)["rate"])
                if d:
                    theirs.append(self.load("pop", "--port", d.ports["pop3"], "--user", "u1", "--password",
                                            PASSWORD, *words)["rate"])
            # The first session of each side reads the folder for the first time.
            self.row(name, mine[1:], theirs[1:], "msg/s", 1 if d else ("at least", 14500))

    def login(self):
        print("logins, 10 at a time, connect to OK, 100 users")
        h = self.ours_unused()
        for protocol in ("pop3", "imap"):
            for mechanism in ("CRAM-MD5", "PLAIN"):
                mine, default, fast = [], [], []
                words = ["--protocol", protocol, "--mechanism", mechanism, "--users", MANY, "--password", PASSWORD,
                         "--seconds", max(1, self.o.seconds // 2)]
                for _ in range(self.o.rounds):
                    port = h.POP3_PORT if protocol == "pop3" else h.IMAP_PORT
                    mine.append(self.load("login", "--port", port, *words)["rate"])
                    if self.o.ours:
                        continue
                    prefix = ["--prefix", "c" if mechanism == "CRAM-MD5" else "u"]
                    default.append(self.load("login", "--port", self.dovecot().ports[protocol], *words, *prefix)["rate"])
                    fast.append(self.load("login", "--port", self.dovecot(True).ports[protocol], *words, *prefix)["rate"])
                self.row(f"{protocol} {mechanism}, beside dovecot's default", mine, default, "logins/s", 4)
                self.row("   beside its fast mode", mine, fast, "logins/s", 1)

    def idle_one(self, meter, settle, *words):
        before = meter.pss()
        p = subprocess.Popen([f"{self.build}/test/bench/bench-idle", *map(str, words), "--connections",
                              str(self.o.idlers), "--password", PASSWORD],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if p.stdout.readline() != "ready\n":
            raise RuntimeError("the idle connections did not come to be")
        time.sleep(settle)
        after = meter.pss()
        p.stdin.close()
        p.wait(60)
        time.sleep(settle)
        return (after - before) / self.o.idlers

    def idle(self):
        print(f"memory (PSS of all processes; {self.o.idlers} IMAP connections in IDLE)")
        h = self.ours_unused()
        time.sleep(3)
        self.row("the whole host, idle", [self.meter.pss() / 1024], [], "MiB", ("at most", 30))
        for tls in (False, True):
            for users in (1, MANY):
                words = ["--users", users] + (["--tls"] if tls else [])
                mine = self.idle_one(self.meter, 2, "--port", h.IMAPS_PORT if tls else h.IMAP_PORT, *words)
                peer = []
                if not self.o.ours:
                    d = self.dovecot()
                    peer = [self.idle_one(d.meter, 2, "--port", d.ports["imaps" if tls else "imap"], *words)]
                self.row(f"a connection, {'TLS' if tls else 'plain'}, of {users} user{'s' if users > 1 else ''}",
                         [mine], peer, "KiB", 0.25 if peer else ("at most", 140), better="less")

    def imap(self):
        imap_section.section(self, PASSWORD)

    def index(self, side):
        """Full-text index, where a side has one."""
        if isinstance(side, imap_section.Ours):
            self.house.command("twinpost", "index", side.user, timeout=3600)

    def run(self):
        print(machine(self.o))
        try:
            for section in SECTIONS:
                if section in self.o.sections:
                    try:
                        getattr(self, section)()
                    except (RuntimeError, OSError) as e:
                        print(f"  {section}: no figure: {e}", flush=True)
                        self.rows.append((section, None, None, "", None, "", False, str(e)))
        finally:
            for stop in reversed(self.stops):
                try:
                    stop()
                except (OSError, subprocess.SubprocessError) as e:
                    print(f"stopping: {e}", file=sys.stderr)
            if self.o.keep:
                print(f"kept: {self.folder}")
            else:
                shutil.rmtree(self.folder, ignore_errors=True)
        met = sum(1 for r in self.rows if r[6] is True)
        missed = sum(1 for r in self.rows if r[6] is False)
        print(f"{met} targets met, {missed} missed")


def number(x):
    return "" if x is None else f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.3f}"


def machine(o):
    cpu = memory = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo", encoding="ascii") as f:
        memory = f"{int(f.readline().split()[1]) / 1048576:.0f} GiB"
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "?")
    fs = subprocess.run(["stat", "-f", "-c", "%T", "/var/tmp"], capture_output=True, text=True, check=False).stdout.strip()
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], capture_output=True, text=True,
                            check=False).stdout.strip()
    busy = os.getloadavg()[0]
    return (f"{os.cpu_count()} x {cpu}, {memory}, {fs} on /var/tmp, {system}, Linux {platform.release()}\n"
            f"twinpost {commit or '?'} ({o.build}) beside postfix {Postfix.version()} and dovecot {Dovecot.version()}; "
            f"{o.rounds} round{'s' if o.rounds > 1 else ''} in turns, medians; load before the start {busy:.1f}\n"
            f"{'':48}{'twinpost':>9}{'peer':>9} {'':11}{'ratio':>8} {'target':>14}")


def main():
    p = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[1])
    p.add_argument("sections", nargs="*", metavar="SECTION", help=" ".join(SECTIONS))
    p.add_argument("--quick", action="store_true", help="one short round")
    p.add_argument("--rounds", type=int)
    p.add_argument("--seconds", type=int, help="of one accept run (30: the issue's length)")
    p.add_argument("--count", type=int, help="messages of one deliver or relay run")
    p.add_argument("--messages", type=imap_section.sizes_of, help="sizes of the imap section's mailbox: 1000,50000")
    p.add_argument("--idlers", type=int, default=1000)
    p.add_argument("--ours", action="store_true", help="without the peers")
    p.add_argument("--build", default="release")
    p.add_argument("--verbose", action="store_true", help="each run too")
    p.add_argument("--keep", action="store_true", help="leave the folder of the run")
    o = p.parse_args()
    for s in o.sections:
        if s not in SECTIONS:
            p.error(f"no section {s}; there are {' '.join(SECTIONS)}")
    o.sections = o.sections or SECTIONS
    o.rounds = o.rounds or (1 if o.quick else 3)
    o.seconds = o.seconds or (3 if o.quick else 30)
    o.messages = o.messages or ([1000] if o.quick else [1000, 50000])
    o.count = o.count or (2000 if o.quick else 10000)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    Bench(o).run()


main()
