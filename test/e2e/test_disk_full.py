# SPDX-License-Identifier: ISC
"""No room: senders are told to come again, nothing that was acknowledged is lost, and the house
goes on by itself when there is room again. Needs small file systems, and so the right to mount."""
import os
import smtplib
import subprocess
import uuid

import pytest

from conftest import _folder
from house import House

ELSEWHERE = "someone@elsewhere.test"


@pytest.fixture
def small_disk():
    """Mounts a file system of so many MiB; unmounted after the test."""
    mounted = []

    def mount(path, mib, owner=(0, 0), mode=0o755):
        os.makedirs(path, exist_ok=True)
        options = f"size={mib}m,uid={owner[0]},gid={owner[1]},mode={mode:o}"
        if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", path],
                                              capture_output=True, check=False).returncode:
            pytest.skip("mounting is not permitted here")
        mounted.append(path)
    yield mount
    for path in mounted:
        subprocess.run(["umount", "-l", path], check=True)


def fill(path):
    """Takes the room that is left."""
    name = os.path.join(path, "filler")
    with open(name, "ab", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError:
            pass
    return name


def send(house, to, size):
    """The mark when the message was answered 250, else the answer's code."""
    mark = uuid.uuid4().hex
    try:
        with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=30) as s:
            s.sendmail(ELSEWHERE, [to], f"Subject: {mark}\r\n\r\n" + ("x" * 70 + "\r\n") * (size // 72))
        return mark
    except smtplib.SMTPResponseException as e:
        assert e.smtp_code in (451, 452), e
        return e.smtp_code


def house_on(tmp_path_factory, small_disk):
    house = House(_folder(tmp_path_factory, "full")).start()
    house.stop()
    queue = house.path("var/lib/twinpost/queue")
    small_disk(queue, 52, house.ids("qmails"), 0o700)
    return house.start(), queue


@pytest.mark.parametrize("size", [200000, 2000000])
def test_a_full_queue_says_452_and_recovers(tmp_path_factory, small_disk, size):
    house, queue = house_on(tmp_path_factory, small_disk)
    try:
        house.control("concurrencylocal", "0\n")  # all stays in the queue
        house.reload()
        kept = [send(house, "ann@example.test", size)]
        filler = fill(queue)
        for _ in range(52 * 1024 * 1024 // size + 10):
            answer = send(house, "ann@example.test", size)
            kept.append(answer)
            if isinstance(answer, int):
                break
        kept = [k for k in kept if isinstance(k, str)]
        assert answer in (451, 452), "it never was full"
        house.control("concurrencylocal", "10\n")
        house.reload()
        for mark in kept:
            house.wait_for_mail("ann", mark)  # also while there is no room
        os.unlink(filler)
        house.wait_for(lambda: isinstance(send(house, "taro@example.test", size), str), "room", 15)
    finally:
        house.stop()


def test_a_restart_with_a_full_disk_still_delivers_what_is_queued(tmp_path_factory, small_disk):
    house, queue = house_on(tmp_path_factory, small_disk)
    try:
        house.control("concurrencylocal", "0\n")
        house.reload()
        kept = [send(house, "ann@example.test", 3000) for _ in range(20)]
        fill(queue)
        house.stop()
        house.control("concurrencylocal", "10\n")
        house.start()
        for mark in kept:
            house.wait_for_mail("ann", mark)
    finally:
        house.stop()


def test_a_full_home_defers_with_a_clear_word_and_stops_nobody(tmp_path_factory, small_disk):
    house = House(_folder(tmp_path_factory, "home")).start()
    try:
        home = house.home("ann")
        small_disk(home, 1, house.ids("ann"), 0o700)
        for sub in ("", "new", "cur", "tmp"):
            os.mkdir(os.path.join(home, "Maildir", sub))
            os.chown(os.path.join(home, "Maildir", sub), *house.ids("ann"))
        filler = fill(home)
        mark = send(house, "ann@example.test", 20000)
        line = house.wait_for(lambda: next((w for w in house.log().split("\n") if "delivery.deferred" in w), None),
                              "the deferral")
        assert "#4." in line and ("space" in line or "room" in line or "full" in line or "disk" in line), line
        other = send(house, "taro@example.test", 200)
        house.wait_for_mail("taro", other)
        assert not os.listdir(os.path.join(home, "Maildir/new"))
        os.unlink(filler)
        house.command("twinpost", "queue", "retry", "all")
        house.wait_for_mail("ann", mark)
        assert not os.listdir(os.path.join(home, "Maildir/tmp")), "leftovers"
    finally:
        house.stop()
