/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/imap_resync.h"

static struct arena *arena;

static struct imap_reader reader(const char *text)
{
    return (struct imap_reader){.rest = str_from(text), .arena = arena};
}

/* RFC 7162 3.2.5. */
static void qresync_is_read_with_all_that_may_follow(void **state)
{
    (void)state;
    struct imap_reader r = reader(" (QRESYNC (67890007 90060115194045000 41:211,500 (1,3:4 "
                                  "41,50:51)) CONDSTORE)\r\n");
    struct imap_select_params p;
    assert_false(failed(imap_select_params(&r, &p)));
    assert_true(p.qresync && p.condstore);
    assert_int_equal(p.uidvalidity, 67890007);
    assert_true(p.modseq == UINT64_C(90060115194045000));
    assert_int_equal(p.known.n, 2);
    assert_int_equal(p.known.at[1].lo, 500);
    assert_int_equal(p.seqs.n, 2);
    assert_int_equal(p.uids.at[1].hi, 51);
    r = reader(" (QRESYNC (1 2 (1 7)))");
    assert_false(failed(imap_select_params(&r, &p)));
    assert_int_equal(p.known.n, 0);
    assert_int_equal(p.uids.at[0].lo, 7);
    r = reader("\r\n");
    assert_false(failed(imap_select_params(&r, &p)));
    assert_false(p.qresync || p.condstore);
}

static void bad_parameters_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        " ()",
        " (CONDSTORE",
        " (QRESYNC)",
        " (QRESYNC (0 1))",
        " (QRESYNC (1 0))",
        " (QRESYNC (1 9223372036854775808))",
        " (QRESYNC (1 1 *))",
        " (QRESYNC (1 1 1:*))",
        " (QRESYNC (1 1 $))",
        " (QRESYNC (1 1 1:9 (1:2 5)))",
        " (QRESYNC (1 1 1:9 (2,1 5,6)))",
        " (QRESYNC (1 1 1:9 (1:2 6:5)))",
        " (QRESYNC (1 1) QRESYNC (1 1))",
        " (EVERYTHING)",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imap_reader r = reader(bad[i]);
        struct imap_select_params p;
        if (!failed(imap_select_params(&r, &p)))
            fail_msg("%s was taken", bad[i]);
    }
}

static void fetch_takes_its_modifiers_in_any_order(void **state)
{
    (void)state;
    struct imap_reader r = reader(" (VANISHED PARTIAL -1:-30 CHANGEDSINCE 12345)\r\n");
    struct imap_fetch_modifiers m;
    assert_false(failed(imap_fetch_modifiers(&r, &m)));
    assert_true(m.changed && m.vanished && m.has_partial && m.partial.from_end);
    assert_int_equal(m.changedsince, 12345);
    r = reader(" (VANISHED)"); /* RFC 7162 3.2.6 */
    assert_true(failed(imap_fetch_modifiers(&r, &m)));
    r = reader(" (CHANGEDSINCE 1 CHANGEDSINCE 2)");
    assert_true(failed(imap_fetch_modifiers(&r, &m)));
}

static void store_may_ask_for_the_unchanged(void **state)
{
    (void)state;
    struct imap_reader r = reader(" (UNCHANGEDSINCE 320162338) +FLAGS (a)");
    bool given;
    uint64_t since = 0;
    assert_false(failed(imap_store_modifiers(&r, &given, &since)));
    assert_true(given && since == 320162338);
    assert_true(str_eq(r.rest, S(" +FLAGS (a)")));
    r = reader(" FLAGS (a)");
    assert_false(failed(imap_store_modifiers(&r, &given, &since)));
    assert_false(given);
    r = reader(" (UNCHANGED 1) FLAGS (a)");
    assert_true(failed(imap_store_modifiers(&r, &given, &since)));
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new("test", 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qresync_is_read_with_all_that_may_follow),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(fetch_takes_its_modifiers_in_any_order),
        cmocka_unit_test(store_may_ask_for_the_unchanged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
