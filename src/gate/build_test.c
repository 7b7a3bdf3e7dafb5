/* SPDX-License-Identifier: ISC */
#include "gate/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/zone.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
                             "# by hand\n"
                             "qmaild:x:101:65534::/var/qmail:/bin/false\n"
                             "taro:x:1000:1000:Old Name,,,:/home/old/taro:/bin/zsh\n"
                             "jiro:x:1001:1001::/home/jiro:/bin/sh\n"
                             "chikuwa:x:30000:30000::/home/chikuwa:/bin/sh";
static const char shadow[] = "root:*:19000:0:99999:7:::\n"
                             "taro:$6$secret:19000:0:99999:7:::\n"
                             "jiro:$6$other:19000:0:99999:7:::\n"
                             "chikuwa:!:19000:0:99999:7:::\n";
static const char group[] = "root:x:0:\nsudo:x:27:taro\ntaro:x:1000:\njiro:x:1001:\n";

static str member_names[] = {{"taro", 4}, {"hanako", 6}};
static struct account cards[] = {
    {.login = {"epa", 3},
     .uid = 1003,
     .group = true,
     .gecos = {"", 0},
     .members = member_names,
     .members_n = 2},
    {.login = {"hanako", 6}, .uid = 1002, .gecos = {"Hanako", 6}, .hash = {"$y$first", 8}},
    {.login = {"taro", 4}, .uid = 1000, .gecos = {"TIWAKU Tarou", 12}, .hash = {"$y$never", 8}},
};
static const struct gate_settings settings = {
    .uid_min = 1000, .uid_max = 29999, .home_base = {"/home", 5}, .shell = {"/bin/bash", 9}};

struct all {
    struct accounts accounts;
    struct arena *a;
    struct buf out;
    struct build_report rep;
};

static int setup(void **state)
{
    static struct all all;
    all =
        (struct all){.accounts = {&settings, cards, 3, map_new()}, .a = arena_new("test", 1 << 20)};
    for (size_t i = 0; i < 3; i++)
        map_put(all.accounts.by_login, cards[i].login, &cards[i]);
    buf_init(&all.out, BUILD_MAX);
    *state = &all;
    return 0;
}

static int teardown(void **state)
{
    struct all *all = *state;
    accounts_done(&all->accounts);
    buf_done(&all->out);
    arena_free(all->a);
    return 0;
}

static void assert_text(const struct buf *b, const char *expected)
{
    char text[4096];
    snprintf(text, sizeof text, "%.*s", (int)b->n, b->p ? b->p : "");
    assert_string_equal(text, expected);
}

static void passwd_keeps_the_system_drops_who_has_no_card_and_adds_who_has(void **state)
{
    struct all *t = *state;
    err e = build_passwd(str_from(passwd), &t->accounts, &t->out, &t->rep);
    assert_false(failed(e));
    assert_text(&t->out, "root:x:0:0:root:/root:/bin/bash\n"
                         "# by hand\n"
                         "qmaild:x:101:65534::/var/qmail:/bin/false\n"
                         "taro:x:1000:1000:TIWAKU Tarou:/home/old/taro:/bin/zsh\n"
                         "chikuwa:x:30000:30000::/home/chikuwa:/bin/sh\n"
                         "epa:x:1003:1003::/home/epa:/bin/bash\n"
                         "hanako:x:1002:1002:Hanako:/home/hanako:/bin/bash\n");
    assert_int_equal(t->rep.removed_n, 1);
    assert_true(str_eq(t->rep.removed[0], S("jiro")));
}

static void shadow_never_changes_a_password(void **state)
{
    struct all *t = *state;
    err e = build_shadow(str_from(shadow), str_from(passwd), &t->accounts, 20000, &t->out, &t->rep);
    assert_false(failed(e));
    assert_text(&t->out, "root:*:19000:0:99999:7:::\n"
                         "taro:$6$secret:19000:0:99999:7:::\n"
                         "chikuwa:!:19000:0:99999:7:::\n"
                         "epa:!:20000:0:99999:7:::\n"
                         "hanako:$y$first:20000:0:99999:7:::\n");
}

static void group_has_one_for_each_user_with_a_group_users_members(void **state)
{
    struct all *t = *state;
    err e = build_group(str_from(group), &t->accounts, &t->out, &t->rep);
    assert_false(failed(e));
    assert_text(
        &t->out,
        "root:x:0:\nsudo:x:27:taro\ntaro:x:1000:\nepa:x:1003:taro,hanako\nhanako:x:1002:\n");
    buf_reset(&t->out);
    e = build_gshadow(S("root:*::\ntaro:!:root:\njiro:!::\n"), str_from(group), &t->accounts,
                      &t->out, &t->rep);
    assert_false(failed(e));
    assert_text(&t->out, "root:*::\ntaro:!:root:\nepa:!::taro,hanako\nhanako:!::\n");
}

static void building_again_changes_nothing(void **state)
{
    struct all *t = *state;
    err e = build_passwd(str_from(passwd), &t->accounts, &t->out, &t->rep);
    assert_false(failed(e));
    str once = arena_copy(t->a, buf_str(&t->out));
    buf_reset(&t->out);
    e = build_passwd(once, &t->accounts, &t->out, &t->rep);
    assert_false(failed(e));
    assert_true(str_eq(once, buf_str(&t->out)));
}

static void a_file_that_cannot_be_right_is_refused(void **state)
{
    struct all *t = *state;
    static const char *const bad[] = {
        "root:x:0:0:root:/root\n",                                /* a field short */
        "a:x:500:500::/:/bin/sh\na:x:501:501::/:/bin/sh\n",       /* a name twice */
        "a:x:1009:1009::/h:/bin/sh\nb:x:1009:1009::/h:/bin/sh\n", /* a number twice */
        "taro:x:500:500::/home/taro:/bin/sh\n",                   /* a system user has the name */
        "taro:x:1004:1004::/home/taro:/bin/sh\n",                 /* another number */
        "taro:x:1000:100::/home/taro:/bin/sh\n",                  /* another group */
        "other:x:1002:1002::/home/o:/bin/sh\nother2:x:1002:1:::/x\n",
        "nonsense\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_reset(&t->out);
        if (!failed(build_passwd(str_from(bad[i]), &t->accounts, &t->out, &t->rep)))
            fail_msg("taken: %s", bad[i]);
    }
    assert_true(failed(
        build_shadow(S("root:*:1:2\n"), str_from(passwd), &t->accounts, 1, &t->out, &t->rep)));
    assert_true(failed(build_group(S("root:x:zero:\n"), &t->accounts, &t->out, &t->rep)));
    assert_true(failed(
        build_group(S("x:x:1002:\nroot:x:0:\nother:x:1002:\n"), &t->accounts, &t->out, &t->rep)));
}

static const char memo[] =
    "# This is /etc/sudoers file, generated by gate-db-to-sudoers.\n\n"
    "# If you are to edit this file, do not edit it directly.\n\n"
    "Defaults    env_reset\nDefaults    mail_badpass\n"
    "Defaults    secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n"
    "Defaults    mailfrom=root\n";

static void sudoers_begins_as_sites_check_it_and_keeps_what_stood_there(void **state)
{
    struct all *t = *state;
    build_sudoers_whole(
        S("# Debian's\nDefaults\tuse_pty\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"
          "@includedir /etc/sudoers.d\n"),
        &t->accounts, &t->out);
    assert_memory_equal(t->out.p, memo, sizeof memo - 1);
    assert_true(sudoers_has_header(buf_str(&t->out)));
    str all = arena_copy(t->a, buf_str(&t->out));
    assert_true(str_find_str(all, S("\n%sudo ALL=(ALL:ALL) ALL\n")) > 0);
    assert_true(str_find_str(all, S("\n%epa ALL = (epa) ALL\n")) > 0);
    buf_reset(&t->out);
    build_sudoers_whole(all, &t->accounts, &t->out);
    assert_true(str_eq(all, buf_str(&t->out)));
}

static void a_difference_shows_no_hash(void **state)
{
    struct all *t = *state;
    build_diff("etc/shadow", S("a:$6$one:1::\nb:!:1::\n"), S("b:!:1::\nc:$6$two:1::\n"), true,
               &t->out);
    assert_text(&t->out,
                "--- etc/shadow\n+++ etc/shadow (new)\n-a:(hidden):1::\n+c:(hidden):1::\n");
}

static void a_zone_has_addresses_both_ways_and_a_serial_that_only_grows(void **state)
{
    struct all *t = *state;
    struct zone_host hosts[2];
    struct zone_set *set = NEW(t->a, struct zone_set);
    assert_true(zone_host_parse(S("ika"), S("192.0.2.7"), S("2001:db8::7"), &hosts[0]));
    assert_true(zone_host_parse(S("tako"), S("192.0.2.8"), S(""), &hosts[1]));
    assert_false(zone_host_parse(S("x"), S("192.0.2"), S(""), &hosts[1]));
    err e =
        zones_build(S("example.org"), S("ns1.example.org ns2.example.org"), hosts, 2, t->a, set);
    assert_false(failed(e));
    assert_int_equal(set->n, 3);
    assert_true(str_eq(set->at[1].name, S("2.0.192.in-addr.arpa")));
    assert_true(str_find_str(set->at[0].text, S("\nika IN AAAA 2001:db8::7\n")) > 0);
    assert_true(str_find_str(set->at[1].text, S("\n8 IN PTR tako.example.org.\n")) > 0);
    assert_true(zone_with_serial(&set->at[0], S(""), 1795557078, &t->out));
    str first = arena_copy(t->a, buf_str(&t->out));
    assert_true(str_find_str(first, S("(2026112400 ")) > 0);
    buf_reset(&t->out);
    assert_false(zone_with_serial(&set->at[0], first, 1795999999, &t->out));
    str edited = arena_printf(t->a, "%.*sx IN A 192.0.2.9\n", STR_ARG(first));
    buf_reset(&t->out);
    assert_true(zone_with_serial(&set->at[0], edited, 1795557078, &t->out));
    assert_true(str_find_str(buf_str(&t->out), S("(2026112401 ")) > 0);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(passwd_keeps_the_system_drops_who_has_no_card_and_adds_who_has),
        WITH(shadow_never_changes_a_password),
        WITH(group_has_one_for_each_user_with_a_group_users_members),
        WITH(building_again_changes_nothing),
        WITH(a_file_that_cannot_be_right_is_refused),
        WITH(sudoers_begins_as_sites_check_it_and_keeps_what_stood_there),
        WITH(a_difference_shows_no_hash),
        WITH(a_zone_has_addresses_both_ways_and_a_serial_that_only_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
