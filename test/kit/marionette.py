# SPDX-License-Identifier: ISC
"""A small client of Marionette, by which Mozilla programs are driven: JSON in length-prefixed
frames over a local socket."""
import json
import os
import shutil
import socket
import subprocess
import time


class Marionette:
    """A headless Thunderbird with a fresh profile, scripted in its chrome context."""

    def __init__(self, folder, prefs):
        self.profile = os.path.join(folder, "profile")
        os.makedirs(self.profile)
        defaults = {"marionette.port": 0, "app.update.enabled": False, "mail.shell.checkDefaultClient": False,
                    "datareporting.policy.dataSubmissionEnabled": False, "mail.provider.enabled": False,
                    "toolkit.telemetry.enabled": False, "mailnews.start_page.enabled": False,
                    "mail.spotlight.firstRunDone": True, "network.captive-portal-service.enabled": False,
                    "network.connectivity-service.enabled": False, "extensions.update.enabled": False,
                    "extensions.systemAddon.update.enabled": False, "browser.safebrowsing.enabled": False,
                    "services.settings.server": "data:,", "mail.winsearch.firstRunDone": True, **prefs}
        with open(os.path.join(self.profile, "user.js"), "w", encoding="utf-8") as f:
            for name, value in defaults.items():
                f.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        home = os.path.join(folder, "home")
        os.makedirs(home)
        self.log = open(os.path.join(folder, "log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [shutil.which("thunderbird"), "--headless", "--marionette", "-remote-allow-system-access", "--no-remote", "--profile", self.profile],
            env={"HOME": home, "PATH": os.environ["PATH"], "MOZ_HEADLESS": "1", "LANG": "C.UTF-8"},
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.buffer = b""
        self.count = 0
        try:
            self._begin()
        except BaseException:
            self.process.kill()
            raise

    def _begin(self):
        self.socket = self._connect()
        self._frame()  # its greeting
        self.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False}}})
        self.call("Marionette:SetContext", {"value": "chrome"})
        self.call("WebDriver:SetTimeouts", {"script": 90000})

    def _connect(self):
        port_file = os.path.join(self.profile, "MarionetteActivePort")
        end = time.monotonic() + 90
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("Thunderbird ended at its start")
            try:
                with open(port_file, encoding="utf-8") as f:
                    return socket.create_connection(("127.0.0.1", int(f.read())), timeout=120)
            except (FileNotFoundError, ValueError, ConnectionRefusedError):
                time.sleep(0.1)
        raise RuntimeError("Thunderbird did not open its Marionette port within 90 s")

    def _frame(self):
        while b":" not in self.buffer:
            self._more()
        size, _, self.buffer = self.buffer.partition(b":")
        while len(self.buffer) < int(size):
            self._more()
        body, self.buffer = self.buffer[:int(size)], self.buffer[int(size):]
        return json.loads(body)

    def _more(self):
        part = self.socket.recv(65536)
        if not part:
            raise RuntimeError("Thunderbird closed the connection")
        self.buffer += part

    def call(self, name, params):
        self.count += 1
        body = json.dumps([0, self.count, name, params]).encode()
        self.socket.sendall(str(len(body)).encode() + b":" + body)
        while True:
            answer = self._frame()
            if answer[0] == 1 and answer[1] == self.count:
                if answer[2]:
                    raise RuntimeError(f"{name}: {answer[2].get('error')}: {answer[2].get('message')}\n"
                                       f"{answer[2].get('stacktrace')}")
                return answer[3]

    def run(self, script, *args):
        """The body of an async function with `args`; what it returns."""
        wrapped = ("const done = arguments[arguments.length - 1]; const args = Array.from(arguments).slice(0, -1);"
                   "(async () => {" + script + "})().then(v => done({value: v === undefined ? null : v}),"
                   " e => done({error: String(e && e.message || e) + ' ' + (e && e.stack || '')}));")
        result = self.call("WebDriver:ExecuteAsyncScript", {"script": wrapped, "args": list(args), "newSandbox": True})
        value = result["value"]
        if "error" in value:
            raise RuntimeError(value["error"])
        return value["value"]

    def close(self):
        try:
            self.call("Marionette:Quit", {"flags": ["eForceQuit"]})
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()
