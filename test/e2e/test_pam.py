# SPDX-License-Identifier: ISC
"""Logins of the system's own accounts on a host that is the machine itself: shadow, else PAM.

A mount namespace of its own gives the test an /etc that nobody else sees."""
import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs the right to make a mount namespace")

SHADOW_HASH = subprocess.run(["openssl", "passwd", "-6", "-salt", "saltsalt", "shadow's word"], capture_output=True,
                             text=True, check=False).stdout.strip()


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A copy of /etc with two accounts: one that shadow knows, one that only PAM can tell about."""
    folder = tmp_path_factory.mktemp("machine")
    above = folder
    while str(above) not in ("/", "/tmp", "/var/tmp"):
        os.chmod(above, 0o755)  # the accounts walk through it
        above = above.parent
    etc = folder / "etc"
    shutil.copytree("/etc", etc, symlinks=True, ignore=shutil.ignore_patterns("ssl", "alternatives", "fonts"))
    for name in ("shadowuser", "pamuser"):
        (folder / name).mkdir()
    with open(etc / "passwd", "a", encoding="utf-8") as f:
        f.write(f"shadowuser:x:0:0::{folder}/shadowuser:/bin/sh\npamuser:x:64999:64999::{folder}/pamuser:/bin/sh\n"
                f"locked:x:64998:64998::{folder}/pamuser:/bin/sh\n")
    with open(etc / "shadow", "a", encoding="utf-8") as f:
        f.write(f"shadowuser:{SHADOW_HASH}:19000:0:99999:7:::\nlocked:!{SHADOW_HASH}:19000:0:99999:7:::\n")
    check = folder / "check"
    check.write_text('#!/bin/sh\n[ "$(head -c 100 | tr -d "\\0")" = "pam\'s word" ] && [ "$PAM_SERVICE" = twinpost ]\n',
                     encoding="utf-8")
    check.chmod(0o755)
    (etc / "pam.d" / "twinpost").write_text(
        f"auth [success=1 default=ignore] pam_exec.so quiet expose_authtok {check}\n"
        "auth requisite pam_deny.so\nauth required pam_permit.so\n"
        f"account [success=1 default=ignore] pam_exec.so quiet {folder}/account\n"
        "account requisite pam_deny.so\naccount required pam_permit.so\n",
        encoding="utf-8")
    account = folder / "account"
    account.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    account.chmod(0o755)
    return folder


def login(house, machine, name, word):
    """checkpassword's exit code and what the program it ran said of itself."""
    claim = machine / "claim"
    claim.write_bytes(f"{name}\0{word}\0<1@x>\0".encode())
    program = house.path("usr/lib/twinpost/twinpost")
    link = machine / "checkpassword"
    if not link.is_symlink():
        link.symlink_to(program)
    run = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "/bin/sh", "-c",
         f"mount --bind {machine}/etc /etc && exec {link} /bin/sh -c 'id -u; echo $USER; pwd' 3<{claim}"],
        capture_output=True, text=True, check=False, timeout=60, env={"PATH": "/usr/bin:/bin", "TWINPOST_ROOT": "/"})
    return run.returncode, run.stdout.split()


def test_shadow_answers_where_it_knows_the_name(house, machine):
    code, said = login(house, machine, "shadowuser", "shadow's word")
    assert code == 0 and said[1] == "shadowuser" and said[2] == f"{machine}/shadowuser"
    assert login(house, machine, "shadowuser", "pam's word") == (1, [])
    assert login(house, machine, "locked", "shadow's word") == (1, [])


def test_pam_answers_for_a_name_that_shadow_does_not_know(house, machine):
    assert login(house, machine, "pamuser", "pam's word") == (0, ["64999", "pamuser", f"{machine}/pamuser"])
    assert login(house, machine, "pamuser", "shadow's word") == (1, [])


def test_pam_also_says_whether_the_account_is_good(house, machine):
    (machine / "account").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    try:
        assert login(house, machine, "pamuser", "pam's word") == (1, [])
    finally:
        (machine / "account").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")


def test_a_module_that_cannot_tell_is_a_temporary_failure(house, machine):
    service = machine / "etc" / "pam.d" / "twinpost"
    before = service.read_text(encoding="utf-8")
    service.write_text("auth required pam_exec.so quiet /bin/false\naccount required pam_permit.so\n", encoding="utf-8")
    try:
        assert login(house, machine, "pamuser", "pam's word") == (111, [])
    finally:
        service.write_text(before, encoding="utf-8")


def test_without_a_pam_service_of_ours_nobody_is_asked(house, machine):
    service = machine / "etc" / "pam.d" / "twinpost"
    service.rename(service.with_suffix(".away"))
    try:
        assert login(house, machine, "pamuser", "pam's word") == (1, [])
    finally:
        service.with_suffix(".away").rename(service)


def test_a_name_that_nobody_has_is_refused_like_a_wrong_password(house, machine):
    assert login(house, machine, "nosuchuser", "pam's word") == (1, [])
