/* SPDX-License-Identifier: ISC */
#include "wire/imap_append.h"

#include "wire/date.h"

err imap_append_mailbox(struct imap_reader *r, str *ret_mailbox)
{
    return imap_mailbox(r, ret_mailbox);
}

err imap_replace_head(struct imap_reader *r, struct imap_set *ret_set, str *ret_mailbox)
{
    err e = imap_space(r);
    if (!failed(e))
        e = imap_set_parse(r, ret_set);
    return failed(e) ? e : imap_mailbox(r, ret_mailbox);
}

static err date_time(struct imap_reader *r, struct imap_append_message *m)
{
    str text = {0};
    err e = imap_string(r, &text);
    struct mail_date date = {0};
    if (!failed(e))
        e = date_parse_imap(text, &date);
    if (failed(e))
        return err_new(ERR_SYNTAX, "bad date-time");
    m->has_date = true;
    m->date = date.epoch;
    m->zone_minutes = date.zone_minutes;
    return imap_space(r);
}

static bool at_literal(const struct imap_reader *r)
{
    return r->rest.n > 0 && (r->rest.p[0] == '{' || r->rest.p[0] == '~');
}

static err data_start(struct imap_reader *r, struct imap_append_message *m)
{
    if (at_literal(r)) {
        m->data = IMAP_APPEND_LITERAL;
        return OK_ERR;
    }
    if (imap_skip_word(r, S("CATENATE")))
        m->data = IMAP_APPEND_CATENATE;
    else if (imap_skip_word(r, S("UTF8")))
        m->data = IMAP_APPEND_UTF8;
    else
        return err_new(ERR_SYNTAX, "a message literal is expected");
    err e = imap_space(r);
    if (failed(e))
        return e;
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a list is expected");
    if (m->data == IMAP_APPEND_UTF8 && !str_starts(r->rest, S("~{")))
        return err_new(ERR_SYNTAX, "a literal8 is expected");
    return OK_ERR;
}

err imap_append_message(struct imap_reader *r, struct imap_append_message *ret)
{
    struct imap_append_message m = {0};
    err e = imap_space(r);
    if (!failed(e) && r->rest.n > 0 && r->rest.p[0] == '(') {
        e = imap_flag_list(r, &m.flags);
        if (!failed(e))
            e = imap_space(r);
    }
    if (!failed(e) && r->rest.n > 0 && r->rest.p[0] == '"')
        e = date_time(r, &m);
    if (!failed(e))
        e = data_start(r, &m);
    if (failed(e))
        return e;
    *ret = m;
    return OK_ERR;
}

err imap_catenate_part(struct imap_reader *r, struct imap_catenate_part *ret)
{
    struct imap_catenate_part part = {0};
    part.is_text = imap_skip_word(r, S("TEXT"));
    if (!part.is_text && !imap_skip_word(r, S("URL")))
        return err_new(ERR_SYNTAX, "TEXT or URL is expected");
    err e = imap_space(r);
    if (!failed(e) && part.is_text && !at_literal(r))
        e = err_new(ERR_SYNTAX, "a literal is expected");
    if (!failed(e) && !part.is_text)
        e = imap_astring(r, &part.url);
    if (!failed(e) && part.url.n > IMAP_URL_MAX)
        e = err_new(ERR_LIMIT, "the URL is too long");
    if (failed(e))
        return e;
    *ret = part;
    return OK_ERR;
}

err imap_catenate_more(struct imap_reader *r, bool *ret_more)
{
    *ret_more = imap_skip(r, ' ');
    if (!*ret_more && !imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a list of parts has no end");
    return OK_ERR;
}

/* Only a URL and a mailbox name are literals that belong into the command's text. */
bool imap_append_still_at_message(str text)
{
    struct imap_literal l;
    bool found = false;
    err e = imap_line_literal(text, &l, &found);
    ptrdiff_t open = str_rfind(text, '{');
    if (failed(e) || !found || open < 0)
        return false;
    str before = str_slice(text, 0, (size_t)open);
    if (str_ends(before, S("~")))
        before.n--;
    return !str_iends(before, S(" URL ")) && !str_iends(before, S("(URL "));
}

bool imap_append_at_message(struct arena *a, str text)
{
    struct imap_reader r = {.rest = text, .arena = a};
    struct imap_head head;
    err e = imap_head_read(&r, &head);
    if (failed(e))
        return false;
    str mailbox;
    struct imap_set set;
    if (!head.uid && str_ieq(head.verb, S("APPEND")))
        e = imap_append_mailbox(&r, &mailbox);
    else if (str_ieq(head.verb, S("REPLACE")))
        e = imap_replace_head(&r, &set, &mailbox);
    else
        return false;
    return !failed(e) && imap_append_still_at_message(r.rest);
}
