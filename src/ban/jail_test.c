/* SPDX-License-Identifier: ISC */
#include "ban/jail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "ban/conf_kit.h"

enum { NOW = 1795536100 };

struct fixture {
    struct arena *arena;
    struct findings findings;
    struct conf_files files;
    struct jails jails;
    struct date_cache *dates;
    struct jail_hooks hooks;
    char log[2000];
    unsigned earlier;
};

static void on_event(void *ctx, struct jail *j, const struct jail_event *e)
{
    static const char *const names[] = {"Found", "Ignore", "Ban", "already", "Unban", "noaddress"};
    struct fixture *x = ctx;
    (void)j;
    size_t n = strlen(x->log);
    (void)snprintf(x->log + n, sizeof x->log - n, "%s %.*s;", names[e->kind], STR_ARG(e->id));
}

static unsigned on_earlier(void *ctx, const struct jail *j, str id)
{
    (void)j;
    (void)id;
    return ((struct fixture *)ctx)->earlier;
}

static bool on_self(void *ctx, str id)
{
    (void)ctx;
    return str_eq(id, S("192.0.2.50"));
}

static size_t on_resolve(void *ctx, str name, char (*ret)[ADDRESS_TEXT], size_t max)
{
    (void)ctx;
    (void)max;
    if (!str_eq(name, S("bad.example")))
        return 0;
    (void)snprintf(ret[0], ADDRESS_TEXT, "192.0.2.31");
    (void)snprintf(ret[1], ADDRESS_TEXT, "192.0.2.32");
    return 2;
}

static void begin(struct fixture *x, struct kit_file *files, bool all)
{
    *x = (struct fixture){.arena = arena_new("test", 64 << 20)};
    findings_init(&x->findings, x->arena);
    x->files = (struct conf_files){files, kit_read, kit_list};
    x->hooks = (struct jail_hooks){.ctx = x,
                                   .event = on_event,
                                   .is_self = on_self,
                                   .resolve = on_resolve,
                                   .earlier_bans = on_earlier};
    x->dates = date_cache_new(NOW, false);
    assert_true(jails_load(&x->jails, x->arena, &x->files, &x->findings, S("/c"), all));
}

static void end(struct fixture *x)
{
    jails_done(&x->jails);
    date_cache_free(x->dates);
    findings_done(&x->findings);
    arena_free(x->arena);
}

static struct kit_file plain[] = {
    {"/c/jail.conf",
     "[DEFAULT]\nignoreip = 198.51.100.0/24 trusted.example\nmaxretry = 3\n"
     "[ssh]\nenabled = true\nfilter = sshd\nfindtime = 60\nbantime = 100\n"
     "logpath = /var/log/auth.log tail\n  /var/log/other*.log\n"
     "action = nftables[port=\"1,2\"]\n"
     "[dead]\nenabled = true\nfilter = broken\n"
     "[gone]\nenabled = true\nfilter = missing\n"
     "[grow]\nenabled = yes\nfilter = sshd\nbantime = 10m\nbantime.increment = true\n"
     "bantime.maxtime = 1h\n"
     "[off]\nfilter = missing\n"},
    {"/c/filter.d/sshd.conf", "[Definition]\nfailregex = ^ bad from <HOST>$\n"},
    {"/c/filter.d/broken.conf", "[Definition]\nfailregex = ^ok <HOST>\n   ^broken(<HOST>\n"},
    {0}};

static void a_jail_that_cannot_load_is_named_and_the_others_run(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    assert_int_equal(x.jails.list.n, 5);
    struct jail_def *d = jails_find(&x.jails, S("ssh"));
    assert_true(d->enabled && !d->broken);
    assert_int_equal(d->maxretry, 3);
    assert_int_equal(d->logs.n, 2);
    assert_true(d->logs.at[0].tail && !d->logs.at[1].tail);
    assert_int_equal(d->actions.at[0].kind, ACTION_NFTABLES);
    assert_true(jails_find(&x.jails, S("gone"))->broken);
    assert_false(jails_find(&x.jails, S("off"))->broken);
    size_t before = x.findings.list.n;
    assert_null(jail_new(jails_find(&x.jails, S("dead")), x.dates, &x.findings, &x.hooks));
    struct finding f = x.findings.list.at[before];
    assert_true(str_eq(f.place.file, S("/c/filter.d/broken.conf")));
    assert_int_equal(f.place.line, 3);
    assert_true(str_eq(f.jail, S("dead")));
    end(&x);
}

static void bad(struct jail *j, const char *who, int64_t at, int64_t now)
{
    char line[200];
    time_t t = (time_t)at;
    struct tm tm;
    (void)gmtime_r(&t, &tm);
    size_t n = strftime(line, sizeof line, "%b %d %H:%M:%S bad from ", &tm);
    (void)snprintf(line + n, sizeof line - n, "%s", who);
    jail_line(j, str_from(line), now);
}

static void enough_failures_in_time_bring_a_ban_that_ends(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    struct jail *j = jail_new(jails_find(&x.jails, S("ssh")), x.dates, &x.findings, &x.hooks);
    for (int i = 0; i < 3; i++)
        bad(j, "192.0.2.1", NOW + i, NOW + i);
    assert_string_equal(x.log, "Found 192.0.2.1;Found 192.0.2.1;Found 192.0.2.1;Ban 192.0.2.1;");
    x.log[0] = 0;
    jail_tick(j, NOW + 102);
    assert_string_equal(x.log, "");
    jail_tick(j, NOW + 103);
    assert_string_equal(x.log, "Unban 192.0.2.1;");
    jail_free(j);
    end(&x);
}

static void what_is_spread_over_more_than_findtime_counts_in_proportion(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    struct jail *j = jail_new(jails_find(&x.jails, S("ssh")), x.dates, &x.findings, &x.hooks);
    for (int i = 0; i < 10; i++)
        bad(j, "192.0.2.1", NOW + 50 * i, NOW + 50 * i); /* two in each findtime of 60 */
    assert_null(strstr(x.log, "Ban"));
    jail_free(j);
    end(&x);
}

static void some_are_never_banned(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    struct jail *j = jail_new(jails_find(&x.jails, S("ssh")), x.dates, &x.findings, &x.hooks);
    bad(j, "198.51.100.7", NOW, NOW);
    bad(j, "192.0.2.50", NOW, NOW);
    assert_string_equal(x.log, "Ignore 198.51.100.7;Ignore 192.0.2.50;");
    x.log[0] = 0;
    bad(j, "bad.example", NOW, NOW);
    bad(j, "none.example", NOW, NOW);
    assert_string_equal(x.log, "Found 192.0.2.31;Found 192.0.2.32;noaddress none.example;");
    jail_free(j);
    end(&x);
}

static void repeaters_are_banned_longer_and_sooner(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    struct jail *j = jail_new(jails_find(&x.jails, S("grow")), x.dates, &x.findings, &x.hooks);
    size_t at = 0;
    str id;
    int64_t since, until;
    x.earlier = 2; /* four times as long; each failure weighs three */
    bad(j, "192.0.2.1", NOW, NOW);
    assert_true(jail_banned_next(j, &at, &id, &since, &until));
    assert_int_equal(until - since, 2400);
    x.earlier = 9;
    bad(j, "192.0.2.2", NOW, NOW);
    at = 0;
    while (jail_banned_next(j, &at, &id, &since, &until))
        if (str_eq(id, S("192.0.2.2")))
            assert_int_equal(until - since, 3600);
    jail_free(j);
    end(&x);
}

static void bans_by_hand_and_from_before_end_too(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    struct jail *j = jail_new(jails_find(&x.jails, S("ssh")), x.dates, &x.findings, &x.hooks);
    jail_restore(j, S("192.0.2.9"), NOW - 50, NOW + 50, 3);
    jail_ban(j, S("192.0.2.8"), NOW);
    jail_ban(j, S("192.0.2.8"), NOW);
    assert_string_equal(x.log, "Ban 192.0.2.8;already 192.0.2.8;");
    assert_int_equal(jail_next(j), NOW + 51);
    assert_true(jail_unban(j, S("192.0.2.8"), NOW));
    assert_false(jail_unban(j, S("192.0.2.8"), NOW));
    x.log[0] = 0;
    jail_tick(j, NOW + 51);
    assert_string_equal(x.log, "Unban 192.0.2.9;");
    jail_free(j);
    end(&x);
}

static void memory_is_bounded_under_many_addresses(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x, plain, false);
    struct jail *j = jail_new(jails_find(&x.jails, S("ssh")), x.dates, &x.findings, &x.hooks);
    for (unsigned i = 0; i < JAIL_FAILING_MAX + 5000; i++) {
        char ip[32];
        (void)snprintf(ip, sizeof ip, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        jail_attempt(j, str_from(ip), 1, S("a line"), NOW);
        x.log[0] = 0;
    }
    assert_int_equal(jail_totals(j).failing_now, JAIL_FAILING_MAX);
    jail_tick(j, NOW + 100);
    assert_int_equal(jail_totals(j).failing_now, 0);
    jail_free(j);
    end(&x);
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1); /* there is room for it */
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jail_that_cannot_load_is_named_and_the_others_run),
        cmocka_unit_test(enough_failures_in_time_bring_a_ban_that_ends),
        cmocka_unit_test(what_is_spread_over_more_than_findtime_counts_in_proportion),
        cmocka_unit_test(some_are_never_banned),
        cmocka_unit_test(repeaters_are_banned_longer_and_sooner),
        cmocka_unit_test(bans_by_hand_and_from_before_end_too),
        cmocka_unit_test(memory_is_bounded_under_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
