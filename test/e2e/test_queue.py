# SPDX-License-Identifier: ISC
"""The queue: what waits can be seen, held, retried and dropped; what fails comes back; what can
not come back raises an alarm."""
import json
import re
import smtplib
import uuid


def send(house, to, mark, sender="ann@example.test"):
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=20) as s:
        s.sendmail(sender, [to], f"Subject: {mark}\r\nFrom: {sender}\r\n\r\n{mark}\r\n")


def events(house, **filters):
    out = house.command("twinpost", "log", "--json", "-n", "5000", *(f"{k}={v}" for k, v in filters.items())).stdout
    return [json.loads(x) for x in out.split("\n") if x]


def deferred_message(house, name):
    """A message that stays in the queue: its .qmail says 111."""
    house.write(f"home/ann/.qmail-{name}", "|exit 111\n", 0o644, "ann")
    to = f"ann-{name}@example.test"
    send(house, to, uuid.uuid4().hex)
    event = house.wait_for(lambda: events(house, event="delivery.deferred", rcpt=to), "a deferral")[0]
    return str(event["id"]), to


def test_a_deferred_message_is_listed_retried_and_delivered(house):
    name = "d" + uuid.uuid4().hex[:8]
    number, to = deferred_message(house, name)
    listing = house.command("twinpost", "queue", "list").stdout
    assert number in listing
    qread = house.command("qmail-qread").stdout
    assert re.search(rf"^\d+ \w+ \d{{4}} \d\d:\d\d:\d\d GMT  #{number}  \d+  <ann@example.test> $", qread, re.M)
    assert f"\tlocal\t{to}\n" in qread
    qstat = house.command("qmail-qstat").stdout
    assert re.match(r"messages in queue: [1-9]\d*\nmessages in queue but not yet preprocessed: 0\n", qstat)
    assert to in house.command("twinpost", "queue", "show", number).stdout
    house.write(f"home/ann/.qmail-{name}", "./Maildir/\n", 0o644, "ann")
    assert house.command("twinpost", "queue", "retry", number).returncode == 0
    house.wait_for(lambda: number not in house.command("twinpost", "queue", "list").stdout, "the delivery")


def test_a_held_message_waits_until_it_is_released(house):
    name = "h" + uuid.uuid4().hex[:8]
    number, to = deferred_message(house, name)
    house.write(f"home/ann/.qmail-{name}", "./Maildir/\n", 0o644, "ann")
    assert house.command("twinpost", "queue", "hold", number).returncode == 0
    house.command("twinpost", "queue", "retry", "all")
    assert number in house.command("twinpost", "queue", "list").stdout
    assert house.command("twinpost", "queue", "release", number).returncode == 0
    house.command("twinpost", "queue", "retry", number)
    house.wait_for(lambda: number not in house.command("twinpost", "queue", "list").stdout, "the delivery")


def test_a_dropped_message_is_gone_with_an_event(house):
    number, _ = deferred_message(house, "x" + uuid.uuid4().hex[:8])
    assert house.command("twinpost", "queue", "drop", number).returncode == 0
    assert number not in house.command("twinpost", "queue", "list").stdout
    assert events(house, event="queue.changed", id=number)
    assert house.command("twinpost", "queue", "show", number).returncode != 0


def test_a_failure_comes_back_in_qsbmf(house):
    name = "b" + uuid.uuid4().hex[:8]
    house.write(f"home/taro/.qmail-{name}", "|echo no such project; exit 100\n", 0o644, "taro")
    mark = uuid.uuid4().hex
    send(house, f"taro-{name}@example.test", mark)
    got = house.wait_for_mail("ann", f"<taro-{name}@example.test>:").decode()
    assert got.startswith("Return-Path: <>\n")
    body = got.split("\n\n", 1)[1]
    assert body.startswith(
        "Hi. This is the qmail-send program at mail.example.test.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<taro-{name}@example.test>:\nno such project\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "Return-Path: <ann@example.test>\n")
    assert mark in body and "From: MAILER-DAEMON@mail.example.test\n" in got
    assert "Subject: failure notice\n" in got


def test_a_double_bounce_goes_to_postmaster(house):
    name = "o" + uuid.uuid4().hex[:8]
    house.write(f"home/taro/.qmail-{name}", "|exit 100\n", 0o644, "taro")
    send(house, f"taro-{name}@example.test", uuid.uuid4().hex, sender=f"nobody-{name}@example.test")
    got = house.wait_for_mail("ann", f"<nobody-{name}@example.test>:").decode()  # alias postmaster is ann
    assert "I tried to deliver a bounce message to this address, but the bounce bounced!" in got
    assert "--- Below this line is the original bounce." in got


def test_a_triple_bounce_is_an_alarm(own_house):
    house = own_house
    house.write("var/qmail/alias/.qmail-postmaster", "|exit 100\n", 0o644, "alias")
    house.write("home/taro/.qmail-t", "|exit 100\n", 0o644, "taro")
    send(house, "taro-t@example.test", uuid.uuid4().hex, sender="nobody-here@example.test")
    alarm = house.wait_for(lambda: events(house, event="queue.triple_bounce"), "the alarm")[0]
    assert alarm["level"] == "alarm"


def test_a_bounce_as_rfc_3464_when_control_asks_for_it(own_house):
    house = own_house
    house.control("dsnformat", "rfc3464\n")
    house.reload()
    house.write("home/taro/.qmail-f", "|exit 100\n", 0o644, "taro")
    send(house, "taro-f@example.test", uuid.uuid4().hex)
    got = house.wait_for_mail("ann", "multipart/report").decode()
    assert "Action: failed" in got and "Final-Recipient: rfc822;taro-f@example.test" in got.replace("; ", ";")
    assert "Hi. This is the qmail-send program at" in got


def test_the_queue_lives_over_a_stop(own_house):
    house = own_house
    number, to = deferred_message(house, "s")
    assert house.stop().returncode == 0
    house.start()
    assert number in house.command("twinpost", "queue", "list").stdout
    house.write("home/ann/.qmail-s", "./Maildir/\n", 0o644, "ann")
    house.command("twinpost", "queue", "retry", "all")
    house.wait_for(lambda: number not in house.command("twinpost", "queue", "list").stdout, "the delivery")


def test_a_large_message_goes_through_a_file(house):
    mark = uuid.uuid4().hex
    with smtplib.SMTP(house.HOST, house.SMTP_PORT, timeout=60) as s:
        body = "".join(f"line {i} {mark}\r\n" for i in range(60000))
        s.sendmail("ann@example.test", ["taro@example.test", "ann@example.test"], f"Subject: {mark}\r\n\r\n{body}")
    for user in ("taro", "ann"):
        got = house.wait_for_mail(user, f"line 59999 {mark}")
        assert got.count(mark.encode()) == 60001
