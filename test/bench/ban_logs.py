# SPDX-License-Identifier: ISC
"""ban_logs.py DIR [LINES]: logs as an attacked host has them, for ban_engine and its peers: sshd,
dovecot, an Apache access log, an Apache error log."""
import os
import random
import sys
import time

NOW = 1795536000


def stamp(form, second):
    return time.strftime(form, time.gmtime(NOW - 3600 + second // 60))


def attacker(rng):
    return f"203.0.{rng.randrange(8)}.{rng.randrange(256)}" if rng.random() < 0.8 else f"2001:db8:{rng.randrange(64):x}::{rng.randrange(4096):x}"


def sshd(rng, i):
    head = f"{stamp('%b %d %H:%M:%S', i)} host "
    ip, port, pid = attacker(rng), rng.randrange(1024, 65535), rng.randrange(1000, 30000)
    user = rng.choice(["root", "admin", "test", "oracle", "git", "ubuntu", "taro"])
    return head + rng.choices([
        f"sshd[{pid}]: Failed password for root from {ip} port {port} ssh2",
        f"sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2",
        f"sshd[{pid}]: Invalid user {user} from {ip} port {port}",
        f"sshd[{pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}  user=root",
        f"sshd[{pid}]: Connection closed by authenticating user root {ip} port {port} [preauth]",
        f"sshd[{pid}]: Received disconnect from {ip} port {port}:11: Bye Bye [preauth]",
        f"sshd[{pid}]: Disconnected from invalid user {user} {ip} port {port} [preauth]",
        f"sshd[{pid}]: Accepted publickey for taro from 192.0.2.5 port {port} ssh2: ED25519 SHA256:abcdef",
        f"CRON[{pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
        f"systemd-logind[400]: New session {i} of user taro.",
    ], [20, 15, 10, 10, 10, 8, 7, 4, 10, 6])[0]


def dovecot(rng, i):
    head = f"{stamp('%b %d %H:%M:%S', i)} mail "
    ip, pid = attacker(rng), rng.randrange(1000, 30000)
    user = rng.choice(["taro", "hanako", "jiro"])
    return head + rng.choices([
        f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip=192.0.2.{rng.randrange(255)}, lip=192.0.2.1, mpid={pid}, TLS, session=<abc>",
        f"dovecot: imap({user})<{pid}><abc>: Disconnected: Logged out in=50 out=1000 deleted=0 expunged=0 trashed=0",
        f"dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{user}>, method=PLAIN, rip={ip}, lip=192.0.2.1, session=<abc>",
        f"dovecot: imap-login: Aborted login (auth failed, 3 attempts in 9 secs): user=<{user}>, method=PLAIN, rip={ip}, lip=192.0.2.1, TLS",
        f"postfix/smtpd[{pid}]: connect from unknown[{ip}]",
        f"postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 <x@y.example>: Relay access denied; from=<a@b.example> to=<x@y.example> proto=ESMTP helo=<b.example>",
        f"postfix/qmgr[99]: {i:X}: from=<{user}@example.test>, size=2000, nrcpt=1 (queue active)",
        f"postfix/local[{pid}]: {i:X}: to=<{user}@example.test>, relay=local, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)",
    ], [20, 20, 4, 1, 15, 5, 18, 17])[0]


def access(rng, i):
    ip = attacker(rng)
    date = stamp("%d/%b/%Y:%H:%M:%S +0000", i)
    path = rng.choice(["/", "/hiki/hiki.cgi?FrontPage", "/index.html", "/~taro/", "/img/logo.png", "/style.css", "/hiki/hiki.cgi?c=diff&p=x"])
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"
    verb = rng.choices(["GET", "POST", "HEAD"], [90, 7, 3])[0]
    return f'{ip} - - [{date}] "{verb} {path} HTTP/1.1" 200 {rng.randrange(100, 90000)} "https://www.example.test/" "{agent}"'


def error(rng, i):
    ip, port, pid = attacker(rng), rng.randrange(1024, 65535), rng.randrange(1000, 30000)
    head = f"[{stamp('%a %b %d %H:%M:%S', i)}.{rng.randrange(10 ** 6):06d} 2026] "
    user = rng.choice(["taro", "admin", "root"])
    return head + rng.choices([
        f"[auth_basic:error] [pid {pid}:tid 140] [client {ip}:{port}] AH01618: user {user} not found: /hiki-secret/hiki.cgi",
        f"[auth_basic:error] [pid {pid}:tid 140] [client {ip}:{port}] AH01617: user {user}: authentication failure for \"/hiki-secret/hiki.cgi\": Password Mismatch, referer: https://www.example.test/",
        f"[auth_basic:error] [pid {pid}:tid 140] [client {ip}:{port}] AH01617: user {user}: authentication failure for \"/hiki-secret/hiki.cgi\": Password Mismatch",
        f"[core:error] [pid {pid}:tid 140] [client {ip}:{port}] AH00037: Symbolic link not allowed or link target not accessible: /var/www/x",
        f"[authz_core:error] [pid {pid}:tid 140] [client {ip}:{port}] AH01630: client denied by server configuration: /var/www/others/",
        f"[mpm_prefork:notice] [pid {pid}] AH00163: Apache/2.4.57 (Debian) configured -- resuming normal operations",
    ], [12, 11, 17, 25, 25, 10])[0]


def main():
    folder, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200000
    os.makedirs(folder, exist_ok=True)
    for name, make in (("auth", sshd), ("mail", dovecot), ("access", access), ("error", error)):
        rng = random.Random(name)
        with open(os.path.join(folder, name + ".log"), "w", encoding="utf-8") as f:
            for i in range(n):
                f.write(make(rng, i) + "\n")


main()
