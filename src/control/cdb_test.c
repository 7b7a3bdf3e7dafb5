/* SPDX-License-Identifier: ISC */
#include "control/cdb.h"

#include "control/testing.h"

static void every_record_is_found_and_no_other(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 8 << 20);
    struct cdb_make m;
    cdb_make_start(&m, &b);
    char key[32], data[32];
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof key, "key%d", i);
        (void)snprintf(data, sizeof data, "data%d", i * 7);
        cdb_make_add(&m, str_from(key), str_from(data));
    }
    assert_fine(cdb_make_finish(&m));
    str got;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof key, "key%d", i);
        (void)snprintf(data, sizeof data, "data%d", i * 7);
        assert_fine(cdb_find(buf_str(&b), str_from(key), &got));
        assert_str(got, str_from(data));
        (void)snprintf(key, sizeof key, "no%d", i);
        assert_int_equal(cdb_find(buf_str(&b), str_from(key), &got).kind, ERR_NOTFOUND);
    }
    size_t at = 0, n = 0;
    str k;
    while (cdb_next(buf_str(&b), &at, &k, &got))
        n++;
    assert_int_equal(n, 5000);
}

static void the_first_of_equal_keys_is_found(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    struct cdb_make m;
    cdb_make_start(&m, &b);
    cdb_make_add(&m, S("k"), S("first"));
    cdb_make_add(&m, S("k"), S("second"));
    cdb_make_add(&m, S(""), S("empty key"));
    assert_fine(cdb_make_finish(&m));
    str got;
    assert_fine(cdb_find(buf_str(&b), S("k"), &got));
    assert_str(got, S("first"));
    assert_fine(cdb_find(buf_str(&b), S(""), &got));
    assert_str(got, S("empty key"));
}

/* The whole file of `printf 'a:allow\n' | tcprules`: header, one record, one table. */
static void the_bytes_are_those_of_cdbmake(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    struct cdb_make m;
    cdb_make_start(&m, &b);
    cdb_make_add(&m, S("one"), S("Hello"));
    assert_fine(cdb_make_finish(&m));
    assert_int_equal(b.n, 2048 + 8 + 8 + 16);
    assert_memory_equal(b.p + 2048, "\3\0\0\0\5\0\0\0oneHello", 16);
    /* djb's hash of "one": 5381, then h * 33 ^ c */
    uint32_t h = 5381;
    for (const char *p = "one"; *p; p++)
        h = (h * 33) ^ (unsigned char)*p;
    const unsigned char *entry = (const unsigned char *)b.p + (h % 256) * 8;
    assert_int_equal(entry[0] | entry[1] << 8, 2048 + 16);
    assert_int_equal(entry[4], 2);
}

static void a_damaged_database_is_an_error_not_a_crash(void **state)
{
    (void)state;
    str got;
    assert_int_equal(cdb_find(S(""), S("k"), &got).kind, ERR_SYNTAX);
    char bytes[2048];
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(cdb_find(str_of(bytes, sizeof bytes), S("k"), &got).kind, ERR_SYNTAX);
}

static void a_database_past_its_maximum_is_refused(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 3000);
    struct cdb_make m;
    cdb_make_start(&m, &b);
    for (int i = 0; i < 200; i++)
        cdb_make_add(&m, S("some key"), S("some data"));
    assert_int_equal(cdb_make_finish(&m).kind, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_found_and_no_other),
        cmocka_unit_test(the_first_of_equal_keys_is_found),
        cmocka_unit_test(the_bytes_are_those_of_cdbmake),
        cmocka_unit_test(a_damaged_database_is_an_error_not_a_crash),
        cmocka_unit_test(a_database_past_its_maximum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
