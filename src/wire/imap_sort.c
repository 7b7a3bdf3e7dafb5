/* SPDX-License-Identifier: ISC */
#include "wire/imap_sort.h"

static err one_criterion(struct imap_reader *r, struct imap_sort_args *args)
{
    static const struct {
        str name;
        enum imap_sort_key key;
    } table[] = {
        {S("ARRIVAL"), IMAP_SORT_ARRIVAL},
        {S("CC"), IMAP_SORT_CC},
        {S("DATE"), IMAP_SORT_DATE},
        {S("FROM"), IMAP_SORT_FROM},
        {S("SIZE"), IMAP_SORT_SIZE},
        {S("SUBJECT"), IMAP_SORT_SUBJECT},
        {S("TO"), IMAP_SORT_TO},
        {S("DISPLAYFROM"), IMAP_SORT_DISPLAYFROM},
        {S("DISPLAYTO"), IMAP_SORT_DISPLAYTO},
    };
    bool reverse = imap_skip_word(r, S("REVERSE"));
    if (reverse && !imap_skip(r, ' '))
        return err_new(ERR_SYNTAX, "a sort key is expected");
    if (args->n == IMAP_SORT_KEYS_MAX)
        return err_new(ERR_LIMIT, "too many sort keys");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!imap_skip_word(r, table[i].name))
            continue;
        args->reverse[args->n] = reverse;
        args->keys[args->n++] = table[i].key;
        return OK_ERR;
    }
    return err_new(ERR_SYNTAX, "no such sort key");
}

static err charset_and_keys(struct imap_reader *r, struct imap_search_args *search)
{
    err e = imap_space(r);
    if (!failed(e))
        e = imap_astring(r, &search->charset);
    if (!failed(e) && search->charset.n == 0)
        return err_new(ERR_SYNTAX, "a charset is expected");
    if (!failed(e))
        e = imap_space(r);
    return failed(e) ? e : imap_search_keys(r, search);
}

err imap_sort_args(struct imap_reader *r, struct imap_sort_args *ret)
{
    struct imap_sort_args args = {0};
    err e = imap_return(r, &args.search.ret);
    if (!failed(e))
        e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of sort keys is expected");
    do {
        e = one_criterion(r, &args);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of sort keys has no end");
    e = charset_and_keys(r, &args.search);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}

err imap_thread_args(struct imap_reader *r, struct imap_thread_args *ret)
{
    struct imap_thread_args args = {0};
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (imap_skip_word(r, S("REFERENCES")))
        args.how = IMAP_THREAD_REFERENCES;
    else if (imap_skip_word(r, S("ORDEREDSUBJECT")))
        args.how = IMAP_THREAD_ORDEREDSUBJECT;
    else
        return err_new(ERR_SYNTAX, "no such way to thread");
    e = charset_and_keys(r, &args.search);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}
