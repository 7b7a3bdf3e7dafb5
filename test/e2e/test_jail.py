# SPDX-License-Identifier: ISC
"""`twinpost jail`: what it says of jails that work, of jails that cannot, and of the two filters
of the server exchange of 2021. fail2ban-regex prints what fail2ban's own prints."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / os.environ.get("TWINPOST_BUILD", "dev") / "src" / "twinpost"
NOW = "1795536100"

DDOS = r"""[Definition]
failregex = ^<HOST> -.*GET.*
ignoreregex = \.(?i)(jpe?g|gif|png|bmp|pdf|js|css|woff|eot|ttf|ico|txt|xml|swf|xlsx?|docx?|pptx?)
"""
AUTH = r"""[INCLUDES]
before = apache-common.conf
[Definition]
prefregex =
failregex = ^.* \[client <HOST>:[0-9]+\] AH01618: user .*? not found:
            ^.* \[client <HOST>:[0-9]+\] AH01617: user .*?: authentication failure .* Password Mismatch, referer:
ignoreregex = ^<HOST> -.*GET.*(jpg|jpeg|gif|png).*
"""
JAILS = """[DEFAULT]
bantime = 10m
[ssh]
enabled = true
filter = sshd
logpath = {folder}/auth.log
maxretry = 4
[apache-ddos]
enabled = true
filter = apache-ddos
findtime = 10
logpath = {folder}/httpd-*access.log
[apache]
enabled = true
filter = apache-auth
logpath = {folder}/httpd-*error.log
[dead]
enabled = true
filter = dead
logpath = {folder}/auth.log
[nolog]
enabled = true
filter = sshd
logpath = {folder}/not-there.log
"""
SSHD = "[Definition]\nfailregex = ^ \\S+ sshd\\[\\d+\\]: Invalid user .* from <ADDR> port \\d+$\n"
DEAD = "[Definition]\nfailregex = ^ \\S+ x from <HOST>\n    ^ broken (<HOST>\n"


def error_line(second, address, text):
    return f"[Tue Nov 24 16:00:{second:02d}.123456 2026] [auth_basic:error] [pid 7:tid 8] [client {address}:4000] {text}\n"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "filter.d").mkdir()
    for name, text in {"apache-ddos": DDOS, "apache-auth": AUTH, "sshd": SSHD, "dead": DEAD,
                       "apache-common": "[DEFAULT]\n"}.items():
        (tmp_path / "filter.d" / f"{name}.conf").write_text(text)
    (tmp_path / "jail.conf").write_text(JAILS.format(folder=tmp_path))
    (tmp_path / "auth.log").write_text(
        "".join(f"Nov 24 16:00:{i:02d} host sshd[{i}]: Invalid user a from 192.0.2.7 port 22\n" for i in range(30)))
    (tmp_path / "httpd-main-access.log").write_text(
        "".join(f'192.0.2.9 - - [24/Nov/2026:16:00:{i:02d} +0000] "GET /{n} HTTP/1.1" 200 9\n'
                for i in range(30) for n in ("hiki/", "a.PNG")))
    with open(tmp_path / "httpd-main-error.log", "w", encoding="utf-8") as f:
        for i in range(30):
            f.write(error_line(i, "192.0.2.1", "AH01618: user who not found: /hiki-secret/hiki.cgi"))
            f.write(error_line(i, "192.0.2.2", 'AH01617: user taro: authentication failure for "/x": Password Mismatch'))
    return tmp_path


def jail(*words, lines=None):
    return subprocess.run([PROGRAM, "jail", *words], input=lines, text=True, capture_output=True, check=False)


def match(config, name, text, *more):
    run = jail("match", "--config", config, "--filter", name, "--now", NOW, "--tz", "UTC", *more, lines=text)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_the_memos_filters_count_what_they_say(config):
    got = match(config, "apache-ddos", (config / "httpd-main-access.log").read_text())
    assert [x["matched"] for x in got[:2]] == [True, "ignored"]
    assert got[0]["host"] == "192.0.2.9" and got[0]["time"] == 1795536000
    got = match(config, "apache-auth", (config / "httpd-main-error.log").read_text())
    assert [x["matched"] for x in got[:2]] == [True, False] and got[0]["regex"] == 1
    got = match(config, "apache-auth", error_line(1, "192.0.2.3", 'AH01617: user a: authentication failure for "/x": Password Mismatch, referer: https://x/'))
    assert got[0]["matched"] is True and got[0]["regex"] == 2


def test_options_zones_and_hosts_reach_the_filter(config):
    (config / "filter.d" / "own.conf").write_text(
        "[Definition]\nfailregex = ^ <word> <F-USER>\\S+</F-USER> <F-ID>\\d+</F-ID>$\nword = <word-<mode>>\nword-a = one\nword-b = two\nmode = a\n")
    line = "2026-11-24 16:00:41 two taro 77\n"
    assert match(config, "own", line)[0]["matched"] is False
    got = match(config, "own", line, "--option", "mode=b", "--tz", "Asia/Tokyo")[0]
    assert (got["matched"], got["id"], got["user"], got["time"]) == (True, "77", "taro", 1795503641)


def test_the_check_names_what_cannot_work_and_leaves_the_rest_alone(config):
    run = jail("check", "--config", config, "--now", NOW, "--tz", "UTC")
    assert run.returncode == 1
    assert "5 jails, 3 of them can work" in run.stdout
    assert "ssh: ok" in run.stdout and "apache-ddos: ok" in run.stdout
    assert re.search(r"dead\.conf:3: error: .*\(", run.stderr)
    assert re.search(r"jail\.conf:\d+: error: there is no log: .*not-there\.log", run.stderr)


def test_the_check_tells_what_is_wrong_with_the_memos_auth_filter(config):
    run = jail("check", "--config", config, "--now", NOW, "--tz", "UTC", "apache")
    assert run.returncode == 0, run.stderr
    auth = str(config / "filter.d" / "apache-auth.conf")
    assert re.search(re.escape(auth) + r":7: warning: ignoreregex 1 is dead", run.stderr)
    assert re.search(re.escape(auth) + r":6: warning: failregex 2 needs `, referer:` at its end; 30 lines matched all but that", run.stderr)
    assert re.search(re.escape(auth) + r":5: warning: failregex 1 can be made to ban somebody else: .* bans 203\.0\.113\.99 by the line", run.stderr)
    forged = re.search(r"failregex 1 can be made.*? by the line (.*?); begin", run.stderr).group(1)
    got = match(config, "apache-auth", f"[Tue Nov 24 16:00:41 2026]{forged}\n")
    assert got[0]["host"] == "203.0.113.99"


def test_a_filter_that_cannot_match_its_log_is_an_error(config):
    (config / "httpd-main-error.log").write_text(
        "".join(error_line(i % 60, "192.0.2.2", 'AH01617: user taro: authentication failure for "/x": Password Mismatch')
                for i in range(100)))
    run = jail("check", "--config", config, "--now", NOW, "--tz", "UTC", "apache")
    assert run.returncode == 1
    assert re.search(r"apache-auth\.conf:6: error: failregex 2 needs `, referer:` at its end; 100 lines", run.stderr)
    run = jail("check", "--config", config, "--filter", "sshd", "--log", config / "httpd-main-error.log")
    assert run.returncode == 1 and "matches nothing of 100 lines" in run.stderr


def test_a_log_without_dates_is_an_error(config):
    (config / "auth.log").write_text("host sshd[1]: Invalid user a from 192.0.2.7 port 22\n" * 50)
    run = jail("check", "--config", config, "ssh")
    assert run.returncode == 1 and "none of 50 lines has a date" in run.stderr


def test_trying_a_filter_shows_counts_and_the_nearest_miss(config):
    run = jail("try", "--config", config, "--tz", "UTC", "apache-auth", config / "httpd-main-error.log")
    assert run.returncode == 0, run.stderr
    assert "60 lines: 30 failures" in run.stdout
    assert re.search(r"30 like: .*\n\s+failregex 2 came closest: .* wants ,", run.stdout)
    run = jail("try", "--tz", "UTC", "Invalid user .* from <HOST>", config / "auth.log")
    assert "30 lines: 30 failures" in run.stdout


def test_hostile_lines_are_lines_and_bring_nobody_a_ban(config):
    head = "Nov 24 16:00:41 host sshd[1]: "
    text = "\n".join([head + "Invalid user " + "a" * (1 << 20) + " from 192.0.2.66 port 1",
                      head + "Invalid user \0 from 192.0.2.67 port 1",
                      head + "Invalid user x from 192.0.2.68 port 1 from 203.0.113.5 port 2",
                      head + "Invalid user \x1b[2J\"}{ from 192.0.2.69 port 1", "\r\r", "1" * 100000,
                      head + "other: Invalid user x from 192.0.2.70 port 1 end"]) + "\n"
    got = match(config, "sshd", text)
    assert [x["line"] for x in got] == [1, 2, 3, 4, 5, 6, 7]
    assert [x.get("host") for x in got] == [None, "192.0.2.67", "203.0.113.5", "192.0.2.69", None, None, None]


@pytest.mark.skipif(not os.path.exists("/usr/lib/python3/dist-packages/fail2ban/server/filter.py"),
                    reason="Debian's fail2ban is not here")
def test_fail2ban_regex_prints_what_fail2bans_own_prints(config, tmp_path):
    theirs = shutil.which("fail2ban-regex")
    ours = tmp_path / "fail2ban-regex"
    ours.symlink_to(PROGRAM)
    logs = tmp_path / "ssh.log"
    logs.write_text("Nov 24 16:00:41 host sshd[123]: Failed password for invalid user admin from 203.0.113.9 port 4022 ssh2\n"
                    "Nov 24 16:00:42 host sshd[123]: Connection closed by invalid user admin 203.0.113.9 port 4022 [preauth]\n"
                    "Nov 24 16:00:43 host CRON[123]: pam_unix(cron:session): session opened\n"
                    "Nov 24 16:00:44 host sshd[124]: Invalid user  from 2001:DB8::1 port 22\n"
                    "# comment\n\n"
                    "Nov 24 16:00:44 host sshd[125]: Accepted password for taro from 192.0.2.5 port 22 ssh2\n")
    error = config / "httpd-main-error.log"
    for words in ([logs, "sshd"], [logs, "sshd[mode=aggressive]"], [logs, "from <HOST>", "Invalid"], [error, "apache-auth"],
                  ["--print-all-matched", "--print-no-missed", logs, "sshd"], ["-o", "ip", logs, "sshd"], ["-o", "user", logs, "sshd"],
                  ["-v", logs, "sshd"]):
        def run(program, words=words):
            done = subprocess.run([program, "-r", *words], text=True, capture_output=True, check=False,
                                  env=dict(os.environ, TZ="UTC", LANG="C.UTF-8"))
            shown = re.sub(r"processed in .*? sec", "", done.stdout)
            return done.returncode, "\n".join(x for x in shown.split("\n") if not x.startswith("|      {'mlfid'"))
        assert run(ours) == run(theirs), words
