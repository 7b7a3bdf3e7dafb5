/* SPDX-License-Identifier: ISC */
/* A whole jail with the hardest kind of filter (connections, prefregex, ignoreregex) over hostile
 * lines. */
#include <stdlib.h>
#include <string.h>

#include "ban/filter_kit.h"
#include "ban/follow_split.h"
#include "ban/jail.h"

static const char text[] =
    "[Definition]\n"
    "prefregex = "
    "^<F-MLFID>\\s*(?:\\S+\\s+)?(?:sshd(?:\\[\\d+\\])?:?\\s+)?</F-MLFID><F-CONTENT>.+</"
    "F-CONTENT>$\n"
    "failregex = ^Failed \\S+ for (?P<cond>invalid user )?<F-USER>\\S+|.*?</F-USER> from "
    "<HOST>(?(cond): |(?:(?! from ).)*$)\n"
    "            ^Failed for <F-USER>.*</F-USER>$\n"
    "            ^<F-NOFAIL>Connection</F-NOFAIL> from <SUBNET>\\s*$\n"
    "            ^<F-NOFAIL><F-MLFFORGET>Bye</F-MLFFORGET></F-NOFAIL> <HOST>\n"
    "            ^<F-MLFFORGET><F-MLFGAINED>Accepted</F-MLFGAINED></F-MLFFORGET> for "
    "<F-USER>\\S+</F-USER> from <HOST>\n"
    "ignoreregex = (?i)\\.example$\n";
static const char several[] =
    "[Definition]\nmaxlines = 4\n"
    "failregex = ^.*begin <F-ID>\\w+</F-ID>.*$<SKIPLINES>^.*end (?P=fid)\nignoreregex = skip\n";

static void event(void *ctx, struct jail *j, const struct jail_event *e)
{
    size_t *n = ctx;
    (void)j;
    *n += e->id.n && e->id.p[0];
}

/* Compiled once: what earlier inputs left in it is part of the test. */
struct kept {
    struct filter_kit kit;
    struct jail_def def;
    struct jail_hooks hooks;
    struct jail *jail;
    size_t n;
    int64_t now;
};

static void start(struct kept *k, const char *filter)
{
    k->now = 1795536100;
    if (!filter_kit_open(&k->kit, filter, k->now))
        abort();
    k->def = (struct jail_def){.name = S("fuzz"),
                               .filter = k->kit.def,
                               .maxretry = 2,
                               .maxmatches = 2,
                               .findtime = 60,
                               .bantime = 60};
    k->hooks = (struct jail_hooks){.ctx = &k->n, .event = event};
    k->jail = jail_new(&k->def, k->kit.dates, &k->kit.findings, &k->hooks);
}

static void run(struct kept *k, const uint8_t *data, size_t size)
{
    struct follow_split s;
    follow_split_init(&s);
    str block = str_of(data, size), line;
    while (follow_split_next(&s, &block, &line))
        jail_line(k->jail, line, k->now += line.n % 40 == 1);
    if (follow_split_rest(&s, &line))
        jail_line(k->jail, line, k->now);
    if (jail_totals(k->jail).failing_now > JAIL_FAILING_MAX)
        abort();
    k->now += 100;
    jail_tick(k->jail, k->now);
    if (jail_totals(k->jail).failing_now > 0)
        abort(); /* all of it is older than findtime */
    follow_split_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8000)
        return 0;
    static struct kept kept[2];
    struct kept *k = &kept[size & 1];
    if (!k->jail)
        start(k, size & 1 ? several : text);
    run(k, data, size);
    return 0;
}
