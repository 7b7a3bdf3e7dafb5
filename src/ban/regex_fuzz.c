/* SPDX-License-Identifier: ISC */
/* An expression and a text of anything. What is said without matching must agree with the match,
 * and no match takes more than its steps. */
#include <stdlib.h>
#include <string.h>

#include "ban/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 3000)
        return 0;
    const uint8_t *nul = memchr(data, 0, size);
    size_t n = nul ? (size_t)(nul - data) : size;
    struct arena *a = arena_new("fuzz", (size_t)512 << 20);
    struct findings f;
    findings_init(&f, a);
    struct conf_text t = conf_text_of(str_of(data, n), (struct conf_place){S("f"), 1}, a);
    struct regex *r = regex_new(&f, &t, REGEX_SEARCH, NULL, size & 1, false);
    if (r) {
        auto_buf struct buf text;
        buf_init(&text, 1 << 16);
        text_to_utf8(str_of(data + n, size - n), &text);
        struct regex_hit hit;
        struct regex_near near;
        str s = buf_str(&text);
        bool plain = text_is_plain(s);
        for (int i = 0; i < 2; i++) {
            enum regex_outcome o = regex_match(r, s, 0, plain, &hit);
            if (o == REGEX_YES && plain && regex_hopeless(r, s))
                abort();
            if (o == REGEX_YES && hit.at[0] <= hit.at[1] && hit.at[1] > s.n)
                abort();
        }
        /* On plain text the two dialects say the same. */
        enum regex_outcome x = regex_match(r, s, 0, plain, &hit);
        size_t from = x == REGEX_YES ? hit.at[0] : 0, to = x == REGEX_YES ? hit.at[1] : 0;
        enum regex_outcome y = regex_match(r, s, 0, false, &hit);
        if (plain && x != REGEX_GAVE_UP && y != REGEX_GAVE_UP &&
            (x != y || (x == REGEX_YES && (hit.at[0] != from || hit.at[1] != to))))
            abort();
        (void)regex_nearest(r, s, &near);
    }
    regex_free(r);
    findings_done(&f);
    arena_free(a);
    return 0;
}
