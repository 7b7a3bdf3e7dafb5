# SPDX-License-Identifier: ISC
"""What Debian's fail2ban says to log lines, by its own classes, as `twinpost jail match` prints it.

    jobs (JSON on stdin): [{"filter": NAME, "options": {…}, "now": EPOCH, "lines": […]}, …]
    answer: one JSON list a job: [{"matched": bool, "host": …, "time": …, "regex": N}, …]

With --lines N SEED: instead of lines, N lines a job are made up from the filter's own expressions
(test/kit/regex_lines.py), and the answer holds them too.
"""
import json
import random
import sys

sys.path.insert(0, "/usr/lib/python3/dist-packages")
import logging

from fail2ban.client.filterreader import FilterReader
from fail2ban.server import strptime
from fail2ban.server.filter import Filter
from fail2ban.server.mytime import MyTime

import regex_lines

logging.getLogger("fail2ban").setLevel(logging.CRITICAL + 10)


def load(config, name, options):
    reader = FilterReader(name, "jail", dict(options), share_config={}, basedir=config)
    if not reader.read():
        raise ValueError(f"no filter {name}")
    reader.applyAutoOptions("auto")
    reader.getOptions(None)
    flt = Filter(None)
    flt.checkFindTime = False
    flt.returnRawHost = True
    for command in reader.convert():
        values = command[3] if command[0] == "multi-set" else command[3:]
        for value in values:
            if command[2] == "prefregex":
                flt.prefRegex = value
            elif command[2] == "addfailregex":
                flt.addFailRegex(value)
            elif command[2] == "addignoreregex":
                flt.addIgnoreRegex(value)
            elif command[2] == "maxlines":
                flt.setMaxLines(value)
            elif command[2] == "datepattern":
                flt.setDatePattern(value)
            elif command[2] == "usedns":
                flt.setUseDns(value)
    return flt


def ask(flt, line):
    try:
        found = flt.processLine(line)
    except Exception as error:  # a date that no calendar has, say: fail2ban drops the line
        return {"matched": False, "error": repr(error)}
    if not found:
        return {"matched": False}
    index, fid, when, _ = found[0]
    return {"matched": True, "id": str(fid), "time": when, "regex": index + 1}


def main():
    job_list = json.load(sys.stdin)
    made = int(sys.argv[2]) if len(sys.argv) > 3 and sys.argv[1] == "--lines" else 0
    MyTime.setAlternateNow(0)  # years from 1969 on
    strptime._updateTimeRE()
    answers = []
    for job in job_list:
        MyTime.setAlternateNow(None)
        MyTime.setTime(job["now"])
        try:
            flt = load(job["config"], job["filter"], job.get("options", {}))
        except Exception as error:
            answers.append({"error": repr(error)})
            continue
        lines = job.get("lines", [])
        if made:
            rng = random.Random(f"{sys.argv[3]} {job['filter']} {job.get('options', {})}")
            pref = flt.prefRegex.getRegex() if flt.prefRegex else None
            lines = regex_lines.lines(rng, pref, flt.getFailRegex(), flt.getIgnoreRegex(), made)
        answers.append({"lines": lines, "answers": [ask(flt, line) for line in lines]})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
