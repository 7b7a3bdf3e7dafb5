# SPDX-License-Identifier: ISC
"""A demo house for tests: started on free ports below a folder of its own, stopped after."""
import os
import shlex
import subprocess
import time

# What a sanitizer writes to a program's standard error, which is the house's init.log.
SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:")

# Tests do not wait for what only slows an attacker down (auth/memory_test.c has the default).
QUICK = {"logindelay": "20\n", "maxlogindelay": "20\n"}

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read_env(path):
    env = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, _, value = line.strip().partition("=")
            env[name] = "".join(shlex.split(value)) if value else ""
    return env


class House:
    def __init__(self, folder, *options, build=None):
        self.folder = str(folder)
        self.env_file = os.path.join(self.folder, "house.env")
        self.root = os.path.join(self.folder, "house")
        self.options = list(options)
        self.build = build or os.environ.get("TWINPOST_BUILD", "dev")
        self.env = {}

    def check_reports(self):
        """No program of a sanitized build has complained since the house started."""
        try:
            with open(os.path.join(self.root, "init.log"), encoding="utf-8", errors="replace") as f:
                text = f.read()
        except FileNotFoundError:
            return
        assert not any(r in text for r in SANITIZER_REPORTS), f"a sanitizer reports:\n{text[:20000]}"

    def start(self):
        self.check_reports()  # a new start begins a new log
        if self.build == "asan":  # a sanitizer's shadow memory is larger than any limit on memory
            os.makedirs(self.path("var/qmail/control"), exist_ok=True)
            self.control("maxprogrammemory", "0\n")
        for name, value in QUICK.items():
            if not os.path.exists(self.path("var/qmail/control", name)):
                os.makedirs(self.path("var/qmail/control"), exist_ok=True)
                self.control(name, value)
        run = subprocess.run(
            [os.path.join(TOP, "dev"), "run", "--detach", "--root", self.root, "--env-file", self.env_file,
             "--ports-from", "0", "--build", self.build, *self.options],
            capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
        if run.returncode:
            raise RuntimeError(f"the house did not start:\n{run.stdout}\n{run.stderr}")
        self.env = read_env(self.env_file)
        self.root = self.env["ROOT"]
        return self

    def stop(self):
        stopped = subprocess.run([os.path.join(TOP, "dev"), "run", "--stop", "--env-file", self.env_file],
                                 capture_output=True, text=True, check=False, timeout=120)
        self.check_reports()
        return stopped

    def __getattr__(self, name):
        if name.endswith("_PORT"):
            return int(self.env[name])
        if name.isupper() and name in self.env:
            return self.env[name]
        raise AttributeError(name)

    def command(self, *words, stdin="", env=None, timeout=60):
        """Runs a command of the house (twinpost or an old name); text in, CompletedProcess out."""
        full = {"PATH": f"{self.root}/var/qmail/bin:{self.root}/usr/lib/twinpost:/usr/bin:/bin:/usr/sbin",
                "TWINPOST_ROOT": self.root, "LANG": "C.UTF-8", **(env or {})}
        run = subprocess.run(list(words), input=stdin, capture_output=True, text=True, check=False,
                             env=full, timeout=timeout)
        assert not any(r in run.stderr for r in SANITIZER_REPORTS), run.stderr
        return run

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def home(self, user):
        return self.path("home", user)

    def write(self, name, text, mode=0o644, user=None):
        """A file below the root; user: it belongs to him."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        if user and os.getuid() == 0:
            uid, gid = self.ids(user)
            os.chown(path, uid, gid)
        return path

    def ids(self, user):
        with open(self.path("etc/passwd"), encoding="utf-8") as f:
            for line in f:
                fields = line.split(":")
                if fields[0] == user:
                    return int(fields[2]), int(fields[3])
        raise KeyError(user)

    def control(self, name, text):
        self.write(f"var/qmail/control/{name}", text)

    def reload(self):
        run = self.command("twinpost", "reload")
        assert run.returncode == 0, run.stdout + run.stderr

    def messages(self, user, folder="Maildir"):
        """The user's messages, as bytes, by file name."""
        found = {}
        for sub in ("new", "cur"):
            base = os.path.join(self.home(user), folder, sub)
            for name in sorted(os.listdir(base)) if os.path.isdir(base) else []:
                if not os.path.isfile(os.path.join(base, name)):
                    continue
                try:
                    with open(os.path.join(base, name), "rb") as f:
                        found[name] = f.read()
                except (FileNotFoundError, PermissionError):
                    pass
        return found

    def wait_for(self, test, what, seconds=20):
        """Polls until test() is true: the far end of an asynchronous delivery."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = test()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"{what} did not happen within {seconds} s\n" + self.log())

    def wait_for_mail(self, user, needle, folder="Maildir", seconds=20):
        needle = needle.encode() if isinstance(needle, str) else needle

        def there():
            return next((m for m in self.messages(user, folder).values() if needle in m), None)
        return self.wait_for(there, f"mail for {user} with {needle!r}", seconds)

    def log(self, *filters):
        return self.command("twinpost", "log", "-n", "200", *filters).stdout
