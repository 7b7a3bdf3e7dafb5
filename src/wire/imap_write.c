/* SPDX-License-Identifier: ISC */
#include "wire/imap_write.h"

#include "wire/digest.h"

/* Whether the octet can stand in a quoted string without UTF8=ACCEPT. */
static bool fits_quotes(char c)
{
    return c != '\r' && c != '\n' && c != '\0' && (unsigned char)c < 0x80;
}

static void write_quoted(struct buf *b, str s)
{
    buf_addc(b, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '"' && s.p[i] != '\\')
            continue;
        buf_add(b, str_slice(s, from, i));
        buf_addc(b, '\\');
        from = i;
    }
    buf_add(b, str_from_at(s, from));
    buf_addc(b, '"');
}

static void write_literal(struct buf *b, str s)
{
    buf_addf(b, "{%zu}\r\n", s.n);
    char *room = buf_room(b, s.n);
    if (room == NULL)
        return;
    for (size_t i = 0; i < s.n; i++)
        room[i] = s.p[i] == '\0' ? '?' : s.p[i];
    buf_added(b, s.n);
}

void imap_write_string(struct buf *b, str s)
{
    bool quotes = s.n <= IMAP_QUOTED_MAX;
    for (size_t i = 0; quotes && i < s.n; i++)
        quotes = fits_quotes(s.p[i]);
    if (quotes)
        write_quoted(b, s);
    else
        write_literal(b, s);
}

void imap_write_utf8(struct buf *b, str s)
{
    bool quotes = s.n <= IMAP_QUOTED_MAX;
    for (size_t i = 0; quotes && i < s.n; i++)
        quotes = s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != '\0';
    if (quotes)
        write_quoted(b, s);
    else
        write_literal(b, s);
}

void imap_write_nstring(struct buf *b, str s)
{
    if (s.p == NULL)
        buf_add(b, S("NIL"));
    else
        imap_write_string(b, s);
}

void imap_write_astring(struct buf *b, str s)
{
    bool atom = s.n > 0 && s.n <= IMAP_QUOTED_MAX && !str_ieq(s, S("NIL"));
    for (size_t i = 0; atom && i < s.n; i++)
        atom = imap_is_astring_char(s.p[i]);
    if (atom)
        buf_add(b, s);
    else
        imap_write_string(b, s);
}

void imap_write_flags(struct buf *b, unsigned system, const str *keywords, size_t n)
{
    static const struct {
        enum imap_flag bit;
        str name;
    } table[] = {
        {IMAP_ANSWERED, S("\\Answered")}, {IMAP_FLAGGED, S("\\Flagged")},
        {IMAP_DELETED, S("\\Deleted")},   {IMAP_SEEN, S("\\Seen")},
        {IMAP_DRAFT, S("\\Draft")},       {IMAP_RECENT, S("\\Recent")},
    };
    char before = '(';
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!(system & table[i].bit))
            continue;
        buf_addc(b, before);
        buf_add(b, table[i].name);
        before = ' ';
    }
    for (size_t i = 0; i < n; i++) {
        buf_addc(b, before);
        buf_add(b, keywords[i]);
        before = ' ';
    }
    if (before == '(')
        buf_addc(b, '(');
    buf_addc(b, ')');
}

void imap_write_text(struct buf *b, str text)
{
    size_t start = b->n;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        buf_addc(b, c < 0x20 || c >= 0x7f ? '?' : (char)c);
    }
    if (b->n == start) /* RFC 3501 9: text has one character at least */
        buf_addc(b, '-');
}

/* ---- ENVELOPE ---- */

/* RFC 3501 7.4.2: a group starts with a NIL host, and ends with a NIL mailbox too. */
static void write_address(struct buf *b, const struct addr *a)
{
    static const str nil = {0};
    /* Words without an address, several of them: a name rather than a mailbox. */
    bool only_name = a->kind == ADDR_MAILBOX && a->name.n == 0 && a->host.p == NULL &&
                     str_find(a->mailbox, ' ') > 0;
    str name = only_name ? a->mailbox : a->name;
    buf_addc(b, '(');
    imap_write_nstring(b, a->kind == ADDR_MAILBOX && name.n > 0 ? name : nil);
    buf_addc(b, ' ');
    imap_write_nstring(b, a->kind == ADDR_MAILBOX && a->route.n > 0 ? a->route : nil);
    buf_addc(b, ' ');
    switch (a->kind) {
    case ADDR_MAILBOX:
        imap_write_string(b, only_name || a->mailbox.n == 0 ? S("MISSING_MAILBOX") : a->mailbox);
        buf_addc(b, ' ');
        /* A NIL host would say that a group begins. The words are those that Dovecot uses. */
        imap_write_string(b, a->host.p != NULL ? a->host : S("MISSING_DOMAIN"));
        break;
    case ADDR_GROUP_START:
        imap_write_string(b, a->name.n > 0 ? a->name : a->mailbox);
        buf_add(b, S(" NIL"));
        break;
    case ADDR_GROUP_END:
        buf_add(b, S("NIL NIL"));
        break;
    }
    buf_addc(b, ')');
}

static void write_addresses(struct buf *b, const struct addrlist *list)
{
    buf_addc(b, ' ');
    if (list->n == 0) {
        buf_add(b, S("NIL"));
        return;
    }
    buf_addc(b, '(');
    for (size_t i = 0; i < list->n; i++)
        write_address(b, &list->at[i]);
    buf_addc(b, ')');
}

void imap_write_envelope(struct buf *b, const struct envelope *e)
{
    buf_addc(b, '(');
    imap_write_nstring(b, e->date);
    buf_addc(b, ' ');
    imap_write_nstring(b, e->subject);
    write_addresses(b, &e->from);
    write_addresses(b, &e->sender);
    write_addresses(b, &e->reply_to);
    write_addresses(b, &e->to);
    write_addresses(b, &e->cc);
    write_addresses(b, &e->bcc);
    buf_addc(b, ' ');
    imap_write_nstring(b, e->in_reply_to);
    buf_addc(b, ' ');
    imap_write_nstring(b, e->message_id);
    buf_addc(b, ')');
}

/* ---- BODYSTRUCTURE ---- */

static void write_params(struct buf *b, const struct params *p)
{
    if (p->n == 0) {
        buf_add(b, S("NIL"));
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        buf_addc(b, i == 0 ? '(' : ' ');
        imap_write_string(b, p->at[i].name);
        buf_addc(b, ' ');
        imap_write_string(b, p->at[i].value);
    }
    buf_addc(b, ')');
}

/* body-fld-dsp, -lang, -loc: the end of both extension forms. */
static void write_extension(struct buf *b, const struct mime_part *p)
{
    buf_addc(b, ' ');
    if (p->disposition.p == NULL) {
        buf_add(b, S("NIL"));
    } else {
        buf_addc(b, '(');
        imap_write_string(b, p->disposition);
        buf_addc(b, ' ');
        write_params(b, &p->disposition_params);
        buf_addc(b, ')');
    }
    buf_addc(b, ' ');
    if (p->language_count == 0) {
        buf_add(b, S("NIL"));
    } else {
        for (size_t i = 0; i < p->language_count; i++) {
            buf_addc(b, i == 0 ? '(' : ' ');
            imap_write_string(b, p->languages[i]);
        }
        buf_addc(b, ')');
    }
    buf_addc(b, ' ');
    imap_write_nstring(b, p->location);
}

static void write_part(struct buf *b, struct arena *a, const struct mime_part *p, bool extended);

static void write_multipart(struct buf *b, struct arena *a, const struct mime_part *p,
                            bool extended)
{
    for (const struct mime_part *c = p->children; c != NULL; c = c->next)
        write_part(b, a, c, extended);
    buf_addc(b, ' ');
    imap_write_string(b, p->subtype);
    if (!extended)
        return;
    buf_addc(b, ' ');
    write_params(b, &p->params);
    write_extension(b, p);
}

static void write_inner_envelope(struct buf *b, struct arena *a, const struct mime_part *inner)
{
    arena_reset(a);
    struct envelope e = {0};
    if (!inner->envelope.p)
        e = envelope_read(a, inner->header);
    else if (failed(digest_envelope_of(inner->envelope, a, &e)))
        e = (struct envelope){0}; /* damaged: better nothing than half */
    imap_write_envelope(b, &e);
}

static void write_leaf(struct buf *b, struct arena *a, const struct mime_part *p, bool extended)
{
    bool text = str_ieq(p->type, S("text"));
    imap_write_string(b, p->type);
    buf_addc(b, ' ');
    imap_write_string(b, p->subtype);
    buf_addc(b, ' ');
    write_params(b, &p->params);
    buf_addc(b, ' ');
    imap_write_nstring(b, p->id);
    buf_addc(b, ' ');
    imap_write_nstring(b, p->description);
    buf_addc(b, ' ');
    imap_write_string(b, p->encoding);
    buf_addf(b, " %llu", (unsigned long long)p->body_octets);
    if (p->kind == MIME_MESSAGE) {
        const struct mime_part *inner = p->children;
        buf_addc(b, ' ');
        write_inner_envelope(b, a, inner);
        buf_addc(b, ' ');
        write_part(b, a, inner, extended);
    }
    if (text || p->kind == MIME_MESSAGE)
        buf_addf(b, " %llu", (unsigned long long)p->body_lines);
    if (!extended)
        return;
    buf_addc(b, ' ');
    imap_write_nstring(b, p->md5);
    write_extension(b, p);
}

/* Recursion ends at MIME_DEPTH_MAX. */
static void write_part(struct buf *b, struct arena *a, const struct mime_part *p, bool extended)
{
    buf_addc(b, '(');
    if (p->kind == MIME_MULTIPART)
        write_multipart(b, a, p, extended);
    else
        write_leaf(b, a, p, extended);
    buf_addc(b, ')');
}

void imap_write_structure(struct buf *b, struct arena *a, const struct mime_part *root,
                          bool extended)
{
    write_part(b, a, root, extended);
}
