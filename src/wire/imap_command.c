/* SPDX-License-Identifier: ISC */
#include "wire/imap_command.h"

#include "wire/imap_resync.h"

static bool is_tag_char(char c)
{
    return imap_is_astring_char(c) && c != '+';
}

err imap_head_read(struct imap_reader *r, struct imap_head *ret_head)
{
    *ret_head = (struct imap_head){0};
    size_t n = 0;
    while (n < r->rest.n && is_tag_char(r->rest.p[n]))
        n++;
    if (n == 0 || n > IMAP_TAG_MAX || n == r->rest.n || r->rest.p[n] != ' ')
        return err_new(ERR_SYNTAX, "a tag and a command are expected");
    ret_head->tag = str_slice(r->rest, 0, n);
    r->rest = str_from_at(r->rest, n + 1);
    err e = imap_atom(r, &ret_head->verb);
    if (failed(e))
        return err_new(ERR_SYNTAX, "a command is expected");
    if (!str_ieq(ret_head->verb, S("UID")))
        return OK_ERR;
    e = imap_space(r);
    if (failed(e))
        return e;
    ret_head->uid = true;
    return imap_atom(r, &ret_head->verb);
}

unsigned imap_flag_bit(str name)
{
    static const struct {
        str name;
        enum imap_flag bit;
    } table[] = {
        {S("\\Seen"), IMAP_SEEN},       {S("\\Answered"), IMAP_ANSWERED},
        {S("\\Flagged"), IMAP_FLAGGED}, {S("\\Deleted"), IMAP_DELETED},
        {S("\\Draft"), IMAP_DRAFT},     {S("\\Recent"), IMAP_RECENT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (str_ieq(name, table[i].name))
            return table[i].bit;
    return 0;
}

bool imap_keyword_is_valid(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!imap_is_astring_char(name.p[i]))
            return false;
    return name.n > 0 && name.n <= IMAP_KEYWORD_BYTES;
}

/* Some keywords in the wild hold "]", which RFC 3501 atoms do not: taken. */
static err one_flag(struct imap_reader *r, struct imap_flags *flags)
{
    bool system = r->rest.n > 0 && r->rest.p[0] == '\\';
    size_t n = system ? 1 : 0;
    while (n < r->rest.n && imap_is_astring_char(r->rest.p[n]))
        n++;
    str name = str_slice(r->rest, 0, n);
    r->rest = str_from_at(r->rest, n);
    if (system) {
        unsigned bit = imap_flag_bit(name);
        if (bit == 0)
            return err_new(ERR_SYNTAX, "no such system flag");
        flags->system |= bit & ~(unsigned)IMAP_RECENT;
        return OK_ERR;
    }
    if (!imap_keyword_is_valid(name))
        return err_new(ERR_SYNTAX, "bad flag");
    for (size_t i = 0; i < flags->n; i++)
        if (str_ieq(flags->keywords[i], name))
            return OK_ERR;
    if (flags->n == IMAP_KEYWORDS_MAX)
        return err_new(ERR_LIMIT, "too many flags");
    if (flags->keywords == NULL)
        flags->keywords = NEW_N(r->arena, str, IMAP_KEYWORDS_MAX);
    flags->keywords[flags->n++] = name;
    return OK_ERR;
}

static err flags_until(struct imap_reader *r, bool bracketed, struct imap_flags *ret_flags)
{
    struct imap_flags flags = {0};
    if (bracketed && imap_skip(r, ')')) {
        *ret_flags = flags;
        return OK_ERR;
    }
    do {
        err e = one_flag(r, &flags);
        if (failed(e))
            return e;
    } while (!imap_at_end(r) && imap_skip(r, ' '));
    if (bracketed && !imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a flag list has no end");
    *ret_flags = flags;
    return OK_ERR;
}

err imap_flag_list(struct imap_reader *r, struct imap_flags *ret_flags)
{
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a flag list is expected");
    return flags_until(r, true, ret_flags);
}

static err store_item(struct imap_reader *r, struct imap_store_args *args)
{
    args->mode = imap_skip(r, '+')   ? IMAP_STORE_ADD
                 : imap_skip(r, '-') ? IMAP_STORE_REMOVE
                                     : IMAP_STORE_SET;
    if (imap_skip_word(r, S("FLAGS.SILENT")))
        args->silent = true;
    else if (!imap_skip_word(r, S("FLAGS")))
        return err_new(ERR_SYNTAX, "FLAGS, +FLAGS or -FLAGS is expected");
    return imap_space(r);
}

err imap_store_args(struct imap_reader *r, struct imap_store_args *ret)
{
    struct imap_store_args args = {0};
    err e = imap_space(r);
    if (!failed(e))
        e = imap_set_parse(r, &args.set);
    if (!failed(e))
        e = imap_store_modifiers(r, &args.conditional, &args.unchangedsince);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = store_item(r, &args);
    /* RFC 3501 9 store-att-flags: in parentheses or bare. */
    if (!failed(e))
        e = flags_until(r, imap_skip(r, '('), &args.flags);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}

err imap_mailbox(struct imap_reader *r, str *ret_mailbox)
{
    str name = {0};
    err e = imap_space(r);
    if (!failed(e))
        e = imap_astring(r, &name);
    if (failed(e))
        return e;
    if (name.n > IMAP_MAILBOX_MAX)
        return err_new(ERR_LIMIT, "the mailbox name is too long");
    *ret_mailbox = name;
    return OK_ERR;
}

err imap_mailbox_arg(struct imap_reader *r, str *ret_mailbox)
{
    str name = {0};
    err e = imap_mailbox(r, &name);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret_mailbox = name;
    return OK_ERR;
}

err imap_list_args(struct imap_reader *r, struct imap_list_args *ret)
{
    struct imap_list_args args = {0};
    err e = imap_mailbox(r, &args.reference);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = imap_list_mailbox(r, &args.pattern);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    if (args.pattern.n > IMAP_MAILBOX_MAX)
        return err_new(ERR_LIMIT, "the mailbox pattern is too long");
    *ret = args;
    return OK_ERR;
}

static unsigned status_bit(str name)
{
    static const struct {
        str name;
        enum imap_status_item bit;
    } table[] = {
        {S("MESSAGES"), IMAP_STATUS_MESSAGES},
        {S("RECENT"), IMAP_STATUS_RECENT},
        {S("UIDNEXT"), IMAP_STATUS_UIDNEXT},
        {S("UIDVALIDITY"), IMAP_STATUS_UIDVALIDITY},
        {S("UNSEEN"), IMAP_STATUS_UNSEEN},
        {S("DELETED"), IMAP_STATUS_DELETED},
        {S("SIZE"), IMAP_STATUS_SIZE},
        {S("HIGHESTMODSEQ"), IMAP_STATUS_HIGHESTMODSEQ},
        {S("MAILBOXID"), IMAP_STATUS_MAILBOXID},
        {S("APPENDLIMIT"), IMAP_STATUS_APPENDLIMIT},
        {S("DELETED-STORAGE"), IMAP_STATUS_DELETED_STORAGE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (str_ieq(name, table[i].name))
            return table[i].bit;
    return 0;
}

err imap_status_items(struct imap_reader *r, unsigned *ret_items)
{
    unsigned items = 0;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of status items is expected");
    do {
        str name = {0};
        err e = imap_atom(r, &name);
        if (failed(e))
            return e;
        unsigned bit = status_bit(name);
        if (bit == 0)
            return err_new(ERR_SYNTAX, "no such status item");
        items |= bit;
    } while (imap_skip(r, ' '));
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of status items has no end");
    *ret_items = items;
    return OK_ERR;
}

err imap_status_args(struct imap_reader *r, struct imap_status_args *ret)
{
    struct imap_status_args args = {0};
    err e = imap_mailbox(r, &args.mailbox);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = imap_status_items(r, &args.items);
    if (!failed(e))
        e = imap_end(r);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}

err imap_copy_args(struct imap_reader *r, struct imap_set *ret_set, str *ret_mailbox)
{
    err e = imap_space(r);
    if (!failed(e))
        e = imap_set_parse(r, ret_set);
    if (!failed(e))
        e = imap_mailbox_arg(r, ret_mailbox);
    return e;
}

err imap_id_args(struct imap_reader *r, struct imap_id_args *ret)
{
    struct imap_id_args args = {0};
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (imap_skip_word(r, S("NIL"))) {
        *ret = args;
        return imap_end(r);
    }
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list of pairs is expected");
    for (size_t pairs = 0; !imap_skip(r, ')'); pairs++) {
        str key = {0}, value = {0};
        if (pairs == IMAP_ID_PAIRS_MAX)
            return err_new(ERR_LIMIT, "too many pairs");
        if (pairs > 0)
            e = imap_space(r);
        if (!failed(e))
            e = imap_string(r, &key);
        if (!failed(e))
            e = imap_space(r);
        if (!failed(e))
            e = imap_nstring(r, &value);
        if (failed(e))
            return e;
        if (str_ieq(key, S("name")))
            args.name = value;
        else if (str_ieq(key, S("version")))
            args.version = value;
    }
    e = imap_end(r);
    if (failed(e))
        return e;
    *ret = args;
    return OK_ERR;
}
