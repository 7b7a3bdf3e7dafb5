/* SPDX-License-Identifier: ISC */
/* How it works: items that the table answers come first, then ENVELOPE and the structure, all
 * into one buffer; message text goes out through a small piece buffer with its line ends turned
 * to CRLF, so that a literal of any size takes no memory. */
#include "imapd/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/condstore.h"
#include "imapd/dates.h"
#include "imapd/fetch_binary.h"
#include "imapd/fetch_known.h"
#include "imapd/sync.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/imap_write.h"

enum { TEXT_PIECE = 32 * 1024, PICK_MAX = 64 << 20 };

struct message {
    const struct store_message *row;
    str text;
    struct header_split split;    /* of text */
    const struct mime_part *root; /* parsed when first needed */
};

enum fetch_source fetch_source(const struct imap_fetch_args *args, enum fetch_digest digest)
{
    enum fetch_source source = FETCH_TABLE;
    unsigned kinds = digest == FETCH_WITH_DIGEST ? 0 : args->kinds;
    if (kinds & (IMAP_FETCH_BODY | IMAP_FETCH_BODYSTRUCTURE))
        return FETCH_WHOLE;
    if (kinds & IMAP_FETCH_ENVELOPE)
        source = FETCH_HEADER;
    for (size_t i = 0; i < args->n; i++) {
        if (!imap_section_in_header(&args->sections[i]))
            return FETCH_WHOLE;
        source = FETCH_HEADER;
    }
    return source;
}

static const struct mime_part *root_of(struct fetch *f, struct message *m)
{
    if (m->root == NULL)
        m->root = mime_parse(f->arena, m->text);
    return m->root;
}

static void item(struct fetch *f, const char *name)
{
    if (f->out.n > 0 && f->out.p[f->out.n - 1] != '(')
        buf_addc(&f->out, ' ');
    buf_add(&f->out, str_from(name));
    buf_addc(&f->out, ' ');
}

/* ---- what the table knows ---- */

static void table_items(struct fetch *f, const struct store_message *row, size_t index)
{
    unsigned kinds = f->args.kinds;
    bool uidonly = f->s->enabled & ENABLED_UIDONLY; /* the answer begins with the UID then */
    if ((f->uid && !uidonly) || (kinds & IMAP_FETCH_UID)) {
        item(f, "UID");
        buf_addf(&f->out, "%u", row->uid);
    }
    if (kinds & IMAP_FETCH_FLAGS) {
        item(f, "FLAGS");
        sync_write_flags(f->s, row->flags, &f->out);
    }
    /* RFC 7162 3.1.4: flags that change come with their mod-sequence. */
    if ((kinds & IMAP_FETCH_MODSEQ) || ((kinds & IMAP_FETCH_FLAGS) && f->tells_modseq)) {
        item(f, "MODSEQ");
        buf_addf(&f->out, "(%llu)", (unsigned long long)condstore_modseq(f->s, index));
    }
    if (kinds & IMAP_FETCH_INTERNALDATE) {
        item(f, "INTERNALDATE");
        buf_addc(&f->out, '"');
        date_write_imap(&f->out, row->date, dates_zone_minutes(row->date));
        buf_addc(&f->out, '"');
    }
    if (kinds & IMAP_FETCH_SIZE) {
        item(f, "RFC822.SIZE");
        buf_addf(&f->out, "%u", row->size);
    }
    if (f->savedates != NULL) { /* RFC 8514 4.2 */
        item(f, "SAVEDATE");
        buf_addc(&f->out, '"');
        date_write_imap(&f->out, f->savedates[index], dates_zone_minutes(f->savedates[index]));
        buf_addc(&f->out, '"');
    }
}

/* ---- what must be parsed ---- */

static void write_plain_structure(struct fetch *f, const struct message *m)
{
    struct crlf_count c = crlf_measure(m->split.body);
    buf_addf(&f->out, "(\"text\" \"plain\" NIL NIL NIL \"8bit\" %llu %llu)",
             (unsigned long long)c.octets, (unsigned long long)c.lines);
}

/* A structure too large to tell is told as one text: the client can still read the message. */
static void structure_item(struct fetch *f, struct message *m, const char *name, bool extended)
{
    item(f, name);
    size_t start = f->out.n;
    imap_write_structure(&f->out, f->scratch, root_of(f, m), extended);
    if (!f->out.over)
        return;
    f->out.over = false;
    f->out.n = start;
    write_plain_structure(f, m);
}

static void envelope_item(struct fetch *f, struct message *m)
{
    item(f, "ENVELOPE");
    size_t start = f->out.n;
    arena_reset(f->scratch);
    struct envelope e = envelope_read(f->scratch, m->split.header);
    imap_write_envelope(&f->out, &e);
    if (!f->out.over)
        return;
    f->out.over = false;
    f->out.n = start;
    struct envelope nothing = {0};
    imap_write_envelope(&f->out, &nothing);
}

/* ---- sections ---- */

static bool clip(const struct imap_section *sec, uint64_t octets, uint64_t *ret_from,
                 uint64_t *ret_count)
{
    *ret_from = 0;
    *ret_count = octets;
    if (!sec->partial)
        return octets > 0;
    *ret_from = sec->from;
    *ret_count = sec->from >= octets ? 0 : octets - sec->from;
    if (*ret_count > sec->count)
        *ret_count = sec->count;
    return *ret_count > 0;
}

static void section_label(struct fetch *f, const struct imap_section *sec)
{
    if (f->out.n > 0 && f->out.p[f->out.n - 1] != '(')
        buf_addc(&f->out, ' ');
    buf_add(&f->out, sec->label);
    if (sec->partial)
        buf_addf(&f->out, "<%u>", sec->from);
    buf_addc(&f->out, ' ');
}

err fetch_send(struct fetch *f)
{
    err e = io_write(f->s->io, buf_str(&f->out));
    buf_reset(&f->out);
    if (failed(e))
        f->s->phase = PHASE_END; /* the client is gone */
    return e;
}

/* RFC 9051 9: no literal holds a NUL (BINARY can tell them); 0x80 stands for it, as in Dovecot. */
static void no_nuls(char *p, size_t n)
{
    for (char *nul; n > 0 && (nul = memchr(p, 0, n)) != NULL;
         n -= (size_t)(nul + 1 - p), p = nul + 1)
        *nul = (char)0x80;
}

/* `cursor` is at the first octet wanted. */
static err send_text(struct fetch *f, struct crlf_cursor *cursor, uint64_t count)
{
    buf_addf(&f->out, "{%llu}\r\n", (unsigned long long)count);
    while (count > 0) {
        size_t want = count < TEXT_PIECE ? (size_t)count : TEXT_PIECE;
        size_t start = f->out.n, got = crlf_read(cursor, &f->out, want);
        no_nuls(f->out.p + start, got);
        count -= got;
        if (got == 0) { /* the file shrank: the announced length can no longer be kept */
            f->s->phase = PHASE_END;
            return err_new(ERR_CLOSED, "a message changed while it was read");
        }
        err e = f->out.n >= TEXT_PIECE ? fetch_send(f) : OK_ERR;
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

static err send_section(struct fetch *f, const struct imap_section *sec, struct crlf_cursor *cursor,
                        uint64_t octets)
{
    uint64_t from, count;
    section_label(f, sec);
    if (!clip(sec, octets, &from, &count)) {
        buf_add(&f->out, S("\"\""));
        return OK_ERR;
    }
    crlf_seek(cursor, from);
    return send_text(f, cursor, count);
}

/* The whole message, its header and its body need no parsing of what lies inside. */
static err find_text(struct fetch *f, struct message *m, const struct imap_section *sec, str *ret,
                     uint64_t *ret_octets)
{
    if (sec->path_n == 0 && sec->what != MIME_MIME) {
        str header = str_slice(m->text, 0, m->split.header.n + m->split.separator.n);
        *ret = sec->what == MIME_ALL ? m->text : sec->what == MIME_HEADER ? header : m->split.body;
        *ret_octets = crlf_measure(*ret).octets;
        return OK_ERR;
    }
    struct mime_text t;
    err e = mime_text(root_of(f, m), sec->path, sec->path_n, sec->what, &t);
    if (failed(e))
        return e;
    *ret = t.text;
    *ret_octets = t.octets;
    return OK_ERR;
}

/* Clients fetch large parts in pieces of some 64 KiB. Where the part lies and how far we came is
 * kept from piece to piece; else the whole would cost the square of its size. */
static bool resume(struct fetch *f, struct message *m, const struct imap_section *sec,
                   struct crlf_cursor *ret, uint64_t *ret_octets)
{
    struct seen_section *seen = &f->s->seen;
    if (!sec->partial || seen->label.p == NULL || seen->uid != m->row->uid ||
        !str_eq(seen->label, sec->label) || seen->at > m->text.n || seen->n > m->text.n - seen->at)
        return false;
    *ret = seen->cursor;
    ret->s = str_slice(m->text, seen->at, seen->at + seen->n);
    *ret_octets = seen->octets;
    return true;
}

static void remember(struct fetch *f, const struct message *m, const struct imap_section *sec,
                     const struct crlf_cursor *c, uint64_t octets)
{
    struct seen_section *seen = &f->s->seen;
    if (!sec->partial)
        return;
    session_forget_section(f->s);
    char *label = mem_alloc("section", sec->label.n + 1);
    memcpy(label, sec->label.p, sec->label.n);
    *seen = (struct seen_section){.uid = m->row->uid,
                                  .label = str_of(label, sec->label.n),
                                  .at = (size_t)(c->s.p - m->text.p),
                                  .n = c->s.n,
                                  .octets = octets,
                                  .cursor = *c};
    seen->cursor.s = (str){0}; /* the text is gone when the command ends */
}

static err text_section(struct fetch *f, struct message *m, const struct imap_section *sec)
{
    struct crlf_cursor cursor;
    uint64_t octets;
    if (!resume(f, m, sec, &cursor, &octets)) {
        str text;
        err e = find_text(f, m, sec, &text, &octets);
        if (failed(e)) {
            section_label(f, sec);
            buf_add(&f->out, S("NIL"));
            return OK_ERR;
        }
        crlf_open(&cursor, text);
    }
    err e = send_section(f, sec, &cursor, octets);
    if (!failed(e))
        remember(f, m, sec, &cursor, octets);
    return e;
}

/* HEADER.FIELDS: picked lines already end in CRLF. */
static err fields_section(struct fetch *f, struct message *m, const struct imap_section *sec)
{
    struct header_split split = m->split;
    if (sec->path_n > 0) {
        struct mime_text t;
        err e = mime_text(root_of(f, m), sec->path, sec->path_n, MIME_HEADER, &t);
        if (failed(e)) {
            section_label(f, sec);
            buf_add(&f->out, S("NIL"));
            return OK_ERR;
        }
        split = header_split(t.text, 0);
    }
    auto_buf struct buf picked;
    buf_init(&picked, PICK_MAX);
    header_pick(&picked, split.header, sec->names, sec->names_n,
                sec->fields == IMAP_FIELDS_NOT ? HEADER_PICK_OTHERS : HEADER_PICK_NAMED);
    /* RFC 9051 6.4.5.1: an empty line that is not there is not shown; but clients look for the end
     * of the fields that they named. */
    if (split.separator.n == 0 && sec->fields == IMAP_FIELDS_NOT)
        picked.n -= 2;
    no_nuls(picked.p, picked.n);
    uint64_t from, count;
    section_label(f, sec);
    if (!clip(sec, picked.n, &from, &count)) {
        buf_add(&f->out, S("\"\""));
        return OK_ERR;
    }
    buf_addf(&f->out, "{%llu}\r\n", (unsigned long long)count);
    buf_add(&f->out, str_slice(buf_str(&picked), (size_t)from, (size_t)(from + count)));
    return f->out.n >= TEXT_PIECE ? fetch_send(f) : OK_ERR;
}

static err message_items(struct fetch *f, const struct store_message *row, str text)
{
    struct message m = {.row = row, .text = text, .split = header_split(text, 0)};
    unsigned kinds = f->args.kinds & ~f->told;
    if (kinds & IMAP_FETCH_ENVELOPE)
        envelope_item(f, &m);
    if (kinds & IMAP_FETCH_BODY)
        structure_item(f, &m, "BODY", false);
    if (kinds & IMAP_FETCH_BODYSTRUCTURE)
        structure_item(f, &m, "BODYSTRUCTURE", true);
    err e = OK_ERR;
    for (size_t i = 0; i < f->args.n && !failed(e); i++) {
        const struct imap_section *sec = &f->args.sections[i];
        if (sec->binary != IMAP_BINARY_NO)
            e = fetch_binary(f, root_of(f, &m), text, sec);
        else
            e = sec->fields == IMAP_FIELDS_ALL ? text_section(f, &m, sec)
                                               : fields_section(f, &m, sec);
    }
    return e;
}

err fetch_write(struct fetch *f, size_t index, const struct body *b)
{
    const struct store_message *row = &store_box(f->s->store)->messages[index];
    if (b != NULL && b->missing) {
        f->missing = true;
        return OK_ERR;
    }
    sync_begin_fetch(f->s, index, &f->out);
    table_items(f, row, index);
    err e = fetch_known_items(f, index, b);
    if (!failed(e) && b != NULL)
        e = message_items(f, row, b->text);
    buf_add(&f->out, S(")\r\n"));
    if (!failed(e))
        e = fetch_send(f);
    arena_reset(f->arena);
    return e;
}
