# SPDX-License-Identifier: ISC
"""Log lines made up from regular expressions: each alternative, set and repeat by chance, dates
of many forms put where they belong, and some lines bent afterwards so that they nearly match."""
import re
import re._constants as sre
import re._parser as sre_parser

WORDS = ["root", "admin", "taro", "x", "a b", "mail", "10", "-", "O'Neil", "ü", "日本", "\x1d", "192.0.2.77", "", "foo:bar", "<i>"]
DATES = ["Nov 24 16:00:41", "2026-11-24 16:00:41", "2026-11-24T16:00:41.123+09:00", "24/Nov/2026:16:00:41 +0900",
         "Tue Nov 24 16:00:41.500 2026", "Tue Nov 24 16:00:41 2026", "1795536041", "11/24/2026 16:00:41", "16:00:41",
         "2026/11/24 16:00:41", "24-Nov-2026 16:00:41.5", "20261124T160041", "261124 16:00:41", "Nov 31 16:00:41",
         "@4000000065a1b2c312345678", "Nov-24-26 16:00:41", "24/11/2026 16:00:41", "Nov 24, 2026 4:00:41 PM",
         "PDT Nov 24 16:00:41", "Dec 30 10:00:00", "2019-02-29 10:00:00", "24-11-2026 16:00:41", "11-24-2026 16:00:41"]
ADDRESSES = ["192.0.2.7", "203.0.113.200", "2001:db8::7", "::ffff:192.0.2.9", "host.example.test", "999.1.1.1", "2001:DB8:0:0::a"]


def in_category(rng, category):
    name = str(category)
    if "NOT_DIGIT" in name:
        return rng.choice("abc -")
    if "DIGIT" in name:
        return rng.choice("0123456789")
    if "NOT_SPACE" in name:
        return rng.choice("abcxyz0189.-_")
    if "SPACE" in name:
        return " "
    if "NOT_WORD" in name:
        return rng.choice(" .:-")
    return rng.choice("abcdefgh019_")


def one_of(rng, items):
    negated = [x for x in items if x[0] is sre.NEGATE]
    if negated:
        for _ in range(50):
            c = rng.choice("abcdefghijklmnopqrstuvwxyzABC0123456789 .:-_/()[]'\"")
            if not any(matches(x, c) for x in items):
                return c
        return "a"
    kind, value = rng.choice(items)
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return chr(rng.randint(value[0], min(value[1], value[0] + 300)))
    return in_category(rng, value)


def matches(item, c):
    kind, value = item
    if kind is sre.LITERAL:
        return chr(value) == c
    if kind is sre.RANGE:
        return value[0] <= ord(c) <= value[1]
    if kind is sre.CATEGORY:
        classes = {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W"}
        return re.match(classes[str(value).replace("CATEGORY_", "")], c) is not None
    return False


def make(rng, tree, groups, names):
    out = []
    for kind, value in tree:
        if kind is sre.LITERAL:
            out.append(chr(value))
        elif kind is sre.NOT_LITERAL:
            out.append("b" if chr(value) == "a" else "a")
        elif kind is sre.ANY:
            out.append(rng.choice("abc 01.-"))
        elif kind is sre.IN:
            out.append(one_of(rng, value))
        elif kind is sre.BRANCH:
            out.append(make(rng, rng.choice(value[1]), groups, names))
        elif kind is sre.SUBPATTERN:
            name = names.get(value[0])
            if name in ("ip4", "ip6", "dns"):
                text = rng.choice(ADDRESSES)
            elif name in ("user", "alt_user") and rng.random() < 0.5:
                text = rng.choice(WORDS)
            else:
                text = make(rng, value[3], groups, names)
            groups[value[0]] = text
            out.append(text)
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            low, high, inner = value
            if len(inner) == 1 and inner[0][0] is sre.ANY and high > 1 and rng.random() < 0.7:
                out.append(rng.choice(WORDS))
                continue
            for _ in range(rng.randint(low, min(high, low + rng.choice([0, 1, 1, 3])))):
                out.append(make(rng, inner, groups, names))
        elif kind is sre.GROUPREF:
            out.append(groups.get(value, ""))
        elif kind is sre.GROUPREF_EXISTS:
            yes, no = value[1], value[2]
            out.append(make(rng, yes if value[0] in groups else no or [], groups, names))
        elif kind is sre.ATOMIC_GROUP:
            out.append(make(rng, value, groups, names))
    return "".join(out)


def from_regex(rng, regex, content=None):
    tree = sre_parser.parse(regex)
    names = {n: name for name, n in tree.state.groupdict.items()}
    if content is not None and "content" in tree.state.groupdict:
        mark = "\ue000"
        g = tree.state.groupdict["content"]
        def fix(t):
            for i, (kind, value) in enumerate(t):
                if kind is sre.SUBPATTERN and value[0] == g:
                    t[i] = (sre.LITERAL, ord(mark))
                elif kind is sre.SUBPATTERN:
                    fix(value[3])
                elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
                    fix(value[2])
                elif kind is sre.BRANCH:
                    for b in value[1]:
                        fix(b)
        fix(tree)
        return make(rng, tree, {}, names).replace(mark, content)
    return make(rng, tree, {}, names)


def with_date(rng, text):
    date = rng.choice(DATES)
    roll = rng.random()
    if "[]" in text and roll < 0.7:
        return text.replace("[]", f"[{date}]", 1)
    if roll < 0.75:
        return date + (text if text[:1] in " []:" else " " + text)
    if roll < 0.8:
        return text
    if roll < 0.9:
        at = text.find(" ") + 1
        return f"{text[:at]}[{date}] {text[at:]}"
    return f"[{date}] {text}"


def bent(rng, line):
    at = rng.randrange(len(line) + 1)
    roll = rng.random()
    if roll < 0.3:
        return line[:at] + line[at + 1:]
    if roll < 0.6:
        return line[:at] + rng.choice(" :.[]a0é\x1c\t") + line[at:]
    if roll < 0.8:
        return line[:at]
    return line + " " + line


def lines(rng, pref, fails, ignores, n):
    out = []
    for k in range(n):
        source = fails[k % len(fails)] if not ignores or k % 7 else rng.choice(ignores)
        text = from_regex(rng, source)
        if pref:
            text = from_regex(rng, pref, text.split("\n")[0] if "\n" not in source else text)
        for i, part in enumerate(text.split("\n")):
            line = with_date(rng, part) if part else ""
            if rng.random() < 0.15:
                line = bent(rng, line)
            line = line.replace("\r", " ").replace("\n", " ").strip("\r")
            if line:
                out.append(line)
    return out
