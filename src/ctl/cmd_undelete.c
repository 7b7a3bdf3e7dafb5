/* SPDX-License-Identifier: ISC */
/* ctl/cmd_undelete.c -- `twinpost undelete`: brings back messages that were expunged, or went with
 * their folder, within control/expungedays (store/kept.h). */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/mailbox.h"
#include "ctl/progress.h"
#include "os/clock.h"
#include "wire/mutf7.h"

#define USAGE "[--list] [--since TIME] USER [FOLDER]"

enum { KEPT_ARENA_MAX = 128 << 20, NAME_MAX_BYTES = 1024 };

/* "90m", "12h", "3d", "2w" ago, or a day: "2026-11-20" (UTC). */
static bool read_since(str text, int64_t now, int64_t *ret)
{
    static const struct {
        char letter;
        uint32_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    str rest = text;
    uint64_t n, month, day;
    if (!str_take_u64(&rest, &n) || n > 100000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (rest.n == 1 && rest.p[0] == units[i].letter) {
            *ret = now - (int64_t)(n * units[i].seconds);
            return true;
        }
    if (!str_skip(&rest, S("-")) || !str_take_u64(&rest, &month) || !str_skip(&rest, S("-")) ||
        !str_u64(rest, &day) || n < 1970 || n > 9999 || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    struct civil c = {.year = (int)n, .month = (int)month, .day = (int)day};
    *ret = civil_to_epoch(&c);
    return true;
}

static void write_time(struct buf *b, int64_t seconds)
{
    struct civil c = civil_from_epoch(seconds);
    buf_addf(b, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

static void write_name(struct buf *b, str folder)
{
    auto_buf struct buf utf8;
    buf_init(&utf8, NAME_MAX_BYTES);
    err e = mutf7_decode(&utf8, folder);
    buf_add(b, failed(e) || utf8.over ? folder : buf_str(&utf8));
}

static int list(struct ctl *c, struct store *s, str folder, int64_t since)
{
    auto_arena struct arena *a = arena_new("kept", KEPT_ARENA_MAX);
    struct store_kept *all;
    size_t n;
    err e = store_kept(s, folder, since, a, &all, &n);
    if (failed(e))
        return ctl_fail(c, CTL_TEMPORARY, "%.*s", STR_ARG(store_reason(s)));
    auto_buf struct buf b;
    buf_init(&b, KEPT_ARENA_MAX);
    for (size_t i = 0; i < n; i++) {
        write_time(&b, all[i].expunged);
        buf_addc(&b, '\t');
        write_name(&b, all[i].folder);
        buf_addf(&b, "\t%llu\t%.*s\n", (unsigned long long)all[i].size, STR_ARG(all[i].subject));
    }
    return ctl_print(c, buf_str(&b)) ? CTL_OK : CTL_TEMPORARY;
}

static int bring_back(struct ctl *c, struct store *s, str user, str folder, int64_t since)
{
    struct progress bar;
    size_t all = 0, n = 0;
    err e;
    progress_begin(&bar);
    do {
        e = store_undelete(s, folder, since, &n);
        all += failed(e) ? 0 : n;
        if (n > 0)
            progress_show(&bar, user, all, 0);
    } while (!failed(e) && n > 0);
    progress_end(&bar);
    if (failed(e))
        return ctl_fail(c, CTL_TEMPORARY, "%.*s", STR_ARG(store_reason(s)));
    auto_buf struct buf b;
    buf_init(&b, 100);
    buf_addf(&b, "%zu\n", all);
    return ctl_print(c, buf_str(&b)) ? (all ? CTL_OK : CTL_FOUND) : CTL_TEMPORARY;
}

int cmd_undelete(struct ctl *c, int argc, char **argv)
{
    bool only_list = false;
    int64_t since = 0;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0)
            only_list = true;
        else if (strcmp(argv[i], "--since") != 0 || ++i == argc ||
                 !read_since(str_from(argv[i]), clock_seconds(), &since))
            return ctl_usage(c, USAGE);
    }
    if (i >= argc || argc - i > 2)
        return ctl_usage(c, USAGE);
    str user = str_from(argv[i]);
    auto_buf struct buf folder;
    buf_init(&folder, NAME_MAX_BYTES);
    if (argc - i == 2 && failed(mutf7_encode(&folder, str_from(argv[i + 1]))))
        return ctl_usage(c, USAGE);
    struct store *s;
    err e = ctl_mailbox(c, user, &s);
    if (failed(e))
        return ctl_fail_err(c, argv[i], e);
    int code = only_list ? list(c, s, buf_str(&folder), since)
                         : bring_back(c, s, user, buf_str(&folder), since);
    store_free(s);
    return code;
}
