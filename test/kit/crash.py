#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Kills the house's programs at every durable step, one after another, while mail flows, and
checks that every message that was answered 250 arrives, whole.

The fault points of os/fault.h share one file of {target, count}: each durable step of any
program counts, and the one that reaches the target is killed before the step. The house
stays up, init starts again what died; the target is moved on step by step until a whole
round of mail passes without reaching it.

usage: crash.py [--short] [--power [--moments N] [--seed N]]
"""
import argparse
import mmap
import os
import random
import signal
import smtplib
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House  # noqa: E402


class Faults:
    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(b"\0" * 4096)
        os.chmod(path, 0o666)
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)

    def aim(self, step):
        self.map[8:16] = struct.pack("<Q", 0)
        self.map[0:8] = struct.pack("<Q", step)

    def count(self):
        return struct.unpack("<Q", self.map[8:16])[0]


def send(house, mark, to, size=200):
    """True when the message was acknowledged."""
    try:
        with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
            s.sendmail("sender@elsewhere.test", to,
                       f"Subject: {mark}\r\nFrom: sender@elsewhere.test\r\n\r\nbody {mark}\r\n{'x' * size}\r\nend {mark}\r\n")
        return True
    except (OSError, smtplib.SMTPException):
        return False


def arrived(house, user, marks):
    """Marks of messages that lie whole in the user's Maildir, with how often."""
    found = {}
    for body in house.messages(user).values():
        for mark in marks:
            if f"Subject: {mark}".encode() in body:
                assert f"end {mark}".encode() in body, f"half a message {mark} in {user}'s Maildir"
                found[mark] = found.get(mark, 0) + 1
    return found


def wait_for_all(house, expected, seconds=60):
    """expected: user -> marks. Asks for retries while it waits: qmail's schedule is slow."""
    end = time.monotonic() + seconds
    missing = {}
    while time.monotonic() < end:
        missing = {u: set(m) - set(arrived(house, u, m)) for u, m in expected.items()}
        missing = {u: m for u, m in missing.items() if m}
        if not missing:
            return
        house.command("twinpost", "queue", "retry", "all")
        time.sleep(0.05)
    raise AssertionError(f"acknowledged and lost: {missing}\n{house.log()}")


def one_round(house, parallel=3):
    acknowledged = {"ann": [], "taro": []}
    lock = threading.Lock()

    def client(i):
        user = ("ann", "taro")[i % 2]
        mark = uuid.uuid4().hex
        to = f"{user}@example.test" if i != 2 else "taro-forward@example.test"
        if send(house, mark, [to], size=200 if i else 100000):
            with lock:
                acknowledged["ann" if i == 2 else user].append(mark)
    threads = [threading.Thread(target=client, args=(i,)) for i in range(parallel)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return acknowledged


def every_step(house, faults, most):
    step, kills, sent = 1, 0, 0
    while step <= most:
        faults.aim(step)
        acknowledged = one_round(house)
        wait_for_all(house, acknowledged)
        sent += sum(len(m) for m in acknowledged.values())
        fired = faults.count() >= step
        faults.aim(0)
        kills += fired
        if not fired:
            break
        step += 1
    print(f"crash: killed at {kills} durable steps of a round, {sent} messages acknowledged, none lost")
    return kills


def pids_of(root):
    out = subprocess.run(["ps", "axo", "pid,args"], capture_output=True, text=True, check=True).stdout
    found = []
    for line in out.split("\n")[1:]:
        words = line.split(None, 1)
        if len(words) == 2 and "twinpost-" in words[1] and int(words[0]) != os.getpid():
            try:
                with open(f"/proc/{words[0]}/environ", "rb") as f:
                    if f"TWINPOST_ROOT={root}\0".encode() in f.read() + b"\0":
                        found.append(int(words[0]))
            except OSError:
                pass
    return found


def kill_house(house):
    """kill -9 of init first, so that it starts nothing again, then of all the others."""
    os.kill(int(house.INIT_PID), signal.SIGKILL)
    victims = [int(house.INIT_PID), *pids_of(house.root)]
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    house.wait_for(lambda: not any(alive(pid) for pid in victims), "the end of all processes")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill_everything(folder, rounds):
    """kill -9 of all processes at a random moment under load; start again; nothing is lost."""
    house = House(folder).start()
    expected = {"ann": [], "taro": []}
    for _ in range(rounds):
        stop = threading.Event()
        lock = threading.Lock()

        def client(i):
            user = ("ann", "taro")[i % 2]
            while not stop.is_set():
                mark = uuid.uuid4().hex
                if send(house, mark, [f"{user}@example.test"]):
                    with lock:
                        expected[user].append(mark)
        threads = [threading.Thread(target=client, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.05, 0.6))  # the moment is the test's input, not a wait
        kill_house(house)
        stop.set()
        for t in threads:
            t.join()
        house.start()
    wait_for_all(house, expected, 120)
    house.stop()
    print(f"crash: everything killed {rounds} times under load, "
          f"{sum(len(m) for m in expected.values())} messages acknowledged, none lost")


def lose_power(args):
    import power  # which uses what stands above
    seed = args.seed or random.randrange(1, 1 << 30)
    with tempfile.TemporaryDirectory(prefix="twinpost-power-") as folder:
        os.chmod(folder, 0o755)
        if args.short:
            power.lose_power(folder, 0.7, 4, 1, seed)
        else:
            power.lose_power(folder, 3, args.moments, 5, seed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="the first steps and one kill of everything")
    parser.add_argument("--power", action="store_true", help="no kills: lose what was not synced (power.py)")
    parser.add_argument("--moments", type=int, default=30, help="of a loss of power")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and of what survives; 0: any")
    args = parser.parse_args()
    if args.power:
        lose_power(args)
        return 0
    with tempfile.TemporaryDirectory(prefix="twinpost-crash-") as folder:
        os.chmod(folder, 0o755)
        faults = Faults(os.path.join(folder, "faults"))
        os.environ["TWP_FAULT_FILE"] = faults.path
        house = House(os.path.join(folder, "steps"))
        os.makedirs(house.folder)
        house.start()
        house.write("home/taro/.qmail-forward", "&ann@example.test\n", 0o644, "taro")
        try:
            kills = every_step(house, faults, 12 if args.short else 400)
            assert kills > 0, "no fault point was reached: is this a build without them?"
        finally:
            faults.aim(0)
            house.stop()
        del os.environ["TWP_FAULT_FILE"]
        other = os.path.join(folder, "all")
        os.makedirs(other)
        kill_everything(other, 2 if args.short else 10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
