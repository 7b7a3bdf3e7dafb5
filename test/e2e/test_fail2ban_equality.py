# SPDX-License-Identifier: ISC
"""Filters mean here what they mean to Debian's fail2ban: the same lines match, with the same
address and the same time. The lines are made up from each filter's own expressions."""
import glob
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / os.environ.get("TWINPOST_BUILD", "dev") / "src" / "twinpost"
CONFIG = "/etc/fail2ban"
NOW = 1795536100  # 2026-11-24 16:01:40 UTC
LINES = int(os.environ.get("EQUALITY_LINES", "60"))
SEED = os.environ.get("EQUALITY_SEED", "1")

pytestmark = pytest.mark.skipif(
    not os.path.exists("/usr/lib/python3/dist-packages/fail2ban/server/filter.py"), reason="Debian's fail2ban is not here")

MODES = {"sshd": ["ddos", "extra", "aggressive"], "postfix": ["auth", "rbl", "ddos", "extra", "aggressive", "errors"],
         "dovecot": ["aggressive"], "exim": ["aggressive"], "apache-auth": ["aggressive"]}


def jobs():
    for path in sorted(glob.glob(f"{CONFIG}/filter.d/*.conf")):
        name = os.path.basename(path)[:-5]
        if name.endswith("common"):
            continue
        yield {"config": CONFIG, "filter": name, "options": {}, "now": NOW}
        for mode in MODES.get(name, []):
            yield {"config": CONFIG, "filter": name, "options": {"mode": mode}, "now": NOW}


def ours(job, lines):
    command = [PROGRAM, "jail", "match", "--config", job["config"], "--filter", job["filter"],
               "--now", str(job["now"]), "--tz", "UTC"]
    for key, value in job["options"].items():
        command += ["--option", f"{key}={value}"]
    run = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True, check=False,
                         encoding="utf-8", errors="surrogateescape")
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.split("\n") if line]


def test_every_filter_of_debian_says_the_same_as_fail2ban():
    all_jobs = list(jobs())
    run = subprocess.run(["/usr/bin/python3", ROOT / "test/kit/fail2ban_oracle.py", "--lines", str(LINES), SEED],
                         input=json.dumps(all_jobs), text=True, capture_output=True, check=False,
                         env=dict(os.environ, TZ="UTC", LANG="C.UTF-8"))
    assert run.returncode == 0, run.stderr
    wrong, total, matched, silent = [], 0, 0, []
    for job, theirs in zip(all_jobs, json.loads(run.stdout)):
        assert "error" not in theirs, (job, theirs)
        got = ours(job, theirs["lines"])
        assert len(got) == len(theirs["lines"])
        hits = 0
        for line, a, b in zip(theirs["lines"], theirs["answers"], got):
            total += 1
            hits += a["matched"]
            same = a["matched"] == (b["matched"] is True)
            if same and a["matched"]:
                same = a["id"] == b["id"] and a["regex"] == b["regex"] and \
                    (a["time"] is None) == (b["time"] is None) and (a["time"] is None or abs(a["time"] - b["time"]) < 0.001)
            if not same:
                wrong.append((job["filter"], job["options"], line, a, b))
        matched += hits
        if not hits:
            silent.append(job["filter"])
    print(f"{len(all_jobs)} filters and modes, {total} lines, {matched} of them failures; without any: {silent}")
    assert not wrong, f"{len(wrong)} of {total} lines:\n" + "\n".join(map(repr, wrong[:int(os.environ.get('EQUALITY_SHOW', '5'))]))
    assert matched > total / 4 and len(silent) < 5
