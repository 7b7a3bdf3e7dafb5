# SPDX-License-Identifier: ISC
"""kill -9 of each single program under load: service is back within 2 s, and what was answered
250 arrives. The whole house killed at once is ./dev crash's business."""
import imaplib
import os
import signal
import smtplib
import socket
import threading
import time
import uuid

import pytest

from crash import kill_house, pids_of, send, wait_for_all


def named(house, program):
    found = []
    for pid in pids_of(house.root):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                name = os.path.basename(f.read().split(b"\0")[0].decode())
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if name == f"twinpost-{program}":
            found.append((pid, parent))
    return found


def serves(house):
    """A greeting of each protocol."""
    for port, word in ((house.SMTP_PORT, b"220"), (house.IMAP_PORT, b"* OK"), (house.POP3_PORT, b"+OK")):
        try:
            with socket.create_connection((house.HOST, port), timeout=1) as s:
                s.settimeout(1)
                if not s.recv(512).startswith(word):
                    return False
        except OSError:
            return False
    return True


def takes_mail_and_logs_in(house, expected):
    mark = uuid.uuid4().hex
    if not send(house, mark, ["ann@example.test"]):
        return False
    expected["ann"].append(mark)
    try:
        i = imaplib.IMAP4(house.HOST, house.IMAP_PORT, timeout=5)
        i.login("ann", house.PASS1)
        ok = i.select()[0] == "OK"
        i.logout()
        return ok
    except (OSError, imaplib.IMAP4.error):
        return False


class Load:
    """Clients that send without a pause; what was acknowledged is remembered."""

    def __init__(self, house):
        self.house, self.expected = house, {"ann": [], "taro": []}
        self.over, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(i,)) for i in range(3)]

    def client(self, i):
        user = ("ann", "taro")[i % 2]
        while not self.over.is_set():
            mark = uuid.uuid4().hex
            if send(self.house, mark, [f"{user}@example.test"], size=200 if i else 90000):
                with self.lock:
                    self.expected[user].append(mark)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *args):
        self.over.set()
        for t in self.threads:
            t.join()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    from conftest import _folder
    from house import House
    house = House(_folder(tmp_path_factory, "kill")).start()
    yield house
    house.stop()


@pytest.mark.parametrize("program", ["front", "smtpd", "imapd", "popd", "sched", "route", "auth", "recorder",
                                     "keeper", "deliver"])
def test_a_killed_program_comes_back_and_no_mail_is_lost(loaded, program):
    house = loaded
    init = int(house.INIT_PID)
    with Load(house) as load:
        assert takes_mail_and_logs_in(house, load.expected)  # so that there is a keeper, too
        end = time.monotonic() + 10
        victims = []
        while not victims and time.monotonic() < end:
            victims = [pid for pid, parent in named(house, program) if parent == init]
        assert victims, f"no {program} runs"
        os.kill(victims[0], signal.SIGKILL)
        begin = time.monotonic()
        while not (serves(house) and takes_mail_and_logs_in(house, load.expected)):
            assert time.monotonic() - begin < 10, f"no service 10 s after the death of {program}\n{house.log()}"
        took = time.monotonic() - begin
    wait_for_all(house, load.expected, 30)
    print(f"{program}: service again after {took:.2f} s")
    assert took < 2 + 1, f"service came back after {took:.1f} s"  # a second for the asking itself
    log = house.command("twinpost", "log", "-n", "5000").stdout
    assert f"program.ended name={program}" in log or program in ("keeper", "deliver", "recorder")


def test_without_init_everything_ends_and_a_new_start_serves(own_house):
    house = own_house
    with Load(house) as load:
        assert takes_mail_and_logs_in(house, load.expected)
        others = pids_of(house.root)
        os.kill(int(house.INIT_PID), signal.SIGKILL)

        def gone():
            left = [p for p in others if os.path.exists(f"/proc/{p}") and p in pids_of(house.root)]
            return not left
        house.wait_for(gone, "the end of all programs", 15)
    house.start()
    house.wait_for(lambda: takes_mail_and_logs_in(house, load.expected), "service")
    wait_for_all(house, load.expected, 30)


def test_all_killed_at_once_and_started_again_twice(own_house):
    house = own_house
    expected = {"ann": [], "taro": []}
    for _ in range(2):
        with Load(house) as load:
            time.sleep(0.3)  # of load
            kill_house(house)
        for user, marks in load.expected.items():
            expected[user] += marks
        house.start()
    wait_for_all(house, expected, 30)
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=10) as s:
        assert s.noop()[0] == 250
