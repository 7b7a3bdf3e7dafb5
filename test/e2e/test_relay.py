# SPDX-License-Identifier: ISC
"""Mail to elsewhere goes out by smtproutes, with the answers of the other side taken as they are."""
import json
import uuid

import pytest

from sink import Sink


@pytest.fixture
def out(house):
    """A domain of its own that is routed to a sink."""
    made = []

    def make(**options):
        s = Sink(**options)
        domain = f"d{uuid.uuid4().hex[:10]}.test"
        with open(house.path("var/qmail/control/smtproutes"), "a", encoding="utf-8") as f:
            f.write(f"{domain}:127.0.0.1:{s.port}\n")
        house.reload()
        made.append(s)
        return s, domain
    yield make
    for s in made:
        s.close()


def inject(house, sender, to, body="hello\n", subject="x"):
    run = house.command("sendmail", "-f", sender, "--", *to, stdin=f"Subject: {subject}\nTo: {', '.join(to)}\n\n{body}")
    assert run.returncode == 0, run.stderr


def events(house, **filters):
    text = house.command("twinpost", "log", "--json", "-n", "5000", *(f"{k}={v}" for k, v in filters.items())).stdout
    return [json.loads(x) for x in text.split("\n") if x]


def test_a_message_goes_out_with_its_dots(house, out):
    sink, domain = out()
    inject(house, "ann@example.test", [f"bob@{domain}"], body=".dot\n..two\nFrom x\nno end")
    house.wait_for(lambda: sink.messages, "the message at the sink")
    m = sink.messages[0]
    assert m["from"] == "ann@example.test" and m["to"] == [f"bob@{domain}"]
    assert b"\r\n.dot\r\n..two\r\nFrom x\r\nno end\r\n" in m["data"]
    done = house.wait_for(lambda: events(house, event="delivery.done", rcpt=f"bob@{domain}"), "the event")[0]
    assert "127.0.0.1 accepted message." in done["text"] and "Remote host said: 250 queued" in done["text"]


def test_several_recipients_of_one_host_share_one_transaction(house, out):
    sink, domain = out()
    inject(house, "ann@example.test", [f"{x}@{domain}" for x in ("a", "b", "c")])
    house.wait_for(lambda: sink.messages, "the message at the sink")
    assert sorted(sink.messages[0]["to"]) == [f"{x}@{domain}" for x in ("a", "b", "c")]
    assert len(sink.messages) == 1


def test_a_refused_recipient_bounces_and_the_others_arrive(house, out):
    sink, domain = out(answers={"RCPT": lambda line: "550 5.1.1 no such user" if "<bad@" in line else "250 ok"})
    inject(house, "ann@example.test", [f"good@{domain}", f"bad@{domain}"])
    house.wait_for(lambda: sink.messages, "the message at the sink")
    assert sink.messages[0]["to"] == [f"good@{domain}"]
    got = house.wait_for_mail("ann", f"<bad@{domain}>:").decode()
    assert "127.0.0.1 does not like recipient." in got and "550 5.1.1 no such user" in got


def test_a_temporary_refusal_is_tried_again(house, out):
    times = []

    def sometimes(line):
        times.append(line)
        return "451 later" if len(times) == 1 else "250 ok"
    sink, domain = out(answers={"MAIL": sometimes})
    inject(house, "ann@example.test", [f"bob@{domain}"])
    event = house.wait_for(lambda: events(house, event="delivery.deferred", rcpt=f"bob@{domain}"), "a deferral")[0]
    assert "451 later" in event["text"]
    assert house.command("twinpost", "queue", "retry", str(event["id"])).returncode == 0
    house.wait_for(lambda: sink.messages, "the message at the sink")


def test_a_host_that_is_down_defers(house, out):
    sink, domain = out()
    sink.close()
    inject(house, "ann@example.test", [f"bob@{domain}"])
    event = house.wait_for(lambda: events(house, event="delivery.deferred", rcpt=f"bob@{domain}"), "a deferral")[0]
    assert "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)" in event["text"]
    house.command("twinpost", "queue", "drop", str(event["id"]))


def test_tls_is_used_where_it_is_offered(house, out):
    tls = house.path("var/qmail/control/tls")
    sink, domain = out(certificate=(f"{tls}/cert.pem", f"{tls}/key.pem"))
    inject(house, "ann@example.test", [f"bob@{domain}"])
    house.wait_for(lambda: sink.messages, "the message at the sink")
    assert sink.messages[0]["tls"]


def test_a_connection_lost_after_the_end_says_possible_duplicate(house, out):
    _, domain = out(answers={"END": lambda data: None})
    inject(house, "ann@example.test", [f"bob@{domain}"])
    event = house.wait_for(lambda: events(house, event="delivery.deferred", rcpt=f"bob@{domain}"), "a deferral")[0]
    assert "but connection died. Possible duplicate! (#4.4.2)" in event["text"]
    house.command("twinpost", "queue", "drop", str(event["id"]))


def test_many_messages_to_one_host_reuse_connections(house, out):
    sink, domain = out()
    for i in range(30):
        inject(house, "ann@example.test", [f"bob@{domain}"], subject=str(i))
    house.wait_for(lambda: len(sink.messages) == 30, "all messages at the sink")
    assert sink.connections < 30
