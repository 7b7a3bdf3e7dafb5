/* SPDX-License-Identifier: ISC */
#include "wire/imap_list_args.h"

struct word {
    str name;
    unsigned bit;
};

static unsigned take_word(struct imap_reader *r, const struct word *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (imap_skip_word(r, table[i].name))
            return table[i].bit;
    return 0;
}

/* RFC 5258 3.1: an option that is not known is a BAD. */
static err select_options(struct imap_reader *r, struct imap_list_extended *l)
{
    static const struct word table[] = {
        {S("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED},
        {S("REMOTE"), IMAP_LIST_REMOTE},
        {S("RECURSIVEMATCH"), IMAP_LIST_RECURSIVE},
        {S("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE},
    };
    l->extended = true;
    if (imap_skip(r, ')'))
        return imap_space(r);
    do {
        unsigned bit = take_word(r, table, sizeof table / sizeof table[0]);
        if (bit == 0)
            return err_new(ERR_SYNTAX, "no such selection option");
        l->select |= bit;
    } while (imap_skip(r, ' '));
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of options has no end");
    /* 3.1: it needs an option that selects by something of the mailbox itself. */
    if ((l->select & IMAP_LIST_RECURSIVE) &&
        !(l->select & (IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE)))
        return err_new(ERR_SYNTAX, "RECURSIVEMATCH needs another option");
    return imap_space(r);
}

static err entry_list(struct imap_reader *r, struct imap_list_extended *l)
{
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of entries is expected");
    l->entries = NEW_N(r->arena, str, IMAP_LIST_ENTRIES_MAX);
    l->n_entries = 0;
    do {
        if (l->n_entries == IMAP_LIST_ENTRIES_MAX)
            return err_new(ERR_LIMIT, "too many entries");
        e = imap_astring(r, &l->entries[l->n_entries++]);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of entries has no end");
}

static err one_return(struct imap_reader *r, struct imap_list_extended *l)
{
    static const struct word table[] = {
        {S("SUBSCRIBED"), IMAP_RETURN_SUBSCRIBED},   {S("CHILDREN"), IMAP_RETURN_CHILDREN},
        {S("SPECIAL-USE"), IMAP_RETURN_SPECIAL_USE}, {S("STATUS"), IMAP_RETURN_STATUS},
        {S("MYRIGHTS"), IMAP_RETURN_MYRIGHTS},       {S("METADATA"), IMAP_RETURN_METADATA},
    };
    unsigned bit = take_word(r, table, sizeof table / sizeof table[0]);
    l->give |= bit;
    if (bit == 0)
        return err_new(ERR_SYNTAX, "no such return option");
    if (bit == IMAP_RETURN_METADATA)
        return entry_list(r, l);
    if (bit != IMAP_RETURN_STATUS)
        return OK_ERR;
    err e = imap_space(r);
    return failed(e) ? e : imap_status_items(r, &l->status);
}

static err return_options(struct imap_reader *r, struct imap_list_extended *l)
{
    if (imap_at_end(r))
        return OK_ERR;
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip_word(r, S("RETURN")))
        return err_new(ERR_SYNTAX, "RETURN is expected");
    l->extended = true;
    e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of options is expected");
    if (imap_skip(r, ')'))
        return OK_ERR;
    do {
        e = one_return(r, l);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of options has no end");
}

static err one_pattern(struct imap_reader *r, struct imap_list_extended *l)
{
    if (l->n == IMAP_LIST_PATTERNS_MAX)
        return err_new(ERR_LIMIT, "too many patterns");
    str *p = &l->patterns[l->n++];
    err e = imap_list_mailbox(r, p);
    if (!failed(e) && p->n > IMAP_MAILBOX_MAX)
        return err_new(ERR_LIMIT, "the mailbox pattern is too long");
    return e;
}

static err patterns(struct imap_reader *r, struct imap_list_extended *l)
{
    l->patterns = NEW_N(r->arena, str, IMAP_LIST_PATTERNS_MAX);
    if (!imap_skip(r, '('))
        return one_pattern(r, l);
    l->extended = true;
    do {
        err e = one_pattern(r, l);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of patterns has no end");
}

err imap_list_extended(struct imap_reader *r, struct imap_list_extended *ret)
{
    struct imap_list_extended l = {0};
    struct imap_reader at = *r;
    err e = imap_space(r);
    if (!failed(e) && imap_skip(r, '(')) {
        e = select_options(r, &l);
        if (!failed(e)) { /* imap_mailbox() takes the space itself */
            at.rest = str_of(r->rest.p - 1, r->rest.n + 1);
            *r = at;
        }
    } else if (!failed(e)) {
        *r = at;
    }
    if (!failed(e))
        e = imap_mailbox(r, &l.reference);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = patterns(r, &l);
    if (!failed(e))
        e = return_options(r, &l);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = l;
    return OK_ERR;
}

/* ---- special use ---- */

static const struct word uses_table[] = {
    {S("\\Archive"), IMAP_USE_ARCHIVE}, {S("\\Drafts"), IMAP_USE_DRAFTS},
    {S("\\Junk"), IMAP_USE_JUNK},       {S("\\Sent"), IMAP_USE_SENT},
    {S("\\Trash"), IMAP_USE_TRASH},     {S("\\All"), IMAP_USE_ALL},
    {S("\\Flagged"), IMAP_USE_FLAGGED}, {S("\\Important"), IMAP_USE_IMPORTANT},
};

unsigned imap_use_bit(str attribute)
{
    for (size_t i = 0; i < sizeof uses_table / sizeof uses_table[0]; i++)
        if (str_ieq(attribute, uses_table[i].name))
            return uses_table[i].bit;
    return 0;
}

void imap_write_uses(struct buf *b, unsigned uses)
{
    bool first = true;
    for (size_t i = 0; i < sizeof uses_table / sizeof uses_table[0]; i++) {
        if (!(uses & uses_table[i].bit))
            continue;
        if (!first)
            buf_addc(b, ' ');
        buf_add(b, uses_table[i].name);
        first = false;
    }
}

err imap_uses_read(str text, unsigned *ret_uses)
{
    unsigned uses = 0;
    str one;
    while (text.n > 0) {
        (void)str_cut(text, ' ', &one, &text);
        unsigned bit = imap_use_bit(one);
        if (bit == 0)
            return err_new(ERR_SYNTAX, "no such special use");
        uses |= bit;
    }
    *ret_uses = uses;
    return OK_ERR;
}

static err one_use(struct imap_reader *r, struct imap_create_args *c)
{
    size_t n = r->rest.n > 0 && r->rest.p[0] == '\\';
    while (n < r->rest.n && imap_is_atom_char(r->rest.p[n]))
        n++;
    str name = str_slice(r->rest, 0, n);
    if (n < 2 || name.p[0] != '\\')
        return err_new(ERR_SYNTAX, "a special-use attribute is expected");
    r->rest = str_from_at(r->rest, n);
    unsigned bit = imap_use_bit(name);
    c->uses |= bit;
    c->unknown_use |= bit == 0;
    return OK_ERR;
}

static err use_list(struct imap_reader *r, struct imap_create_args *c)
{
    if (!imap_skip(r, '(') || !imap_skip_word(r, S("USE")) || !imap_skip(r, ' ') ||
        !imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "(USE (…)) is expected");
    c->has_use = true;
    if (!imap_skip(r, ')')) {
        do {
            err e = one_use(r, c);
            if (failed(e))
                return e;
        } while (imap_skip(r, ' '));
        if (!imap_skip(r, ')'))
            return err_new(ERR_SYNTAX, "a list of attributes has no end");
    }
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of parameters has no end");
}

err imap_create_args(struct imap_reader *r, struct imap_create_args *ret)
{
    struct imap_create_args c = {0};
    err e = imap_mailbox(r, &c.mailbox);
    if (!failed(e) && !imap_at_end(r)) {
        e = imap_space(r);
        if (!failed(e))
            e = use_list(r, &c);
    }
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = c;
    return OK_ERR;
}
