# SPDX-License-Identifier: ISC
"""Debian's postfix and dovecot, each as a private instance below a scratch folder, on loopback
ports of its own. The machine's own instances, if any, are never touched. They get what their
documentation recommends for this work; both keep their durability (fsync before 250 and after
a delivery) and their log of each message, as we keep our events."""
import os
import shutil
import signal
import socket
import subprocess
import time

UID = 64999  # owner of the peers' mailboxes, far from the machine's users


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def make_homes(folder, users, prefix="u"):
    for i in range(1, users + 1):
        for sub in ("tmp", "new", "cur"):
            os.makedirs(f"{folder}/{prefix}{i}/Maildir/{sub}", exist_ok=True)
    for top, dirs, files in os.walk(folder):
        for name in [top] + [os.path.join(top, f) for f in files]:
            os.chown(name, UID, UID)
    os.chmod(folder, 0o755)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Postfix:
    """virtual(8) delivers to Maildirs: up to 20 at a time for one user, where local(8) has 2."""
    name = "postfix"

    def __init__(self, folder, users, relay_port, domain="example.test"):
        self.folder, self.homes = folder, f"{folder}/homes"
        self.smtp_port = free_port()
        config, queue, data = f"{folder}/etc", f"{folder}/queue", f"{folder}/data"
        os.makedirs(queue)
        os.makedirs(data)
        shutil.chown(data, "postfix", "root")
        make_homes(self.homes, users)
        write(f"{config}/main.cf", f"""
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
biff = no
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {self.homes}
virtual_mailbox_maps = texthash:{config}/users
virtual_uid_maps = static:{UID}
virtual_gid_maps = static:{UID}
virtual_mailbox_limit = 0
relayhost = [127.0.0.1]:{relay_port}
default_process_limit = 150
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_tls_security_level = none
smtp_tls_security_level = none
""")
        write(f"{config}/users", "".join(f"u{i}@{domain} u{i}/Maildir/\n" for i in range(1, users + 1)))
        with open("/usr/share/postfix/master.cf.dist", encoding="utf-8") as f:
            lines = f.read().split("\n")
        for n, line in enumerate(lines):
            words = line.split()
            if line[:1] in ("#", " ", "\t", "") or len(words) < 8:
                continue
            if words[0] == "smtp" and words[1] == "inet":
                words[0] = f"127.0.0.1:{self.smtp_port}"
            words[4] = "n"  # no chroot: nothing has been copied there
            lines[n] = " ".join(words)
        write(f"{config}/master.cf", "\n".join(lines))
        self.config = config

    def start(self):
        run = subprocess.run(["postfix", "-c", self.config, "start"], capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError("postfix did not start: " + run.stderr)
        wait_for_port(self.smtp_port)
        with open(f"{self.folder}/queue/pid/master.pid", encoding="ascii") as f:
            self.pid = int(f.read())
        return self

    def stop(self):
        subprocess.run(["postfix", "-c", self.config, "stop"], capture_output=True, check=False)

    @staticmethod
    def version():
        return subprocess.run(["postconf", "-h", "mail_version"], capture_output=True, text=True,
                              check=False).stdout.strip()


class Dovecot:
    """fast: login processes serve many clients (its documented high-performance mode)."""
    name = "dovecot"

    def __init__(self, folder, users, password, fast=False, domain="example.test"):
        self.folder, self.homes = folder, f"{folder}/homes"
        self.ports = {name: free_port() for name in ("imap", "imaps", "pop3")}
        make_homes(self.homes, users)
        make_homes(self.homes, users, "c")
        plain, cram = (subprocess.run(["doveadm", "pw", "-s", scheme, "-p", password], capture_output=True,
                                      text=True, check=True).stdout.strip()
                       for scheme in ("SCRAM-SHA-256", "CRAM-MD5"))
        # u… have SCRAM keys, as ours have; c… what CRAM-MD5 needs.
        write(f"{folder}/etc/users", "".join(
            f"{p}{i}:{secret}:{UID}:{UID}::{self.homes}/{p}{i}::\n"
            for p, secret in (("u", plain), ("c", cram)) for i in range(1, users + 1)))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", f"/CN=mail.{domain}", "-keyout", f"{folder}/etc/key.pem",
                        "-out", f"{folder}/etc/cert.pem"], capture_output=True, check=True)
        mode = ("service_count = 0\n  process_min_avail = 2\n  client_limit = 2000"
                if fast else "service_count = 1")
        logins = "\n".join(f"service {p}-login {{\n  {mode}\n  inet_listener {p} {{\n    address = 127.0.0.1\n"
                           f"    port = {self.ports[p]}\n  }}\n  inet_listener {p}s {{\n    address = 127.0.0.1\n"
                           f"    port = {self.ports['imaps'] if p == 'imap' else 0}\n  }}\n}}"
                           for p in ("imap", "pop3"))
        write(f"{folder}/etc/dovecot.conf", f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/etc/cert.pem
ssl_key = <{folder}/etc/key.pem
auth_mechanisms = plain cram-md5
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_max_userip_connections = 2000
first_valid_uid = 1000
default_process_limit = 2000
default_client_limit = 5000
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/etc/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/etc/users
}}
service imap {{
  process_limit = 2000
}}
service stats {{
  client_limit = 10000
}}
{logins}
""")

    def start(self):
        self.process = subprocess.Popen(["dovecot", "-F", "-c", f"{self.folder}/etc/dovecot.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        for p in ("imap", "pop3"):
            wait_for_port(self.ports[p])
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    @staticmethod
    def version():
        return subprocess.run(["dovecot", "--version"], capture_output=True, text=True,
                              check=False).stdout.split()[0]
