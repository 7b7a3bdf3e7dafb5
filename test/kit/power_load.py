# SPDX-License-Identifier: ISC
"""Clients of a house whose power will fail: they note what they were promised, and when.

Every note carries the recording's offset: what was promised at an offset must hold in each
image of a later moment. Offsets of attempts are taken before the command, of promises after
the answer.
"""
import imaplib
import itertools
import poplib
import random
import re
import smtplib
import threading
import uuid


class Notes:
    def __init__(self, recording):
        self.recording = recording
        self.lock = threading.Lock()
        self.all = []  # (offset, kind, user, …)
        self.errors = []

    def now(self):
        return self.recording.now()

    def add(self, kind, *what, at=None):
        with self.lock:
            self.all.append((self.now() if at is None else at, kind, *what))

    def until(self, cut, kind, user=None):
        return [n for n in self.all if n[0] <= cut and n[1] == kind and user in (None, n[2])]


def message(mark, size):
    lines = (f"{mark} line {i} " + "x" * 40 for i in range(size // 80))
    body = "\r\n".join(lines)
    return f"Subject: {mark}\r\nFrom: sender@elsewhere.test\r\n\r\nbody {mark}\r\n{body}\r\nend {mark}\r\n"


# Recipients and who gets the mail, in turn: Maildir, mbox, both and an IMAP user's, a forward, a
# program beside a Maildir, a POP3 user.
WAYS = [(["ann"], ["ann"]), (["u1"], ["u1"]), (["ann", "taro", "u1"], ["ann", "taro", "u1"]), (["u2"], ["ann"]),
        (["u3"], ["u3"]), (["u4"], ["u4"]), (["taro"], ["taro"])]


class Load:
    def __init__(self, house, notes, passwords, seed):
        self.house, self.notes, self.passwords, self.seed = house, notes, passwords, seed
        self.stop = threading.Event()
        self.threads = []

    def run(self, seconds, senders=6):
        jobs = [(self.sender, i) for i in range(senders)]
        jobs += [(self.imap, "taro", True), (self.imap, "u1", False), (self.pop, "u4")]
        self.threads = [threading.Thread(target=self.quietly, args=job) for job in jobs]
        for t in self.threads:
            t.start()
        self.stop.wait(seconds)
        self.stop.set()
        for t in self.threads:
            t.join()

    def quietly(self, job, *args):
        try:
            job(*args)
        except Exception as e:  # noqa: BLE001 -- reported by the caller: this is a thread
            self.notes.errors.append(f"{job.__name__} {args}: {e!r}")

    # ---- SMTP ----

    def sender(self, i):
        dice = random.Random(self.seed * 100 + i)
        with smtplib.SMTP(self.house.HOST, self.house.SMTP_PORT, timeout=30) as s:
            for n in itertools.count():
                if self.stop.is_set():
                    return
                to, users = WAYS[(n + i) % len(WAYS)]
                mark = uuid.uuid4().hex
                size = dice.choice((200, 2000, 2000, 9000, 9000, 90000, 400000 if n % 4 == 0 else 200))
                s.sendmail("sender@elsewhere.test", [f"{t}@example.test" for t in to], message(mark, size))
                forwarded = to == ["u2"]
                for user in users:
                    self.notes.add("mail", user, mark, forwarded)

    # ---- IMAP ----

    def imap(self, user, folders):
        ImapClient(self, user, folders).run()

    # ---- POP3 ----

    def pop(self, user):
        while not self.stop.is_set():
            p = poplib.POP3(self.house.HOST, self.house.POP3_PORT, timeout=30)
            p.user(user)
            p.pass_(self.passwords[user])
            doomed = []
            for i in range(1, min(len(p.list()[1]), 3) + 1):
                text = b"\n".join(p.retr(i)[1])
                mark = re.search(rb"^Subject: ([0-9a-f]{32})$", text, re.M)
                if mark:
                    doomed.append(mark.group(1).decode())
                    p.dele(i)
            for mark in doomed:
                self.notes.add("removing", user, mark)
            p.quit()
            for mark in doomed:
                self.notes.add("removed", user, mark)
            self.stop.wait(0.05)


class ImapClient:
    """One user's session: looks at new mail, appends, flags, copies, moves, expunges."""

    def __init__(self, load, user, folders):
        self.load, self.notes, self.user = load, load.notes, user
        self.folders = folders
        self.c = imaplib.IMAP4(load.house.HOST, load.house.IMAP_PORT, timeout=30)
        self.c.login(user, load.passwords[user])
        self.known = {}  # UID -> mark, of INBOX
        self.dice = random.Random(load.seed)

    def ok(self, answer):
        assert answer[0] == "OK", f"IMAP of {self.user}: {answer}"
        return answer[1]

    def run(self):
        if self.folders:
            for folder in ("Work", "Work.Deep"):
                self.ok(self.c.create(folder))
                self.notes.add("created", self.user, folder)
            self.ok(self.c.subscribe("Work"))
            self.notes.add("subscribed", self.user, "Work")
        self.select()
        for turn in itertools.count():
            if self.load.stop.is_set():
                break
            if self.folders and turn % 10 == 9:
                name = f"New{turn}"
                self.ok(self.c.create(name))
                self.notes.add("created", self.user, name)
                self.append(name)
            self.look()
            self.append("INBOX")
            self.change()
            self.load.stop.wait(0.01)
        self.c.logout()

    def select(self):
        self.ok(self.c.select("INBOX"))
        validity = int(self.c.response("UIDVALIDITY")[1][0])
        self.notes.add("validity", self.user, "INBOX", validity)

    def told(self, folder, uid, mark):
        self.notes.add("uid", self.user, folder, uid, mark)
        if folder == "INBOX":
            self.known[uid] = mark

    def look(self):
        self.ok(self.c.noop())
        start = max(self.known, default=0) + 1
        for item in self.ok(self.c.uid("FETCH", f"{start}:*", "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")):
            if isinstance(item, tuple):
                uid = int(re.search(rb"UID (\d+)", item[0]).group(1))
                mark = re.search(rb"Subject: ([0-9a-f]{32})", item[1])
                if mark and uid not in self.known:
                    self.told("INBOX", uid, mark.group(1).decode())

    def append(self, folder):
        mark = uuid.uuid4().hex
        size = self.dice.choice((300, 3000, 300000))
        self.ok(self.c.append(folder, r"(\Seen)", None, message(mark, size).encode()))
        uid = int(self.c.response("APPENDUID")[1][0].split()[1])
        self.told(folder, uid, mark)
        self.notes.add("flag", self.user, folder, uid, r"\Seen")

    def change(self):
        uids = sorted(self.known)
        if len(uids) < 4:
            return
        flagged, doomed, copied, moved = self.dice.sample(uids, 4)
        for flag in (r"\Flagged", "$Power"):
            self.ok(self.c.uid("STORE", str(flagged), "+FLAGS", f"({flag})"))
            self.notes.add("flag", self.user, "INBOX", flagged, flag)
        self.notes.add("ungoing", self.user, "INBOX", doomed)
        self.ok(self.c.uid("STORE", str(doomed), "+FLAGS", r"(\Deleted)"))
        self.ok(self.c.expunge())
        self.notes.add("gone", self.user, "INBOX", doomed)
        mark = self.known.pop(doomed)
        if self.folders:
            self.copy("COPY", copied)
            self.copy("MOVE", moved)

    def copy(self, verb, uid):
        mark = self.known[uid]
        self.notes.add("copying", self.user, mark)
        if verb == "MOVE":
            self.notes.add("ungoing", self.user, "INBOX", uid)
        self.ok(self.c.uid(verb, str(uid), "Work"))
        new = self.c.response("COPYUID")[1][-1]
        self.told("Work", int(new.split()[2]), mark)
        if verb == "MOVE":
            self.notes.add("gone", self.user, "INBOX", uid)
            del self.known[uid]
