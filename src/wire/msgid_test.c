/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/msgid.h"

static void expect(const char *value, const char *const *want, size_t n)
{
    auto_buf struct buf b;
    buf_init(&b, 2048);
    str rest = str_from(value);
    for (size_t i = 0; i < n; i++) {
        if (!msgid_next(&rest, &b) || !str_eq(buf_str(&b), str_from(want[i])))
            fail_msg("%s: %zu is \"%.*s\"", value, i, STR_ARG(buf_str(&b)));
    }
    if (msgid_next(&rest, &b))
        fail_msg("%s: too many: \"%.*s\"", value, STR_ARG(buf_str(&b)));
}
#define EXPECT(value, ...)                                                                         \
    expect(value, (const char *const[]){__VA_ARGS__},                                              \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void identifiers_are_found_between_anything(void **state)
{
    (void)state;
    EXPECT(" <a@b>\r\n\t<c@d>", "a@b", "c@d");
    EXPECT("Your message of today <a@b>, (and) <c.d@e>", "a@b", "c.d@e");
    EXPECT("<\"a b\"@c> <\"\\\"x\"@d>", "a b@c", "\"x@d");
    EXPECT("<01@[127.0.0.1]>", "01@[127.0.0.1]");
    EXPECT("<a@b <c@d>", "c@d");
    EXPECT("<a\r\n @ b >", "a@b");
    expect("<ab> <> <@b> <a@> <a@b", NULL, 0);
    expect("no identifier", NULL, 0);
}

/* RFC 5256 3. */
static void quoting_makes_no_difference(void **state)
{
    (void)state;
    EXPECT("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_found_between_anything),
        cmocka_unit_test(quoting_makes_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
