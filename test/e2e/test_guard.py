# SPDX-License-Identifier: ISC
"""The guard with real attackers: in a network of its own, with a real sshd and a real Apache, until
the attacker's packets are dropped, and until they go through again."""
import ctypes
import glob
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from house import House

CLONE_NEWNET = 0x40000000
SERVER, V6 = "203.0.113.1", "2001:db8:77::1"
BANTIME = 4
APACHE = "/usr/sbin/apache2"
APACHE_MODULES = "/usr/lib/apache2/modules"
SSHD = "/usr/sbin/sshd"

JAILS = """
[DEFAULT]
backend = auto
port = 0:65535
findtime = 60
maxretry = 3
bantime = {bantime}
ignoreself = true
usedns = no
banaction = nftables-multiport
action = %(banaction)s[name=%(__name__)s, port="%(port)s", protocol="%(protocol)s"]
protocol = tcp
[ssh]
enabled = true
filter = sshd
port = ssh
logpath = {logs}/auth.log
[apache-forbidden]
enabled = true
filter = apache-forbidden
port = http,https
logpath = {logs}/access.log
[apache-ddos]
enabled = true
filter = apache-ddos
port = http,https
maxretry = 20
logpath = {logs}/access.log
[apache-auth]
enabled = true
filter = apache-auth
port = http,https
logpath = {logs}/error.log
[dead]
enabled = true
filter = dead
logpath = {logs}/auth.log
[nowhere]
enabled = true
filter = sshd
logpath = {logs}/not-there-*.log
"""
FILTERS = {
    "apache-forbidden": r'failregex = ^<HOST> \S+ \S+ \[\] "[^"]*" 403 ',
    "apache-ddos": 'failregex = ^<HOST> -.*"(GET|POST).*\nignoreregex = \\.(?i)(jpe?g|gif|png|css|js)',
    "apache-auth": r"failregex = \[client <HOST>(?::\d+)?\] AH0161[78]: user .*",
    "dead": "failregex = ^(<HOST> unfinished",
}
APACHE_CONF = """
ServerRoot {dir}
PidFile {dir}/httpd.pid
Listen {server}:80
ServerName guard.example.test
{modules}
User www-data
Group www-data
ErrorLog {logs}/error.log
LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog {logs}/access.log common
DocumentRoot {dir}/www
<Directory {dir}/www>
Require all granted
</Directory>
<Location /secret>
AuthType Basic
AuthName secret
AuthBasicProvider file
AuthUserFile {dir}/users
Require valid-user
</Location>
<Location /never>
Require all denied
</Location>
"""


def sh(*words, check=True, timeout=30):
    return subprocess.run(words, capture_output=True, text=True, check=check, timeout=timeout,
                          stdin=subprocess.DEVNULL)


class Network:
    """A network namespace for this process and its children, and another one for attackers."""

    def __init__(self):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.before = os.open("/proc/self/ns/net", os.O_RDONLY)
        if self.libc.unshare(CLONE_NEWNET) != 0:
            os.close(self.before)
            pytest.skip("network namespaces are not permitted here")
        self.attacker = None
        sh("ip", "link", "set", "lo", "up")
        self.attacker = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        mine = os.readlink("/proc/self/ns/net")
        end = time.monotonic() + 10
        while os.readlink(f"/proc/{self.attacker.pid}/ns/net") == mine and time.monotonic() < end:
            time.sleep(0.01)
        sh("ip", "link", "add", "guard0", "type", "veth", "peer", "name", "guard1", "netns", str(self.attacker.pid))
        sh("ip", "addr", "add", f"{SERVER}/24", "dev", "guard0")
        sh("ip", "addr", "add", f"{V6}/64", "dev", "guard0", "nodad")
        sh("ip", "link", "set", "guard0", "up")
        for n in range(10, 20):
            self.there("ip", "addr", "add", f"203.0.113.{n}/24", "dev", "guard1")
        self.there("ip", "addr", "add", "2001:db8:77::66/64", "dev", "guard1", "nodad")
        self.there("ip", "link", "set", "guard1", "up")

    def there(self, *words, check=True, timeout=30):
        return sh("nsenter", "-t", str(self.attacker.pid), "-n", *words, check=check, timeout=timeout)

    def reaches(self, address, port, seconds=0.7, server=SERVER):
        code = ("import socket,sys\ns=socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)\n"
                "s.settimeout(float(sys.argv[4]))\ns.bind((sys.argv[1],0))\n"
                "try: s.connect((sys.argv[2],int(sys.argv[3])))\nexcept TimeoutError: sys.exit(7)")
        return self.there("/usr/bin/python3", "-c", code, address, server, str(port), str(seconds),
                          check=False).returncode == 0

    def close(self):
        if self.attacker:
            self.attacker.kill()
            self.attacker.wait()
        self.libc.setns(self.before, CLONE_NEWNET)
        os.close(self.before)


class Site:
    def __init__(self, house, network, logs):
        self.house, self.network, self.logs = house, network, logs
        self.children, self.bans = [], []

    def client(self, *words):
        return self.house.command("fail2ban-client", *words)

    def log(self):
        with open(self.house.path("var/log/fail2ban.log"), encoding="utf-8") as f:
            return f.read()

    def said(self, jail, what, address, seconds=10):
        """fail2ban.log has that line, in fail2ban's layout."""
        line = re.compile(rf"^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} fail2ban\.\w+ +\[\d+\]: \w+ +\[{jail}\] "
                          rf"{what} {re.escape(address)}\b", re.M)
        end = time.monotonic() + seconds
        while not line.search(self.log()):
            assert time.monotonic() < end, f"no {what} {address} of {jail}:\n{self.log()}"
            time.sleep(0.02)

    def dropped(self, jail):
        return int(self.client("get", jail, "dropped").stdout)

    def banned_and_dropped(self, jail, address, port):
        self.said(jail, "Found", address)
        self.said(jail, "Ban", address)
        before = self.dropped(jail)
        assert not self.network.reaches(address, port), f"{address} still reaches port {port}"
        assert self.dropped(jail) > before
        self.bans.append((jail, address, port))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if os.getuid() != 0:
        pytest.skip("network namespaces are root's")
    if not shutil.which("nft") or not os.path.isdir("/etc/fail2ban/filter.d"):
        pytest.skip("the packages nftables and fail2ban (its filters) are not there")
    folder = tmp_path_factory.mktemp("guard")
    for path in (folder, *folder.parents):
        if str(path) not in ("/", "/tmp", "/var/tmp"):
            os.chmod(path, 0o755)
    config, logs = folder / "fail2ban", folder / "logs"
    shutil.copytree("/etc/fail2ban/filter.d", config / "filter.d")
    logs.mkdir()
    for name in ("auth.log", "access.log", "error.log"):
        (logs / name).touch()
    for name, text in FILTERS.items():
        (config / "filter.d" / f"{name}.conf").write_text(f"[Definition]\n{text}\n", encoding="utf-8")
    (config / "jail.conf").write_text(JAILS.format(bantime=BANTIME, logs=logs), encoding="utf-8")
    network = Network()
    house = None
    try:
        house = House(folder)
        os.makedirs(house.path("var/qmail/control"))
        house.control("guard", "1\n")
        house.control("guardconfig", f"{config}\n")
        house.control("guardstop", "remove\n")
        house.start()
        found = Site(house, network, logs)
        found.config = config
        yield found
        for child in found.children:
            child.terminate()
            child.wait()
        stopped = house.stop()
        assert stopped.returncode == 0, stopped.stderr
        assert "twinpost" not in sh("nft", "list", "tables").stdout  # guardstop
        house = None
    finally:
        if house:
            house.stop()
        network.close()


@pytest.fixture(scope="module")
def sshd(site):
    if not os.path.exists(SSHD) or not shutil.which("ssh"):
        pytest.skip("the package openssh-server is not there")
    key = str(site.logs / "host_key")
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    os.makedirs("/run/sshd", exist_ok=True)
    conf = site.logs / "sshd_config"
    conf.write_text(f"ListenAddress {SERVER}:22\nHostKey {key}\nUsePAM no\nPidFile none\nLogLevel VERBOSE\n"
                    "MaxStartups 100\n", encoding="utf-8")
    child = subprocess.Popen([SSHD, "-D", "-e", "-f", str(conf)], stderr=subprocess.PIPE, text=True)
    site.children.append(child)

    def syslog():
        for line in child.stderr:
            with open(site.logs / "auth.log", "a", encoding="utf-8") as f:
                f.write(f"{time.strftime('%b %e %H:%M:%S')} host sshd[{child.pid}]: {line}")
    threading.Thread(target=syslog, daemon=True).start()
    end = time.monotonic() + 10
    while not site.network.reaches("203.0.113.10", 22):
        assert time.monotonic() < end, "sshd does not listen"
        time.sleep(0.05)
    return child


@pytest.fixture(scope="module")
def apache(site):
    if not os.path.exists(APACHE) or not shutil.which("htpasswd"):
        pytest.skip("the packages apache2-bin and apache2-utils are not there")
    folder = site.logs / "apache"
    (folder / "www").mkdir(parents=True)
    (folder / "www" / "page.html").write_text("here\n", encoding="utf-8")
    sh("htpasswd", "-bc", str(folder / "users"), "ann", "right")
    names = ["mpm_event", "authz_core", "authz_user", "authn_core", "authn_file", "auth_basic", "dir"]
    modules = "\n".join(f"LoadModule {n}_module {APACHE_MODULES}/mod_{n}.so" for n in names)
    conf = folder / "httpd.conf"
    conf.write_text(APACHE_CONF.format(dir=folder, logs=site.logs, server=SERVER, modules=modules), encoding="utf-8")
    child = subprocess.Popen([APACHE, "-X", "-f", str(conf)], stderr=subprocess.PIPE, text=True)
    site.children.append(child)
    end = time.monotonic() + 10
    while not site.network.reaches("203.0.113.10", 80):
        assert time.monotonic() < end and child.poll() is None, child.stderr.read() if child.poll() else "no Apache"
        time.sleep(0.05)
    return child


def get(site, address, path, *options, times=1):
    """As curl does it from that address; the ban may come in the middle."""
    site.network.there("curl", "-s", "-o", "/dev/null", "--max-time", "1", "--interface", address, *options,
                       *[f"http://{SERVER}{path}"] * times, check=False)


def test_unknown_users_of_sshd_are_banned(site, sshd):
    for _ in range(3):
        site.network.there("ssh", "-b", "203.0.113.11", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "-o",
                           "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", f"nosuch@{SERVER}",
                           check=False)
    site.banned_and_dropped("ssh", "203.0.113.11", 22)


def test_forbidden_pages_of_apache_ban(site, apache):
    get(site, "203.0.113.12", "/never", times=3)
    site.banned_and_dropped("apache-forbidden", "203.0.113.12", 80)


def test_rapid_reading_of_a_page_that_is_there_bans_and_pictures_do_not_count(site, apache):
    get(site, "203.0.113.18", "/picture.JPG", times=30)
    get(site, "203.0.113.13", "/page.html", times=21)
    site.banned_and_dropped("apache-ddos", "203.0.113.13", 80)
    assert "Ban 203.0.113.18" not in site.log()


@pytest.mark.parametrize("address, login, referer", [
    ("203.0.113.14", "nobody:guess", []),
    ("203.0.113.15", "ann:wrong", []),
    ("203.0.113.16", "ann:wrong", ["-e", "http://elsewhere.example/"]),
], ids=["an unknown user", "a wrong password", "a wrong password, with a Referer"])
def test_failed_basic_auth_bans(site, apache, address, login, referer):
    get(site, address, "/secret", "-u", login, *referer, times=3)
    site.banned_and_dropped("apache-auth", address, 80)


def test_each_of_these_bans_ends_and_the_packets_go_through_again(site):
    for jail, address, port in site.bans:
        site.said(jail, "Unban", address, BANTIME + 5)
        assert site.network.reaches(address, port), f"{address} does not reach port {port} after its ban"


def test_a_jail_that_cannot_load_or_has_no_log_is_named_and_the_others_run(site):
    status = site.house.command("twinpost", "status").stdout
    assert re.search(r"Jail dead cannot work: \S*dead\.conf:2: ", status), status
    assert "Jail nowhere cannot work: there is no log" in status
    assert "of which 2 cannot work" in status
    assert site.client("ping").stdout == "Server replied: pong\n"
    jails = site.client("status").stdout
    assert jails.startswith("Status\n|- Number of jail:\t") and "apache-ddos, apache-auth" in jails


def test_bans_by_hand_of_both_families_reach_the_kernel_and_end_by_hand(site):
    assert site.client("set", "ssh", "banip", "203.0.113.17", "2001:db8:77::66", "198.51.100.0/24").stdout == "3\n"
    assert site.client("get", "ssh", "banip").stdout.split() == ["203.0.113.17", "2001:db8:77::66", "198.51.100.0/24"]
    assert site.client("in-kernel", "ssh", "203.0.113.17").stdout == "1\n"
    elements = sh("nft", "list", "table", "inet", "twinpost").stdout
    assert "2001:db8:77::" in elements and "198.51.100.0/24" in elements  # an IPv6 client is its /64
    assert "203.0.113.17\tfor " in site.house.command("twinpost", "ban", "list").stdout
    listener = socket.create_server((V6, 22), family=socket.AF_INET6)
    assert not site.network.reaches("2001:db8:77::66", 22, server=V6)
    assert site.client("set", "ssh", "unbanip", "2001:db8:77::66").stdout == "1\n"
    assert site.network.reaches("2001:db8:77::66", 22, server=V6)
    listener.close()
    assert site.client("unban", "--all").stdout == "2\n"
    assert site.client("banned", "203.0.113.17").stdout == "[[]]\n"
    assert site.client("status", "nosuch").returncode == 255


def test_bans_come_back_after_the_guard_was_killed_and_a_flushed_ruleset_is_made_anew(site):
    site.client("set", "ssh", "bantime", "600")
    site.client("set", "ssh", "banip", "192.0.2.77")
    sh("nft", "flush", "ruleset")
    site.client("set", "ssh", "banip", "192.0.2.78")
    site.house.wait_for(lambda: site.client("in-kernel", "ssh", "192.0.2.77").stdout == "1\n", "the ban made anew")
    pid = next(int(p) for p in os.listdir("/proc") if p.isdigit() and cmdline(p).startswith(b"twinpost-guard")
               and os.readlink(f"/proc/{p}/ns/net") == os.readlink("/proc/self/ns/net"))
    os.kill(pid, 9)
    site.house.wait_for(lambda: f"[{pid}]" not in site.log().splitlines()[-1] and "Restore Ban 192.0.2.77" in site.log(),
                        "the ban brought back")
    site.house.wait_for(lambda: site.client("in-kernel", "ssh", "192.0.2.77").stdout == "1\n", "in the kernel again")
    site.client("unban", "--all")


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read()
    except OSError:
        return b""


def test_a_rotated_log_is_followed_and_a_log_that_appears_is_taken(site):
    def fail(path, address, pid, times=3):
        with open(path, "a", encoding="utf-8") as f:
            for _ in range(times):
                f.write(f"{time.strftime('%b %e %H:%M:%S')} host sshd[{pid}]: Invalid user x from {address} port 4\n")
    auth = str(site.logs / "auth.log")
    os.rename(auth, auth + ".1")
    fail(auth + ".1", "192.0.2.31", 31)  # still written to by who has it open
    fail(auth, "192.0.2.32", 32, times=9)
    site.said("ssh", "Ban", "192.0.2.31")
    site.said("ssh", "Ban", "192.0.2.32")
    with open(auth, "w", encoding="utf-8"):
        pass  # copytruncate
    fail(auth, "192.0.2.33", 33)
    site.said("ssh", "Ban", "192.0.2.33")
    fail(str(site.logs / "not-there-1.log"), "192.0.2.34", 34)
    site.said("nowhere", "Ban", "192.0.2.34")


def test_wrong_passwords_at_our_own_doors_are_a_jail_without_a_log(site):
    """From the event to a refusal at the door and in the kernel, without any text in between."""
    for _ in range(10):
        site.client("set", "twinpost-login", "attempt", "192.0.2.99")
    site.said("twinpost-login", "Ban", "192.0.2.99")
    listed = site.house.command("twinpost", "ban", "list").stdout
    site.house.wait_for(lambda: re.search(r"^192\.0\.2\.99\t.*guard$", site.house.command(
        "twinpost", "ban", "list").stdout, re.M), f"front told\n{listed}")
    assert glob.glob(site.house.path("var/lib/twinpost/guard/bans.sqlite"))
