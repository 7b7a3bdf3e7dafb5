/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/auth.h"
#include "ipc/door.h"
#include "ipc/submit.h"
#include "os/clock.h"
#include "os/fd.h"

static void a_struct_comes_out_as_it_went_in(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, IPC_PACKET_MAX);
    struct submit in = {.sender = S("ann@example.test"),
                        .recipients = S("a@b\0\0\0"),
                        .size = 1ull << 40,
                        .flags = SUBMIT_8BITMIME,
                        .uid = 1000};
    struct submit out;
    assert_false(failed(ipc_encode(&submit_schema, 7, &in, &b)));
    assert_false(failed(ipc_decode(&submit_schema, buf_str(&b), &out)));
    assert_true(str_eq(out.sender, in.sender) && str_eq(out.recipients, in.recipients));
    assert_true(out.size == in.size && out.flags == in.flags && out.uid == in.uid);
}

static void every_shorter_or_longer_packet_is_refused(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, IPC_PACKET_MAX);
    struct auth_done in = {.outcome = AUTH_OK, .user = S("ann"), .home = S("/home/ann")};
    struct auth_done out;
    assert_false(failed(ipc_encode(&auth_done_schema, 7, &in, &b)));
    for (size_t n = 0; n < b.n; n++)
        assert_true(failed(ipc_decode(&auth_done_schema, str_slice(buf_str(&b), 0, n), &out)));
    buf_addc(&b, 0);
    assert_int_equal(ipc_decode(&auth_done_schema, buf_str(&b), &out).kind, ERR_SYNTAX);
}

static void a_text_over_its_limit_is_refused_on_both_sides(void **state)
{
    (void)state;
    static char big[300];
    auto_buf struct buf b;
    buf_init(&b, IPC_PACKET_MAX);
    struct auth_done in = {.user = str_of(big, 256)};
    assert_int_equal(ipc_encode(&auth_done_schema, 7, &in, &b).kind, ERR_LIMIT);
}

static void a_knock_at_a_door_opens_a_private_channel(void **state)
{
    (void)state;
    int a, b;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    struct channel *door = channel_new(b);
    struct channel *mine;
    assert_false(failed(door_open(a, &mine)));
    struct door_knock who;
    int fd;
    assert_false(failed(door_answer(door, &who, &fd)));
    assert_int_equal(door_answer(door, &who, &fd).kind, ERR_TEMP);
    struct channel *theirs = channel_new(fd);
    assert_false(
        failed(channel_send(mine, &auth_step_schema, 3, &(struct auth_blob){S("hello")}, &a, 1)));
    struct packet p;
    assert_false(failed(channel_recv(theirs, deadline_in_ms(1000), &p)));
    struct auth_blob got;
    assert_false(failed(ipc_decode(&auth_step_schema, p.bytes, &got)));
    assert_true(str_eq(got.blob, S("hello")) && p.id == 3 && p.n_fds == 1);
    channel_free(mine);
    assert_int_equal(channel_recv(theirs, deadline_in_ms(1000), &p).kind, ERR_CLOSED);
    channel_free(theirs);
    channel_free(door);
    fd_close(a);
}

static void a_body_travels_whole_between_what_is_written_around_it(void **state)
{
    (void)state;
    static char body[IPC_INLINE_MAX + 1];
    static const size_t sizes[] = {IPC_LARGE_FROM - 1, IPC_LARGE_FROM, IPC_INLINE_MAX};
    int a, b;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    struct channel *from = channel_new(a), *to = channel_new(b);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7 % 251);
    for (size_t i = 0; i < 3; i++) {
        struct submit in = {.sender = S("a@b.test"),
                            .message = str_of(body, sizes[i]),
                            .size = sizes[i],
                            .envid = S("after"),
                            .pid = 9};
        struct submit out;
        struct packet p;
        assert_false(failed(channel_try_send(from, &submit_schema, 4, &in, NULL, 0)));
        assert_false(failed(channel_try_recv(to, &p)));
        assert_false(failed(ipc_decode(&submit_schema, p.bytes, &out)));
        assert_true(str_eq(out.message, in.message) && str_eq(out.sender, in.sender));
        assert_true(str_eq(out.envid, in.envid) && out.pid == 9 && out.size == sizes[i]);
    }
    struct submit large = {.message = str_of(body, sizeof body)};
    assert_int_equal(channel_try_send(from, &submit_schema, 4, &large, NULL, 0).kind, ERR_LIMIT);
    channel_free(from);
    channel_free(to);
}

static void say(struct channel *c, const char *text, const int *fds, size_t n_fds)
{
    struct auth_blob blob = {str_from(text)};
    assert_false(failed(channel_try_send(c, &auth_step_schema, 5, &blob, fds, n_fds)));
}

static void hears(struct channel *c, const char *text, size_t n_fds)
{
    struct packet p;
    struct auth_blob got;
    assert_false(failed(channel_try_recv(c, &p)));
    assert_false(failed(ipc_decode(&auth_step_schema, p.bytes, &got)));
    assert_true(str_eq(got.blob, str_from(text)) && p.id == 5 && p.n_fds == n_fds);
}

static void held_packets_leave_as_one_and_come_out_in_order(void **state)
{
    (void)state;
    int a, b;
    struct packet p;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    struct channel *from = channel_new(a), *to = channel_new(b);
    channel_hold(from);
    say(from, "one", NULL, 0);
    say(from, "", NULL, 0);
    assert_int_equal(channel_try_recv(to, &p).kind, ERR_TEMP);
    say(from, "with a descriptor", &a, 1); /* waits for nobody, overtakes nobody */
    say(from, "last", NULL, 0);
    hears(to, "one", 0);
    hears(to, "", 0);
    hears(to, "with a descriptor", 1);
    assert_int_equal(channel_try_recv(to, &p).kind, ERR_TEMP);
    assert_false(failed(channel_flush(from, false)));
    assert_false(failed(channel_flush(from, false)));
    hears(to, "last", 0);
    assert_int_equal(channel_try_recv(to, &p).kind, ERR_TEMP);
    channel_free(from);
    channel_free(to);
}

static void held_packets_wait_on_while_the_peer_is_busy_and_none_is_lost(void **state)
{
    (void)state;
    static char body[IPC_INLINE_MAX];
    int a, b;
    uint64_t sent = 0, got = 0;
    struct packet p;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    struct channel *from = channel_new(a), *to = channel_new(b);
    channel_hold(from);
    err e = OK_ERR;
    while (!failed(e)) { /* of both kinds: those that wait, and those that are too large to */
        struct submit m = {.size = sent, .message = str_of(body, sent % 5 ? 9000 : sizeof body)};
        e = channel_try_send(from, &submit_schema, 5, &m, NULL, 0);
        sent += !failed(e);
    }
    assert_int_equal(e.kind, ERR_TEMP);
    while (got < sent) {
        struct submit m;
        (void)failed(channel_flush(from, false)); /* when there is room */
        assert_false(failed(channel_try_recv(to, &p)));
        assert_false(failed(ipc_decode(&submit_schema, p.bytes, &m)));
        assert_int_equal(m.size, got++);
    }
    assert_int_equal(channel_try_recv(to, &p).kind, ERR_TEMP);
    channel_free(from);
    channel_free(to);
}

static void a_bundle_that_ends_early_or_holds_a_bundle_is_refused(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 4096);
    struct auth_blob blob = {S("hello")};
    ipc_bundle_begin(&b);
    assert_false(failed(ipc_bundle_add(&b, &auth_step_schema, 1, &blob)));
    str rest = str_from_at(buf_str(&b), IPC_HEADER), packet;
    for (size_t n = 0; n < rest.n; n++) {
        str part = str_slice(rest, 0, n);
        assert_int_equal(ipc_bundle_next(&part, &packet).kind, ERR_SYNTAX);
    }
    struct ipc_schema nested = auth_step_schema;
    nested.type = IPC_BUNDLE;
    buf_reset(&b);
    assert_false(failed(ipc_bundle_add(&b, &nested, 1, &blob)));
    rest = buf_str(&b);
    assert_int_equal(ipc_bundle_next(&rest, &packet).kind, ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struct_comes_out_as_it_went_in),
        cmocka_unit_test(every_shorter_or_longer_packet_is_refused),
        cmocka_unit_test(a_text_over_its_limit_is_refused_on_both_sides),
        cmocka_unit_test(a_body_travels_whole_between_what_is_written_around_it),
        cmocka_unit_test(a_knock_at_a_door_opens_a_private_channel),
        cmocka_unit_test(held_packets_leave_as_one_and_come_out_in_order),
        cmocka_unit_test(held_packets_wait_on_while_the_peer_is_busy_and_none_is_lost),
        cmocka_unit_test(a_bundle_that_ends_early_or_holds_a_bundle_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
