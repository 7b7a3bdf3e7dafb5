/* SPDX-License-Identifier: ISC */
#include "list/qsbmf.h"

#include "wire/header.h"

/* The lines up to an empty one; *rest goes behind that. False at the end. */
static bool next_paragraph(str *rest, str *ret)
{
    str line, from;
    do {
        from = *rest;
        if (!str_line(rest, &line))
            return false;
    } while (!line.n);
    size_t n = 0;
    do {
        n = (size_t)(line.p + line.n - from.p);
    } while (str_line(rest, &line) && line.n);
    *ret = str_slice(from, 0, n);
    return true;
}

bool qsbmf_each(str message, void (*fn)(void *ctx, str address, str report), void *ctx)
{
    str rest = header_split(message, 0).body, part, line, report;
    if (!next_paragraph(&rest, &part) || !str_starts(part, S("Hi. This is the")))
        return false;
    for (size_t n = 0; n < QSBMF_RECIPIENTS_MAX && next_paragraph(&rest, &part);) {
        if (str_starts(part, S("-")))
            break;
        report = part;
        if (!str_line(&report, &line) || !str_skip(&line, S("<")) || !str_ends(line, S(">:")))
            continue;
        fn(ctx, str_slice(line, 0, line.n - 2), report);
        n++;
    }
    return true;
}
