# SPDX-License-Identifier: ISC
"""Loses the power of a whole house, at many moments of a recorded load, and checks what was
promised: ./dev crash --power.

A house is recorded (test/power/recorder.c) while clients use every way in and every way of
delivery. Then, for each of many moments, the images are made that a loss of power may leave
there (power_model.py); a house is started on each, and must have, whole, all that was
acknowledged before that moment.
"""
import imaplib
import os
import random
import re
import shutil
import subprocess
import time

from crash import alive, kill_house
from house import House, TOP
from power_load import Load, Notes
from power_model import SYNC, SYNC_ALL, Disk, Recording

# What survives of what was not synced: (of contents, of names). The first is the least there can be.
KINDS = [("none", "none"), ("none", "all"), ("all", "none"), ("zeros", "all"), ("torn", "all"), ("some", "some"),
         ("all", "all"), ("some", "all"), ("some", "some"), ("torn", "some")]


class PowerHouse(House):
    """Started without ./dev run: what that changes below the root would not be recorded."""

    def begin(self, recording=None):
        env = dict(os.environ)
        if recording:
            env["TWP_RECORDER"] = os.path.join(TOP, "build/power/test/power/twp-recorder.so")
            env["TWP_RECORD"] = recording.path
        ready = self.path("run/twinpost/ready")
        for leftover in (ready, self.path("run/twinpost/init.pid")):
            if os.path.exists(leftover):
                os.unlink(leftover)
        with open(os.path.join(self.folder, "init.log"), "wb") as log:
            self.init = subprocess.Popen(  # noqa: R1732 -- it outlives this function
                [self.path("usr/lib/twinpost/twinpost-init"), "--root", self.root],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        self.env["INIT_PID"] = str(self.init.pid)
        end = time.monotonic() + 30
        while not os.path.exists(ready):
            assert time.monotonic() < end and self.init.poll() is None, "the house does not start:\n" + self.said()
            time.sleep(0.005)
        with open(ready, encoding="utf-8") as f:
            for line in f:
                m = re.match(r"(\w+) .*:(\d+)$", line)
                if m:
                    self.env[f"{m.group(1).upper()}_PORT"] = m.group(2)
        return self

    def said(self):
        with open(os.path.join(self.folder, "init.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def cut(self):
        if self.init.poll() is None:
            kill_house(self)
            self.init.wait()
        self.env.pop("INIT_PID", None)  # another process may have the number now

    def end(self):
        """Whatever went wrong: nothing of it stays behind."""
        if "INIT_PID" in self.env and alive(int(self.INIT_PID)):
            kill_house(self)


def imap_view(house, user, password):
    """folder -> (UIDVALIDITY, {UID: (mark, flags, whole)}); subscribed folders."""
    c = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=30)
    c.login(user, password)
    folders = [re.search(rb'"?([^" ]+)"?$', line).group(1).decode() for line in c.list()[1]]
    view = {}
    for folder in folders:
        answer, _ = c.select(folder, readonly=True)
        assert answer == "OK", f"{user} cannot open {folder}"
        found = {}
        validity = int(c.response("UIDVALIDITY")[1][0])
        for item in c.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")[1]:
            if isinstance(item, tuple):
                mark = re.search(rb"^Subject: ([0-9a-f]{32})\r$", item[1], re.M)
                mark = mark.group(1).decode() if mark else None
                flags = re.search(rb"FLAGS \(([^)]*)\)", item[0]).group(1).decode().split()
                whole = mark is None or f"end {mark}\r\n".encode() in item[1]
                found[int(re.search(rb"UID (\d+)", item[0]).group(1))] = (mark, flags, whole)
        view[folder] = (validity, found)
    subscribed = [re.search(rb'"?([^" ]+)"?$', line).group(1).decode() for line in c.lsub()[1] if line]
    c.logout()
    return view, subscribed


def lying(house, user):
    """The texts in a user's Maildir. Where the file system does not rename in one step a message may
    have two names, in new/ and cur/: the keeper takes them for the one that it is."""
    texts = {}
    for sub in ("new", "cur"):
        folder = os.path.join(house.home(user), "Maildir", sub)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                texts[os.fstat(f.fileno()).st_ino, name.split(":")[0]] = f.read()
    return texts.values()


class Check:
    """One image: what was promised until the cut is there."""

    def __init__(self, house, notes, cut, passwords):
        self.house, self.notes, self.cut, self.passwords = house, notes, cut, passwords
        self.repeated = self.torn = 0
        self.wrong = []

    def expect(self, true, what):
        if not true:
            self.wrong.append(what)

    def marks(self, user):
        gone = {n[3] for n in self.notes.until(self.cut, "removing", user)}
        return {n[3]: n[4] for n in self.notes.until(self.cut, "mail", user) if n[3] not in gone}

    def wait_for_queue(self):
        end = time.monotonic() + 60
        while True:
            self.house.command("twinpost", "queue", "retry", "all")
            left = self.house.command("twinpost", "queue", "list").stdout.strip()
            if not left or left.startswith("0 "):
                return
            if time.monotonic() > end:
                self.wrong.append(f"the queue does not get empty: {left[:2000]}")
                return
            time.sleep(0.02)

    def files(self, user):
        marks = self.marks(user)
        found = {}
        for text in lying(self.house, user):
            mark = re.search(rb"^Subject: ([0-9a-f]{32})$", text, re.M)
            if mark:
                mark = mark.group(1).decode()
                self.expect(f"end {mark}\n".encode() in text, f"{user}: half of {mark} in the Maildir")
                found[mark] = found.get(mark, 0) + 1
        for mark, forwarded in marks.items():
            n = found.get(mark, 0)
            self.expect(n >= 1, f"{user}: {mark} was acknowledged and is lost{' (forwarded)' if forwarded else ''}")
            if n > 1:
                self.repeated += 1
                self.expect(forwarded, f"{user}: {mark} lies {n} times in a Maildir")
        for user_, mark in [(n[2], n[3]) for n in self.notes.until(self.cut, "removed", user)]:
            self.expect(mark not in found, f"{user_}: {mark} was deleted by POP3 and is back")

    def imap(self, user, mbox):
        view, subscribed = imap_view(self.house, user, self.passwords[user])
        ungoing = {(n[3], n[4]) for n in self.notes.until(self.cut, "ungoing", user)}
        gone = {(n[3], n[4]) for n in self.notes.until(self.cut, "gone", user)}
        told = {(n[3], n[4]): n[5] for n in self.notes.until(self.cut, "uid", user)}
        for _, _, _, folder, validity in self.notes.until(self.cut, "validity", user):
            self.expect(view[folder][0] == validity, f"{user}: UIDVALIDITY of {folder} changed")
        for _, _, _, folder in self.notes.until(self.cut, "created", user):
            self.expect(folder in view, f"{user}: folder {folder} is lost")
        for _, _, _, folder in self.notes.until(self.cut, "subscribed", user):
            self.expect(folder in subscribed, f"{user}: the subscription of {folder} is lost")
        for (folder, uid), mark in told.items():
            is_ = view.get(folder, (0, {}))[1].get(uid)
            self.expect(is_ or (folder, uid) in ungoing, f"{user}: UID {uid} of {folder} ({mark}) is lost")
            self.expect(not is_ or is_[0] == mark, f"{user}: UID {uid} of {folder} was {mark}, is {is_}")
            self.expect(not is_ or (folder, uid) not in gone, f"{user}: UID {uid} of {folder} was expunged, is back")
        for _, _, _, folder, uid, flag in self.notes.until(self.cut, "flag", user):
            is_ = view.get(folder, (0, {}))[1].get(uid)
            self.expect(not is_ or flag in is_[1], f"{user}: UID {uid} of {folder} lost {flag}, has {is_}")
        self.counts(user, mbox, view, told, ungoing)
        self.new_uid(user, told)

    def counts(self, user, mbox, view, told, ungoing):
        count = {}
        for folder, (_, found) in view.items():
            for uid, (mark, _, whole) in found.items():
                if whole:
                    count[mark] = count.get(mark, 0) + 1
                else:
                    self.torn += 1
                    self.expect(mbox, f"{user}: UID {uid} of {folder} is half a message")
        maybe_gone = {told[k] for k in ungoing if k in told}
        copies = [n[3] for n in self.notes.until(self.cut, "copying", user)]
        for mark in {**self.marks(user), **dict.fromkeys(told.values())}:
            n = count.get(mark, 0)
            self.expect(n or mark in maybe_gone, f"{user}: {mark} was acknowledged and is lost")
            if n > 1 + copies.count(mark):
                self.repeated += 1
                self.expect(mbox, f"{user}: {mark} is there {n} times")

    def new_uid(self, user, told):
        """A message of now gets a UID that nobody was told before."""
        c = imaplib.IMAP4(self.house.HOST, self.house.IMAP_PORT, timeout=30)
        c.login(user, self.passwords[user])
        status, answer = c.append("INBOX", None, None, b"Subject: after\r\n\r\nafter\r\n")
        told_uid = c.response("APPENDUID")[1][0]
        if status != "OK" or not told_uid:
            self.expect(False, f"{user}: a new message is answered {status} {answer}")
            return
        uid = int(told_uid.split()[1])
        last = max((uid for folder, uid in told if folder == "INBOX"), default=0)
        self.expect(uid > last, f"{user}: new UID {uid}, but {last} was told")
        c.logout()

    def run(self):
        self.wait_for_queue()
        for user in ("ann", "u3", "u4"):
            self.files(user)
        self.imap("taro", False)
        self.imap("u1", True)
        damaged = [line for line in self.house.log().split("\n")
                   if "queue.damaged" in line and "nothing in it was promised" not in line]
        self.expect(not damaged, f"the queue says that it was damaged: {damaged}")
        return self.wrong


def age_locks(folder):
    """Lock files of before the power failed are older than the machine's start."""
    before = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) - 10
    for top, _, files in os.walk(folder):
        for name in files:
            if name.endswith(".lock"):
                os.utime(os.path.join(top, name), (before, before))


class Runner:
    def __init__(self, folder, seed):
        self.folder, self.seed = folder, seed
        self.dice = random.Random(seed)
        self.house = PowerHouse(os.path.join(folder, "power"), "--users", "4", build="power")
        os.makedirs(self.house.folder)
        self.copy = os.path.join(folder, "copy")
        self.images = self.repeated = self.torn = 0
        self.failures = []

    def record(self, seconds):
        house = self.house
        house.start()
        for user, text in (("u1", "./Mailbox\n"), ("u2", "&ann@example.test\n"),
                           ("u3", "|cat >/dev/null\n./Maildir/\n")):
            house.write(f"home/{user}/.qmail", text, 0o644, user)
        house.write("home/u1/Mailbox", "", 0o600, "u1")  # else his INBOX is a Maildir until mail comes
        house.stop()
        house.env.pop("INIT_PID", None)
        with open(house.path("passwords"), encoding="utf-8") as f:
            self.passwords = dict(line.split() for line in f)
        subprocess.run(["cp", "-a", house.root, self.copy], check=True)
        self.recording = Recording(os.path.join(self.folder, "record"), os.stat(house.root).st_dev)
        self.disk = Disk(house.root, self.copy)
        self.notes = Notes(self.recording)
        house.begin(self.recording)
        Load(house, self.notes, self.passwords, self.seed).run(seconds)
        house.cut()
        assert not self.notes.errors, f"a client failed before any loss of power: {self.notes.errors}\n{house.said()}"
        assert not self.recording.trouble(), "the recording is not whole"
        os.rename(house.root, os.path.join(self.folder, "recorded"))

    def moments(self, records, n):
        """Offsets after which the power fails: behind promises, in front of and behind syncs, any."""
        ends = [r[0] for r in records[1:]] + [self.recording.now()]
        acknowledged = [note[0] for note in self.notes.all]
        begun = [r[3] for r in records if r[1] in (SYNC, SYNC_ALL)]
        pools = [acknowledged, begun, [ends[i] for i, r in enumerate(records) if r[1] in (SYNC, SYNC_ALL)], ends]
        first = min(acknowledged)
        pools = [[x for x in p if x >= first] for p in pools]
        return sorted({self.dice.choice(pools[i % len(pools)]) for i in range(n)})

    def run(self, moments, kinds):
        records = list(self.recording.records())
        at, turn = 0, 0
        cuts = self.moments(records, moments)
        for cut in cuts:
            while at < len(records) and records[at][0] < cut:
                self.disk.follow(records[at])
                at += 1
            for _ in range(kinds):
                self.check(cut, KINDS[turn % len(KINDS)], turn)
                turn += 1
        promised = len(self.notes.until(cuts[-1], "mail"))
        print(f"power, seed {self.seed}: {len(cuts)} moments of a recording of {len(records)} changes and syncs, {self.images} images, "
              f"{promised} deliveries acknowledged, {len(self.failures)} images failed; "
              f"{self.repeated} repeated as the rules allow, {self.torn} torn ends of an mbox")
        assert not self.failures, "\n".join(self.failures)

    def check(self, cut, kind, seed):
        """One image; every third loses its power a second time, after it has put itself in order."""
        os.makedirs(self.house.root)
        self.disk.image(self.house.root, *kind, seed=seed)
        what = f"power lost at {cut}, contents {kind[0]}, names {kind[1]}, seed {seed}"
        if seed % 3 or not self.lose_again(cut, what, self.dice.choice(KINDS), seed):
            self.start_and_check(cut, what)
        if not (self.failures and os.environ.get("POWER_KEEP")):
            shutil.rmtree(self.house.root)
        else:
            os.rename(self.house.root, os.path.join(self.folder, f"image-{seed}"))

    def lose_again(self, cut, what, kind, seed):
        """Returns whether it failed already: then the second loss has nothing to tell."""
        house, again = self.house, os.path.join(self.folder, "again")
        subprocess.run(["cp", "-a", house.root, again], check=True)
        disk = Disk(house.root, again)
        recording = Recording(os.path.join(self.folder, "record-again"), os.stat(house.root).st_dev, 1 << 29)
        failed = self.start_and_check(cut, what, recording)
        records = list(recording.records())
        recording.map.close()
        if not failed:
            end = self.dice.choice(records)[0] if self.dice.getrandbits(1) else records[-1][0]
            for record in records:
                if record[0] <= end:
                    disk.follow(record)
            shutil.rmtree(house.root)
            os.makedirs(house.root)
            disk.image(house.root, *kind, seed=seed)
            self.start_and_check(cut, f"{what}; again at {end}, contents {kind[0]}, names {kind[1]}")
        shutil.rmtree(again)
        return True

    def start_and_check(self, cut, what, recording=None):
        house = self.house
        age_locks(house.root)
        check = Check(house, self.notes, cut, self.passwords)
        try:
            house.begin(recording)
            wrong = check.run()
        except (AssertionError, OSError, imaplib.IMAP4.error) as e:
            wrong = [repr(e)]
        self.images += 1
        self.repeated += check.repeated
        self.torn += check.torn
        if wrong:
            self.failures.append(what + ":\n  " + "\n  ".join(wrong[:8]) + f"\n  ({len(wrong)} in all)")
            print(self.failures[-1], flush=True)
        house.cut()
        return bool(wrong)


def lose_power(folder, seconds, moments, kinds, seed):
    runner = Runner(folder, seed)
    try:
        runner.record(seconds)
        runner.run(moments, kinds)
    finally:
        runner.house.end()
