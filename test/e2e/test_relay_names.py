# SPDX-License-Identifier: ISC
"""Where mail to elsewhere goes by names, and that large mail gets there whole."""
import json

import pytest

from sink import Sink


def inject(house, sender, to, body="hello\n"):
    run = house.command("sendmail", "-f", sender, "--", to, stdin=f"Subject: x\nTo: <{to}>\n\n{body}")
    assert run.returncode == 0, run.stderr


def test_names_of_the_house_s_own_zone_lead_there_or_nowhere(own_house):
    house = own_house
    house.control("resolvers", "zone .\ndata nomail.test. IN MX 0 .\nrefuse down.test\n")
    house.reload()
    for to, words in [("x@nowhere.test", "find any host named nowhere.test. (#5.1.2)"),
                      ("x@nomail.test", "mail exchanger or IP address. (#5.4.4)"),
                      ("x@[127.0.0.2]", "best-preference MX")]:
        inject(house, "taro@example.test", to)
        assert words in house.wait_for_mail("taro", f"<{to}>:").decode()
    inject(house, "taro@example.test", "x@down.test")

    def deferred():
        out = house.command("twinpost", "log", "--json", "-n", "500", "event=delivery.deferred").stdout
        return [json.loads(x) for x in out.split("\n") if "x@down.test" in x]
    event = house.wait_for(deferred, "a deferral")[0]
    assert "I couldn't find any host by that name. (#4.1.2)" in event["text"]


@pytest.mark.parametrize("lines", [3_000, 100_000])
def test_large_mail_goes_out_whole(own_house, lines):
    house, sink = own_house, Sink()
    house.control("smtproutes", f":127.0.0.1:{sink.port}\n")
    house.reload()
    body = "".join(f"{'.' if i % 5 == 0 else ''}line {i} of a large message\n" for i in range(lines))
    inject(house, "ann@example.test", "bob@far.test", body)
    house.wait_for(lambda: sink.messages, "the message at the sink", 60)
    assert sink.messages[0]["data"].replace(b"\r\n", b"\n").endswith(body.encode())
    sink.close()
