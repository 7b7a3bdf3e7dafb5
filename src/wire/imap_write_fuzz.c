/* SPDX-License-Identifier: ISC */
/* ENVELOPE and BODYSTRUCTURE of any message are one well-formed parenthesised list each. */
#include "wire/imap_write.h"

#include <assert.h>

#include "wire/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads one value: list, string, NIL or number; returns what is left. */
static str one_value(str s)
{
    int depth = 0;
    struct arena *a = arena_new("fuzz", 64 << 20);
    struct imap_reader r = {.rest = s, .arena = a};
    do {
        str ignored;
        assert(r.rest.n > 0);
        if (imap_skip(&r, '('))
            depth++;
        else if (imap_skip(&r, ')'))
            depth--;
        else if (imap_skip(&r, ' '))
            assert(depth > 0);
        else if (char_is_digit(r.rest.p[0]))
            assert(!failed(imap_atom(&r, &ignored)));
        else
            assert(!failed(imap_nstring(&r, &ignored)));
    } while (depth > 0);
    str rest = r.rest;
    arena_free(a);
    return rest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    auto_arena struct arena *a = arena_new("fuzz", 256 << 20);
    auto_arena struct arena *scratch = arena_new("fuzz", 256 << 20);
    auto_buf struct buf b;
    buf_init(&b, IMAP_ANSWER_MAX);
    str message = str_of(data, size);
    struct envelope e = envelope_read(scratch, header_split(message, 0).header);
    imap_write_envelope(&b, &e);
    assert(b.over || one_value(buf_str(&b)).n == 0);
    const struct mime_part *root = mime_parse(a, message);
    for (int extended = 0; extended < 2; extended++) {
        buf_reset(&b);
        imap_write_structure(&b, scratch, root, extended != 0);
        assert(b.over || one_value(buf_str(&b)).n == 0);
    }
    return 0;
}
