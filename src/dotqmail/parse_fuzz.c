/* SPDX-License-Identifier: ISC */
/* Any .qmail gives instructions in line order, and nothing runs after a refusal; any
 * extension gives a search that ends; any sender gives lines with one line end. */
#include "dotqmail/parse.h"

#include "dotqmail/environment.h"
#include "dotqmail/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        __builtin_trap();
}

static void search(str ext, struct arena *a)
{
    struct dotqmail_search s;
    struct dotqmail_name n;
    size_t names = 0;
    search_begin(&s, S("-"), ext, a);
    while (search_next(&s, a, &n)) {
        must(++names <= ext.n + 2);
        must(str_find_str(n.file, S("/../")) < 0 && str_starts(n.file, S(".qmail-")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *a;
    if (!a)
        a = arena_new("fuzz", (size_t)1 << 30);
    arena_reset(a);
    str in = str_of(data, size);
    struct dotqmail d;
    auto_buf struct buf out;
    buf_init(&out, 2 * size + 4096);
    if (!failed(dotqmail_parse(in, size % 2, S("./Maildir/"), a, &d))) {
        for (size_t i = 0; i < d.n; i++) {
            must(i == 0 || d.at[i].line > d.at[i - 1].line);
            must(d.at[i].kind != DO_REFUSE || i == d.n - 1);
            (void)instruction_print(&d.at[i], &out);
        }
    }
    str head = str_slice(in, 0, 2000);
    search(head, a);
    str lines[] = {delivery_rpline(head, a), delivery_dtline(head, head, a),
                   delivery_ufline(head, 0, a)};
    for (size_t i = 0; i < 3; i++)
        must(str_find(lines[i], '\n') == (ptrdiff_t)lines[i].n - 1);
    (void)delivery_loops(in, lines[1]);
    const struct delivery e = {.host = head, .ext = head, .sender = delivery_verp(head, head, a)};
    (void)delivery_environment(&e, a);
    return 0;
}
