/* SPDX-License-Identifier: ISC */
#include "wire/imap_metadata.h"

static err one_option(struct imap_reader *r, struct imap_getmetadata_args *a)
{
    bool size = imap_skip_word(r, S("MAXSIZE"));
    if (!size && !imap_skip_word(r, S("DEPTH")))
        return err_new(ERR_SYNTAX, "MAXSIZE or DEPTH is expected");
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (size) {
        a->has_maxsize = true;
        return imap_number(r, &a->maxsize);
    }
    if (imap_skip_word(r, S("0")))
        a->depth = 0;
    else if (imap_skip_word(r, S("1")))
        a->depth = 1;
    else if (imap_skip_word(r, S("infinity")))
        a->depth = IMAP_METADATA_DEPTH_ALL;
    else
        return err_new(ERR_SYNTAX, "a depth is 0, 1 or infinity");
    return OK_ERR;
}

static bool at_options(const struct imap_reader *r)
{
    return str_istarts(r->rest, S("(MAXSIZE ")) || str_istarts(r->rest, S("(DEPTH "));
}

static err options(struct imap_reader *r, struct imap_getmetadata_args *a)
{
    (void)imap_skip(r, '(');
    do {
        err e = one_option(r, a);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of options has no end");
}

static err one_name(struct imap_reader *r, str *ret)
{
    err e = imap_astring(r, ret);
    if (!failed(e) && ret->n > IMAP_METADATA_NAME_MAX)
        return err_new(ERR_LIMIT, "the entry's name is too long");
    return e;
}

static err names(struct imap_reader *r, struct imap_getmetadata_args *a)
{
    a->entries = NEW_N(r->arena, str, IMAP_METADATA_ENTRIES_MAX);
    bool list = imap_skip(r, '(');
    do {
        if (a->n == IMAP_METADATA_ENTRIES_MAX)
            return err_new(ERR_LIMIT, "too many entries");
        err e = one_name(r, &a->entries[a->n++]);
        if (failed(e))
            return e;
    } while (list && imap_skip(r, ' '));
    return !list || imap_skip(r, ')') ? OK_ERR
                                      : err_new(ERR_SYNTAX, "a list of entries has no end");
}

static err mailbox(struct imap_reader *r, str *ret)
{
    err e = imap_astring(r, ret);
    if (!failed(e) && ret->n > IMAP_MAILBOX_MAX)
        return err_new(ERR_LIMIT, "the mailbox name is too long");
    return e;
}

err imap_getmetadata_args(struct imap_reader *r, struct imap_getmetadata_args *ret)
{
    struct imap_getmetadata_args a = {0};
    err e = imap_space(r);
    bool early = at_options(r);
    if (!failed(e) && early)
        e = options(r, &a);
    if (!failed(e) && early)
        e = imap_space(r);
    if (!failed(e))
        e = mailbox(r, &a.mailbox);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e) && !early && at_options(r)) {
        e = options(r, &a);
        if (!failed(e))
            e = imap_space(r);
    }
    if (!failed(e))
        e = names(r, &a);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = a;
    return OK_ERR;
}

err imap_setmetadata_args(struct imap_reader *r, struct imap_setmetadata_args *ret)
{
    struct imap_setmetadata_args a = {
        .pairs = NEW_N(r->arena, struct imap_metadata_pair, IMAP_METADATA_ENTRIES_MAX)};
    err e = imap_space(r);
    if (!failed(e))
        e = mailbox(r, &a.mailbox);
    if (!failed(e))
        e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of entries is expected");
    do {
        if (a.n == IMAP_METADATA_ENTRIES_MAX)
            return err_new(ERR_LIMIT, "too many entries");
        struct imap_metadata_pair *p = &a.pairs[a.n++];
        e = one_name(r, &p->entry);
        if (!failed(e))
            e = imap_space(r);
        if (!failed(e))
            e = imap_nstring8(r, &p->value);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of entries has no end");
    e = imap_end(r);
    if (failed(e))
        return e;
    *ret = a;
    return OK_ERR;
}

bool imap_metadata_name_is_valid(str name)
{
    str rest = name;
    if (name.n > IMAP_METADATA_NAME_MAX ||
        (!str_iskip(&rest, S("/private")) && !str_iskip(&rest, S("/shared"))))
        return false;
    if (rest.n < 2 || rest.p[0] != '/' || rest.p[rest.n - 1] == '/')
        return false;
    for (size_t i = 0; i < rest.n; i++) {
        unsigned char c = (unsigned char)rest.p[i];
        if (c <= 0x19 || c >= 0x7f || c == '*' || c == '%')
            return false;
        if (c == '/' && rest.p[i + 1] == '/') /* it does not end in one */
            return false;
    }
    return true;
}

bool imap_metadata_matches(str entry, str name, unsigned depth)
{
    while (name.n > 0 && name.p[name.n - 1] == '/')
        name.n--;
    if (!str_iskip(&entry, name))
        return false;
    if (entry.n == 0)
        return true;
    if (entry.p[0] != '/' || depth == 0)
        return false;
    return depth > 1 || str_find(str_from_at(entry, 1), '/') < 0;
}
