/* SPDX-License-Identifier: ISC */
#include "route/route.h"

#include <signal.h>
#include <sys/wait.h>

#include "control/testing.h"
#include "ipc/door.h"
#include "os/fd.h"

static struct arena *a;
static struct test_root root;
static const char passwd[] = "ann:x:1001:1001::/home/ann:/bin/sh\n"
                             "taro:x:1002:1002::/home/taro:/bin/sh\n"
                             "alias:x:1003:1003::/var/qmail/alias:/bin/true\n";

static int make_house(void **state)
{
    (void)state;
    a = arena_new("test", 256 << 20);
    test_root_open(&root);
    test_root_write(&root, "etc/passwd", str_from(passwd));
    test_root_write(&root, "var/qmail/control/me", S("mail.example.test\n"));
    test_root_write(&root, "var/qmail/control/locals", S("mail.example.test\nexample.test\n"));
    test_root_write(&root, "var/qmail/control/rcpthosts", S("example.test\nv.example\n"));
    test_root_write(&root, "var/qmail/control/virtualdomains", S("v.example:ann-v\n"));
    test_root_write(&root, "home/ann/.qmail-list", S("&x@y.example\n"));
    test_root_write(&root, "home/ann/.qmail-v-default", S("&x@y.example\n"));
    test_root_write(&root, "var/qmail/alias/.qmail-postmaster", S("&ann\n"));
    test_root_write(&root, "home/taro/secret/inside", S("x"));
    assert_int_equal(symlinkat("/etc/passwd", root.fd, "home/taro/.qmail-link"), 0);
    assert_int_equal(symlinkat("secret", root.fd, "home/taro/.qmail-dir"), 0);
    return 0;
}

static int remove_house(void **state)
{
    (void)state;
    test_root_close(&root);
    arena_free(a);
    return 0;
}

static const struct {
    str address;
    uint32_t relay;
    enum route_outcome outcome; /* at RCPT */
    str user, dash, ext, local;
} table[] = {
    {S("ann@example.test"), 0, ROUTE_LOCAL, S("ann"), S(""), S(""), S("ann")},
    {S("ANN@Example.test"), 0, ROUTE_LOCAL, S("ann"), S(""), S(""), S("ANN")},
    {S("ann-List@example.test"), 0, ROUTE_LOCAL, S("ann"), S("-"), S("List"), S("ann-List")},
    {S("ann-none@example.test"), 0, ROUTE_NO_USER, S("ann"), S("-"), S("none"), S("ann-none")},
    {S("postmaster@example.test"), 0, ROUTE_LOCAL, S("alias"), S("-"), S("postmaster"),
     S("postmaster")},
    {S("nobody@example.test"), 0, ROUTE_NO_USER, S("alias"), S("-"), S("nobody"), S("nobody")},
    {S("any@v.example"), 0, ROUTE_LOCAL, S("ann"), S("-"), S("v-any"), S("ann-v-any")},
    {S("x@far.example"), 0, ROUTE_DENIED, S(""), S(""), S(""), S("")},
    {S("x@far.example"), 1, ROUTE_REMOTE, S(""), S(""), S(""), S("")},
    {S("ann@mail.example.test"), 0, ROUTE_DENIED, S(""), S(""), S(""), S("")},
    {S("ann"), 0, ROUTE_LOCAL, S("ann"), S(""), S(""), S("ann")},
    {S("taro-link@example.test"), 0, ROUTE_LOCAL, S("taro"), S("-"), S("link"), S("taro-link")},
    {S("taro-dir/inside@example.test"), 0, ROUTE_NO_USER, S("taro"), S("-"), S("dir/inside"),
     S("taro-dir/inside")},
    {S("taro-/etc/passwd@example.test"), 0, ROUTE_NO_USER, S("taro"), S("-"), S("/etc/passwd"),
     S("taro-/etc/passwd")},
};

static struct boot make_boot(void)
{
    static struct boot b;
    b = (struct boot){.site_fd = -1, .peer = -1, .real_users = false};
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        b.doors[i] = b.events[i] = -1;
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    assert_fine(site_collect(root.fd, false, &archive));
    assert_fine(fd_sealed("site", buf_str(&archive), &b.site_fd));
    (void)snprintf(b.dirs[0].name, sizeof b.dirs[0].name, "root");
    b.dirs[0].fd = root.fd;
    return b;
}

static struct route_answer decide(struct route *r, str address, uint32_t purpose, uint32_t relay)
{
    struct view v = {.site = &r->site,
                     .accounts = homes_accounts(&r->homes, str_from(r->root_path)),
                     .homes = &r->homes};
    const struct route_ask ask = {.purpose = purpose, .address = address, .relay = relay};
    struct route_answer answer;
    route_decide(&v, &ask, a, &answer);
    return answer;
}

static void addresses_exist_or_not_as_their_files_say(void **state)
{
    (void)state;
    struct boot b = make_boot();
    struct route r;
    assert_fine(route_open(&r, &b));
    for (size_t i = 0; i < COUNT(table); i++) {
        struct route_answer got = decide(&r, table[i].address, ROUTE_RCPT, table[i].relay);
        if (got.outcome != table[i].outcome || !str_eq(got.user, table[i].user) ||
            !str_eq(got.dash, table[i].dash) || !str_eq(got.ext, table[i].ext) ||
            !str_eq(got.local, table[i].local))
            fail_msg("%.*s: got %u %.*s \"%.*s\" \"%.*s\" %.*s: %.*s", STR_ARG(table[i].address),
                     got.outcome, STR_ARG(got.user), STR_ARG(got.dash), STR_ARG(got.ext),
                     STR_ARG(got.local), STR_ARG(got.text));
        bool no = got.outcome != ROUTE_LOCAL && got.outcome != ROUTE_REMOTE;
        assert_int_equal(got.text.n != 0, no);
    }
    route_close(&r);
    fd_close(b.site_fd);
}

static void a_delivery_is_told_where_to_go_whether_it_exists_or_not(void **state)
{
    (void)state;
    struct boot b = make_boot();
    struct route r;
    assert_fine(route_open(&r, &b));
    struct route_answer got = decide(&r, S("ann-none@mail.example.test"), ROUTE_DELIVER, 0);
    assert_int_equal(got.outcome, ROUTE_LOCAL);
    assert_int_equal(got.uid, 1001);
    assert_str(got.home, arena_printf(a, "%s/home/ann", root.path));
    got = decide(&r, S("x@v.example"), ROUTE_DELIVER, 0);
    assert_str(got.address, S("ann-v-x@v.example"));
    assert_str(got.strip, S("ann-v-"));
    got = decide(&r, S("x@far.example"), ROUTE_DELIVER, 0);
    assert_int_equal(got.outcome, ROUTE_REMOTE);
    assert_str(got.host, S("far.example"));
    route_close(&r);
    fd_close(b.site_fd);
}

static void the_cache_forgets_after_its_time_and_at_a_reload(void **state)
{
    (void)state;
    struct cache *c = cache_new();
    const struct route_ask ask = {.purpose = ROUTE_RCPT, .address = S("ann@x")};
    const struct route_ask other = {.purpose = ROUTE_DELIVER, .address = S("ann@x")};
    const struct route_answer yes = {.outcome = ROUTE_LOCAL, .user = S("ann")};
    const struct route_answer later = {.outcome = ROUTE_TEMP};
    cache_put(c, &ask, &yes, 1000);
    assert_str(cache_get(c, &ask, 1000 + ROUTE_CACHE_MS - 1)->user, S("ann"));
    assert_null(cache_get(c, &other, 1000));
    assert_null(cache_get(c, &ask, 1000 + ROUTE_CACHE_MS));
    cache_put(c, &other, &later, 1000);
    assert_null(cache_get(c, &other, 1000)); /* what could not be told is asked again */
    cache_put(c, &ask, &yes, 5000);
    cache_drop(c);
    assert_null(cache_get(c, &ask, 5000));
    for (int i = 0; i < 3 * ROUTE_CACHE_ENTRIES; i++) {
        struct route_ask many = {.purpose = 1, .address = arena_printf(a, "u%d@x", i)};
        cache_put(c, &many, &yes, 1);
        assert_non_null(cache_get(c, &many, 1));
    }
    cache_free(c);
}

static _Noreturn void serve(struct boot *b)
{
    static struct route r;
    err e = route_open(&r, b);
    if (!failed(e))
        e = route_run(&r);
    _exit(failed(e));
}

static void it_serves_many_channels_and_ends_when_told(void **state)
{
    (void)state;
    struct boot b = make_boot();
    int init[2], door[2];
    assert_fine(fd_pair(FD_PAIR_PACKET, &init[0], &init[1]));
    assert_fine(fd_pair(FD_PAIR_PACKET, &door[0], &door[1]));
    b.init = channel_new(init[1]);
    b.clients[PROGRAM_SMTPD] = channel_new(door[1]);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fd_close(init[0]);
        fd_close(door[0]);
        serve(&b);
    }
    struct channel *to_init = channel_new(init[0]);
    struct packet p;
    assert_fine(channel_recv(to_init, DEADLINE_NEVER, &p));
    assert_int_equal(p.type, IPC_INIT_READY);
    struct channel *c[3];
    for (int i = 0; i < 3; i++)
        assert_fine(door_open(door[0], &c[i]));
    for (int round = 0; round < 100; round++) {
        struct route_ask ask = {.purpose = ROUTE_RCPT,
                                .address =
                                    round % 2 ? S("ann@example.test") : S("no@example.test")};
        struct route_answer got;
        assert_fine(channel_ask(c[round % 3], &route_ask_schema, &ask, NULL, 0,
                                &route_answer_schema, DEADLINE_NEVER, &got, NULL));
        assert_int_equal(got.outcome, round % 2 ? ROUTE_LOCAL : ROUTE_NO_USER);
    }
    channel_free(c[0]);
    const struct init_nothing nothing = {0};
    assert_fine(channel_send(to_init, &init_drain_schema, 0, &nothing, NULL, 0));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    channel_free(c[1]);
    channel_free(c[2]);
    channel_free(to_init);
    channel_free(b.init);
    channel_free(b.clients[PROGRAM_SMTPD]);
    fd_close(b.site_fd);
    fd_close(door[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_exist_or_not_as_their_files_say),
        cmocka_unit_test(a_delivery_is_told_where_to_go_whether_it_exists_or_not),
        cmocka_unit_test(the_cache_forgets_after_its_time_and_at_a_reload),
        cmocka_unit_test(it_serves_many_channels_and_ends_when_told),
    };
    return cmocka_run_group_tests(tests, make_house, remove_house);
}
