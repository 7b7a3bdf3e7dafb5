/* SPDX-License-Identifier: ISC */
/* GETMETADATA and SETMETADATA: RFC 5464; the entry of special uses: RFC 6154 5.4. */
#include "imapd/cmd.h"
#include "imapd/metadata.h"
#include "imapd/names.h"
#include "imapd/shared.h"
#include "wire/imap_list_args.h"
#include "wire/imap_write.h"

static const str use_entry = S("/private/specialuse");

static bool is_server(str mailbox)
{
    return mailbox.n == 0;
}

static void write_value(struct buf *b, str value)
{
    if (str_find(value, '\0') >= 0) { /* RFC 5464 5: literal8 is for what a string cannot hold */
        buf_addf(b, "~{%zu}\r\n", value.n);
        buf_add(b, value);
    } else {
        imap_write_string(b, value);
    }
}

static void begin(struct session *s, struct buf *b, str mailbox)
{
    buf_add(b, S("* METADATA "));
    if (is_server(mailbox))
        buf_add(b, S("\"\""));
    else
        names_write(s, b, mailbox);
    buf_add(b, S(" ("));
}

struct telling {
    struct session *s;
    const struct imap_getmetadata_args *want;
    const struct store_attribute *all;
    size_t n;
    struct buf out;
    size_t told;
    size_t longest; /* of what MAXSIZE kept back; 0: nothing */
};

static void tell(struct telling *t, str name, str value)
{
    if (t->want->has_maxsize && value.n > t->want->maxsize) {
        t->longest = value.n > t->longest ? value.n : t->longest;
        return;
    }
    if (t->told++ > 0)
        buf_addc(&t->out, ' ');
    imap_write_astring(&t->out, name);
    buf_addc(&t->out, ' ');
    write_value(&t->out, value);
}

/* 4.2.1: an entry asked for by its own name that has no value is NIL. */
static void tell_entry(struct telling *t, str name)
{
    bool exact = false;
    for (size_t i = 0; i < t->n; i++)
        if (imap_metadata_matches(t->all[i].name, name, t->want->depth)) {
            exact |= str_ieq(t->all[i].name, name);
            tell(t, t->all[i].name, t->all[i].value);
        }
    if (exact || t->want->depth > 0)
        return;
    if (t->told++ > 0)
        buf_addc(&t->out, ' ');
    imap_write_astring(&t->out, name);
    buf_add(&t->out, S(" NIL"));
}

static bool names_are_good(const struct imap_getmetadata_args *want)
{
    for (size_t i = 0; i < want->n; i++) {
        str name = want->entries[i];
        bool root = str_ieq(name, S("/private")) || str_ieq(name, S("/shared"));
        if (!imap_metadata_name_is_valid(name) && !(root && want->depth > 0))
            return false;
    }
    return true;
}

err metadata_say(struct session *s, const struct imap_getmetadata_args *want, size_t *ret_longest)
{
    struct store_attribute *all;
    size_t n;
    struct place at;
    err e = shared_place(s, want->mailbox, &at);
    if (!failed(e))
        e = store_attributes(at.store, at.name, s->arena, &all, &n);
    if (failed(e))
        return e;
    struct telling t = {.s = s, .want = want, .all = all, .n = n};
    buf_init(&t.out, IMAP_ANSWER_MAX);
    begin(s, &t.out, want->mailbox);
    for (size_t i = 0; i < want->n; i++)
        tell_entry(&t, want->entries[i]);
    buf_add(&t.out, S(")\r\n"));
    if (t.told > 0)
        say_bytes(s, buf_str(&t.out));
    buf_done(&t.out);
    *ret_longest = t.longest;
    return OK_ERR;
}

CMD(getmetadata)
{
    (void)head;
    struct imap_getmetadata_args want;
    err e = imap_getmetadata_args(args, &want);
    if (!failed(e) && !is_server(want.mailbox))
        e = names_in(s, &want.mailbox);
    if (!failed(e) && !names_are_good(&want))
        e = err_new(ERR_SYNTAX, "not a name of an entry");
    if (failed(e))
        return reply_bad(e);
    size_t longest;
    e = metadata_say(s, &want, &longest);
    if (failed(e))
        return reply_store(s, e, NULL);
    struct reply r = reply_ok("Told");
    if (longest > 0)
        r.code = arena_printf(s->arena, "METADATA LONGENTRIES %zu", longest);
    return r;
}

/* ---- setting ---- */

static struct reply check(struct session *s, const struct imap_setmetadata_args *want)
{
    for (size_t i = 0; i < want->n; i++) {
        const struct imap_metadata_pair *p = &want->pairs[i];
        unsigned uses;
        if (!imap_metadata_name_is_valid(p->entry))
            return reply_bad(err_new(ERR_SYNTAX, "not a name of an entry"));
        if (p->value.n > STORE_ATTRIBUTE_MAX) {
            struct reply r = reply_no(NULL, "The value is too long");
            r.code = arena_printf(s->arena, "METADATA MAXSIZE %d", STORE_ATTRIBUTE_MAX);
            return r;
        }
        if (!str_ieq(p->entry, use_entry) || p->value.p == NULL)
            continue;
        err e = imap_uses_read(p->value, &uses);
        if (failed(e) || (uses & ~(unsigned)IMAP_USE_KEPT) || str_ieq(want->mailbox, S("INBOX")) ||
            is_server(want->mailbox))
            return reply_no("USEATTR", "The mailbox cannot be used for that");
    }
    return reply_ok("Stored");
}

CMD(setmetadata)
{
    (void)head;
    struct imap_setmetadata_args want;
    err e = imap_setmetadata_args(args, &want);
    if (!failed(e) && !is_server(want.mailbox))
        e = names_in(s, &want.mailbox);
    if (failed(e))
        return reply_bad(e);
    struct reply r = check(s, &want);
    if (r.kind != REPLY_OK)
        return r;
    struct store_attribute *changes = NEW_N(s->arena, struct store_attribute, want.n);
    for (size_t i = 0; i < want.n; i++)
        changes[i] = (struct store_attribute){want.pairs[i].entry, want.pairs[i].value};
    struct place at;
    e = shared_place(s, want.mailbox, &at);
    if (!failed(e))
        e = store_set_attributes(at.store, at.name, changes, want.n);
    if (e.kind == ERR_LIMIT)
        return reply_no("METADATA TOOMANY", "There are too many entries, or too much in them");
    return failed(e) ? reply_store(s, e, NULL) : r;
}
