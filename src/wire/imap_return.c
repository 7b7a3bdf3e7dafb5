/* SPDX-License-Identifier: ISC */
#include "wire/imap_return.h"

err imap_partial_range(struct imap_reader *r, struct imap_partial *ret)
{
    str start = r->rest;
    struct imap_partial p = {.from_end = imap_skip(r, '-')};
    err e = imap_nz_number(r, &p.lo);
    if (failed(e))
        return err_new(ERR_SYNTAX, "bad partial range");
    if (!imap_skip(r, ':') || imap_skip(r, '-') != p.from_end)
        return err_new(ERR_SYNTAX, "bad partial range");
    e = imap_nz_number(r, &p.hi);
    if (failed(e))
        return err_new(ERR_SYNTAX, "bad partial range");
    p.as_sent = str_slice(start, 0, start.n - r->rest.n);
    /* RFC 9394 4: as in a message set, the order of the two does not matter. */
    if (p.lo > p.hi) {
        uint32_t lo = p.hi;
        p.hi = p.lo;
        p.lo = lo;
    }
    *ret = p;
    return OK_ERR;
}

void imap_partial_of(const struct imap_partial *p, size_t n, size_t *ret_from, size_t *ret_to)
{
    size_t lo = p->lo - 1, hi = p->hi; /* [lo, hi), counted from the end that is meant */
    if (lo > n)
        lo = n;
    if (hi > n)
        hi = n;
    *ret_from = p->from_end ? n - hi : lo;
    *ret_to = p->from_end ? n - lo : hi;
}

static err option(struct imap_reader *r, struct imap_return *ret)
{
    static const struct {
        str name;
        enum imap_return_option option;
    } table[] = {
        {S("MIN"), IMAP_RETURN_MIN},         {S("MAX"), IMAP_RETURN_MAX},
        {S("ALL"), IMAP_RETURN_ALL},         {S("COUNT"), IMAP_RETURN_COUNT},
        {S("SAVE"), IMAP_RETURN_SAVE},       {S("UPDATE"), IMAP_RETURN_UPDATE},
        {S("CONTEXT"), IMAP_RETURN_CONTEXT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!imap_skip_word(r, table[i].name))
            continue;
        ret->options |= table[i].option;
        return OK_ERR;
    }
    if (!imap_skip_word(r, S("PARTIAL")))
        return err_new(ERR_SYNTAX, "no such return option");
    if (ret->options & IMAP_RETURN_PARTIAL)
        return err_new(ERR_SYNTAX, "one PARTIAL is enough");
    ret->options |= IMAP_RETURN_PARTIAL;
    err e = imap_space(r);
    return failed(e) ? e : imap_partial_range(r, &ret->partial);
}

err imap_return(struct imap_reader *r, struct imap_return *ret)
{
    struct imap_reader at = *r;
    struct imap_return found = {.given = true};
    *ret = (struct imap_return){0};
    if (!imap_skip(&at, ' ') || !imap_skip_word(&at, S("RETURN")))
        return OK_ERR;
    err e = imap_space(&at);
    if (failed(e))
        return e;
    if (!imap_skip(&at, '('))
        return err_new(ERR_SYNTAX, "a list of return options is expected");
    if (!imap_skip(&at, ')')) {
        do {
            e = option(&at, &found);
            if (failed(e))
                return e;
        } while (imap_skip(&at, ' '));
        if (!imap_skip(&at, ')'))
            return err_new(ERR_SYNTAX, "a list of return options has no end");
    }
    /* RFC 9394 3.1. */
    if ((found.options & IMAP_RETURN_ALL) && (found.options & IMAP_RETURN_PARTIAL))
        return err_new(ERR_SYNTAX, "ALL and PARTIAL exclude each other");
    /* RFC 4731 3.1: no result option is ALL; RFC 5182 2.4: SAVE alone asks for nothing more. */
    unsigned asks = found.options & ~(unsigned)(IMAP_RETURN_UPDATE | IMAP_RETURN_CONTEXT);
    if (asks == 0)
        found.options |= IMAP_RETURN_ALL;
    *r = at;
    *ret = found;
    return OK_ERR;
}
