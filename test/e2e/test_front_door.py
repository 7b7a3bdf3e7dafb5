# SPDX-License-Identifier: ISC
"""./dev run and ./dev exec as a person uses them."""
import imaplib
import os
import shutil
import socket
import subprocess

import pytest

from conftest import _folder
from house import TOP, read_env

NAMES = ["HOST", "SMTP_PORT", "SUBMISSION_PORT", "SUBMISSIONS_PORT", "IMAP_PORT", "IMAPS_PORT", "POP3_PORT",
         "POP3S_PORT", "USER1", "PASS1", "USER2", "PASS2", "DOMAIN", "ROOT", "CA_FILE"]


def tool(name, *words, **more):
    """As ./dev calls it, but for the packages: tests do not install any."""
    return subprocess.run([os.path.join(TOP, "tools", name), *words], capture_output=True, text=True, check=False,
                          timeout=120, stdin=subprocess.DEVNULL, **more)


def free_row(n):
    for start in range(20025, 60000, 97):
        try:
            socks = []
            for port in range(start, start + n):
                s = socket.socket()
                socks.append(s)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
            return start
        except OSError:
            continue
        finally:
            for s in socks:
                s.close()
    raise AssertionError("no row of free ports")


BUILD = os.environ.get("TWINPOST_BUILD", "dev")


@pytest.fixture
def run(tmp_path_factory):
    folder = _folder(tmp_path_factory, "door")
    env_file = os.path.join(folder, "env")

    def start(*options, root=None):
        return tool("dev-run", "--detach", "--build", BUILD, "--root", root or os.path.join(folder, "house"),
                    "--env-file", env_file, *options)
    start.env_file, start.folder = env_file, str(folder)
    yield start
    if os.path.exists(env_file):
        tool("dev-run", "--stop", "--env-file", env_file)


def test_every_option_does_what_it_says(run):
    ports = free_row(8)
    done = run("--users", "2", "--password", "one for all", "--domain", "lab.test", "--ports-from", str(ports))
    assert done.returncode == 0, done.stderr
    env = read_env(run.env_file)
    assert set(NAMES) <= set(env) and all(env[n] for n in NAMES)
    assert (env["USER1"], env["USER2"], env["DOMAIN"], env["PASS1"]) == ("ann", "taro", "lab.test", "one for all")
    assert int(env["SMTP_PORT"]) == ports
    shell = subprocess.run(["sh", "-c", f". {run.env_file}; echo $PASS1,$ROOT"], capture_output=True, text=True, check=True)
    assert shell.stdout == f"one for all,{env['ROOT']}\n"
    for user in ("ann", "taro", "u1", "u2"):
        i = imaplib.IMAP4(env["HOST"], int(env["IMAP_PORT"]), timeout=20)
        i.login(user, "one for all")
        i.logout()
    explained = tool("dev-exec", "--env-file", run.env_file, "twinpost", "explain", "u2@lab.test")
    assert explained.returncode == 0 and "u2" in explained.stdout, explained.stderr
    old = tool("dev-exec", "--env-file", run.env_file, "qmail-showctl")
    assert old.returncode == 0 and "lab.test" in old.stdout
    again = run("--ports-from", "0")
    assert again.returncode != 0 and "runs" in again.stderr
    stopped = tool("dev-run", "--stop", "--env-file", run.env_file)
    assert stopped.returncode == 0, stopped.stderr
    with pytest.raises(OSError):
        socket.create_connection((env["HOST"], ports), timeout=2)
    assert tool("dev-run", "--stop", "--env-file", run.env_file).returncode != 0


def test_mistakes_on_the_command_line_are_told(run):
    assert "--no-such" in run("--no-such").stderr
    assert run("--users").returncode != 0
    assert tool("dev-run", "--stop", "--env-file", "/nonexistent/env").returncode == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root's houses have users of their own")
def test_below_a_private_folder_the_house_stands_elsewhere_and_is_linked(run):
    private = os.path.join(run.folder, "private")
    os.mkdir(private, 0o700)
    done = run("--ports-from", "0", root=os.path.join(private, "house"))
    assert done.returncode == 0, done.stderr
    env = read_env(run.env_file)
    assert env["ROOT"].startswith("/var/tmp/") and os.path.realpath(os.path.join(private, "house")) == env["ROOT"]
    i = imaplib.IMAP4(env["HOST"], int(env["IMAP_PORT"]), timeout=20)
    i.login("ann", env["PASS1"])
    assert i.select()[0] == "OK"
    i.logout()
    assert tool("dev-run", "--stop", "--env-file", run.env_file).returncode == 0
    shutil.rmtree(env["ROOT"])
