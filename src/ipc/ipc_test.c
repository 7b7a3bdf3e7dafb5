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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struct_comes_out_as_it_went_in),
        cmocka_unit_test(every_shorter_or_longer_packet_is_refused),
        cmocka_unit_test(a_text_over_its_limit_is_refused_on_both_sides),
        cmocka_unit_test(a_body_travels_whole_between_what_is_written_around_it),
        cmocka_unit_test(a_knock_at_a_door_opens_a_private_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
