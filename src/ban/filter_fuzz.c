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

static void run(const char *filter, const uint8_t *data, size_t size)
{
    struct filter_kit k;
    if (!filter_kit_open(&k, filter, 1795536100))
        abort();
    struct jail_def def = {.name = S("fuzz"),
                           .filter = k.def,
                           .maxretry = 2,
                           .maxmatches = 2,
                           .findtime = 60,
                           .bantime = 60};
    size_t n = 0;
    struct jail_hooks hooks = {.ctx = &n, .event = event};
    struct jail *j = jail_new(&def, k.dates, &k.findings, &hooks);
    struct follow_split s;
    follow_split_init(&s);
    int64_t now = 1795536100;
    str block = str_of(data, size), line;
    while (follow_split_next(&s, &block, &line))
        jail_line(j, line, now += line.n % 40);
    if (follow_split_rest(&s, &line))
        jail_line(j, line, now);
    jail_tick(j, now + 100);
    if (jail_totals(j).failing_now > size)
        abort();
    follow_split_done(&s);
    jail_free(j);
    filter_kit_close(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8000)
        return 0;
    run(size & 1 ? several : text, data, size);
    return 0;
}
