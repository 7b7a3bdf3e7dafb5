/* SPDX-License-Identifier: ISC */
#include "list/members.h"

#include "list/list_kit.h"

static void an_address_is_found_in_whatever_file_it_lies(void **state)
{
    struct kit *k = *state;
    kit_file(k, "subscribers/a", "Tjoe@host.example"); /* torn: no NUL */
    assert_false(kit_has(k, "", "joe@host.example"));
    int fd;
    assert_false(failed(file_open(k->list.dir, "subscribers/c", O_WRONLY | O_CREAT, 0644, &fd)));
    assert_false(failed(file_write(fd, S("TJoe@host.example\0Tx@y.test\0Thalf@"))));
    fd_close(fd);
    assert_true(kit_has(k, "", "joe@host.example"));
    assert_true(kit_has(k, "", "JOE@HOST.example"));
    assert_true(kit_has(k, "", "x@y.test"));
    assert_false(kit_has(k, "", "half@"));
}

static void adding_takes_the_64_bit_file_of_a_new_list(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "joe@host.example");
    assert_int_equal(kit_read(k, "subscribers/O").n, sizeof "Tjoe@host.example");
}

static void adding_follows_a_list_born_on_32_bits(void **state)
{
    struct kit *k = *state;
    int fd;
    kit_file(k, "subscribers/x", "");
    assert_false(failed(file_open(k->list.dir, "subscribers/T", O_WRONLY | O_CREAT, 0644, &fd)));
    assert_false(failed(file_write(fd, S("Tfred@example.com\0"))));
    fd_close(fd);
    kit_add(k, "", "joe@host.example");
    assert_int_equal(kit_read(k, "subscribers/a").n, sizeof "Tjoe@host.example");
}

static void twice_is_once_and_removal_finds_every_copy(void **state)
{
    struct kit *k = *state;
    struct members m;
    struct member_change c[2] = {{.address = S("Ann@far.test"), .add = true, .bucket = -1},
                                 {.address = S("bob@far.test"), .add = true, .bucket = -1}};
    kit_add(k, "", "ann@far.test");
    assert_false(failed(members_open(k->list.dir, S(""), &m)));
    assert_false(failed(members_change(&m, c, 2)));
    assert_false(c[0].done);
    assert_true(c[1].done);
    c[0].add = c[1].add = false;
    c[1].address = S("nobody@far.test");
    assert_false(failed(members_change(&m, c, 2)));
    assert_true(c[0].done);
    assert_false(c[1].done);
    members_close(&m);
    assert_false(kit_has(k, "", "ann@far.test"));
    assert_true(kit_has(k, "", "bob@far.test"));
}

static void a_domain_may_stand_for_all_its_people(void **state)
{
    struct kit *k = *state;
    struct members m;
    err e;
    kit_add(k, "allow", "@far.test");
    assert_false(failed(members_open(k->list.dir, S("allow"), &m)));
    assert_true(members_covers(&m, S("ann@far.test"), &e));
    assert_false(members_covers(&m, S("ann@near.test"), &e));
    members_close(&m);
}

static void repair_puts_everybody_where_others_look(void **state)
{
    struct kit *k = *state;
    struct members m;
    struct member_report r;
    int fd;
    kit_file(k, "subscribers/x", "");
    assert_false(failed(file_open(k->list.dir, "subscribers/c", O_WRONLY | O_CREAT, 0644, &fd)));
    assert_false(failed(file_write(fd, S("Tjoe@host.example\0Tjoe@host.example\0Thalf"))));
    fd_close(fd);
    assert_false(failed(members_open(k->list.dir, S(""), &m)));
    assert_false(failed(members_check(&m, true, &r)));
    assert_int_equal(r.misplaced, 2);
    assert_int_equal(r.doubled, 1);
    assert_int_equal(r.torn, 1);
    assert_int_equal(kit_read(k, "subscribers/O").n, sizeof "Tjoe@host.example");
    assert_int_equal(kit_read(k, "subscribers/c").n, 0);
    assert_false(failed(members_check(&m, false, &r)));
    assert_int_equal(r.misplaced + r.doubled + r.torn, 0);
    members_close(&m);
}

static void what_no_record_may_hold_is_no_address(void **state)
{
    struct kit *k = *state;
    str out;
    char longer[MEMBER_MAX + 2];
    assert_true(failed(member_normal(k->arena, S("nobody"), &out)));
    assert_true(failed(member_normal(k->arena, S("a\nb@c"), &out)));
    memset(longer, 'a', sizeof longer);
    longer[5] = '@';
    assert_false(failed(member_normal(k->arena, str_of(longer, MEMBER_MAX), &out)));
    assert_true(failed(member_normal(k->arena, str_of(longer, MEMBER_MAX + 1), &out)));
    assert_false(failed(member_normal(k->arena, S("Ann@FAR.test"), &out)));
    assert_text(out, "Ann@far.test");
}

static void ten_thousand_at_once_write_each_file_once(void **state)
{
    struct kit *k = *state;
    enum { N = 10'000 };
    struct members m;
    struct member_report r;
    struct member_change *c = NEW_N(k->arena, struct member_change, N);
    for (int i = 0; i < N; i++)
        c[i] = (struct member_change){
            .address = arena_printf(k->arena, "m%d@far.test", i), .add = true, .bucket = -1};
    assert_false(failed(members_open(k->list.dir, S(""), &m)));
    assert_false(failed(members_change(&m, c, N)));
    assert_false(failed(members_check(&m, false, &r)));
    assert_int_equal(r.members, N);
    members_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kit_test(an_address_is_found_in_whatever_file_it_lies),
        kit_test(adding_takes_the_64_bit_file_of_a_new_list),
        kit_test(adding_follows_a_list_born_on_32_bits),
        kit_test(twice_is_once_and_removal_finds_every_copy),
        kit_test(a_domain_may_stand_for_all_its_people),
        kit_test(repair_puts_everybody_where_others_look),
        kit_test(what_no_record_may_hold_is_no_address),
        kit_test(ten_thousand_at_once_write_each_file_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
