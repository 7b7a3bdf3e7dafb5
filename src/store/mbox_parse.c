/* SPDX-License-Identifier: ISC */
/* The reading of mbox files: pure, linear, total. */
#include <string.h>

#include "store/mbox_private.h"
#include "store/session.h"
#include "wire/date.h"

/* "From SENDER DATE": the word, something, and a time with two colons. Qmail, sendmail and
 * procmail agree on no more than that. */
static bool is_from_line(str line)
{
    if (!str_skip(&line, S("From ")))
        return false;
    for (size_t i = 2; i + 3 < line.n; i++) /* " 15:10" somewhere behind the sender */
        if (line.p[i] == ':' && char_is_digit(line.p[i - 1]) && char_is_digit(line.p[i + 1]) &&
            char_is_digit(line.p[i + 2]))
            return true;
    return false;
}

static str line_at(str text, uint64_t at)
{
    str rest = str_from_at(text, (size_t)at);
    ptrdiff_t lf = str_find(rest, '\n');
    return lf < 0 ? rest : str_slice(rest, 0, (size_t)lf + 1);
}

static bool is_blank(str line)
{
    return str_eq(line, S("\n")) || str_eq(line, S("\r\n"));
}

bool mbox_starts_well(str text)
{
    return !text.n || is_from_line(line_at(text, 0));
}

static uint32_t status_flags(str value, bool extended)
{
    uint32_t flags = 0;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (!extended)
            flags |= c == 'R' ? (uint32_t)STORE_SEEN : 0;
        else
            flags |= c == 'A'   ? (uint32_t)STORE_ANSWERED
                     : c == 'F' ? (uint32_t)STORE_FLAGGED
                     : c == 'D' ? (uint32_t)STORE_DELETED
                     : c == 'T' ? (uint32_t)STORE_DRAFT
                                : 0;
    }
    return flags;
}

static void read_field(str line, struct mbox_message *m)
{
    str name, value;
    uint64_t uid;
    if (!str_cut(line, ':', &name, &value))
        return;
    value = str_trim(value);
    if (str_ieq(name, S("X-UID")) && str_u64(value, &uid) && uid && uid < UINT32_MAX)
        m->uid = (uint32_t)uid;
    else if (str_ieq(name, S("Status")))
        m->flags |= status_flags(value, false);
    else if (str_ieq(name, S("X-Status")))
        m->flags |= status_flags(value, true);
    else if (str_ieq(name, S("X-Keywords")))
        m->keywords = value;
}

static uint64_t read_header(str text, uint64_t at, struct mbox_message *m)
{
    while (at < text.n) {
        str line = line_at(text, at);
        if (is_blank(line))
            return at + line.n;
        if (at != m->header && is_from_line(line))
            return at; /* a message that has neither empty line nor body */
        read_field(line, m);
        at += line.n;
    }
    return at;
}

bool mbox_next(str text, uint64_t *at, struct mbox_message *ret)
{
    if (*at >= text.n)
        return false;
    struct mbox_message m = {.at = *at};
    str line = line_at(text, *at);
    struct mail_date when;
    uint64_t pos = *at;
    if (is_from_line(line)) {
        pos += line.n;
        str sender, rest = str_from_at(str_trim_end(line), 5);
        (void)str_cut(rest, ' ', &sender, &rest); /* no sender: then no date either */
        err e = date_parse_mbox(str_trim(rest), &when);
        m.date = failed(e) ? 0 : when.epoch;
    }
    m.header = pos;
    m.body = pos = read_header(text, pos, &m);
    bool after_blank = true; /* the header's end is an empty line */
    uint64_t last = pos;
    while (pos < text.n) {
        line = line_at(text, pos);
        if (after_blank && is_from_line(line))
            break;
        after_blank = is_blank(line);
        last = pos;
        pos += line.n;
    }
    m.end = pos;
    m.body_end = after_blank && pos > m.body ? last : pos; /* one empty line is the separator */
    *at = m.end;
    *ret = m;
    return true;
}

struct mbox_base mbox_base_read(str text, const struct mbox_message *first)
{
    struct mbox_base base = {0};
    for (uint64_t at = first->header; at < first->body;) {
        str line = line_at(text, at), name, value;
        at += line.n;
        if (!str_cut(line, ':', &name, &value))
            continue;
        if (!str_ieq(name, S("X-IMAPbase")) && !str_ieq(name, S("X-IMAP")))
            continue;
        value = str_trim(value);
        uint64_t validity, last;
        if (!str_take_u64(&value, &validity) || validity > UINT32_MAX || !validity)
            continue;
        value = str_trim(value);
        if (!str_take_u64(&value, &last) || last >= UINT32_MAX)
            continue;
        base = (struct mbox_base){
            .present = true,
            .uidvalidity = (uint32_t)validity,
            .last_uid = (uint32_t)last,
            .keywords = str_trim(value),
        };
        return base;
    }
    return base;
}

bool mbox_is_ours(str line)
{
    static const char *const names[] = {"X-UID",    "X-IMAPbase", "X-IMAP",        "Status",
                                        "X-Status", "X-Keywords", "Content-Length"};
    str name, value;
    if (!str_cut(line, ':', &name, &value))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ieq(name, str_from(names[i])))
            return true;
    return false;
}

void mbox_header_write(struct buf *b, str text, const struct mbox_message *m)
{
    bool dropping = false;
    for (uint64_t at = m->header; at < m->body;) {
        str line = line_at(text, at);
        at += line.n;
        bool folded = line.n && char_is_space(line.p[0]);
        dropping = folded ? dropping : mbox_is_ours(line);
        if (!dropping && !is_blank(line))
            buf_add(b, line);
    }
}

void mbox_message_write(struct buf *b, str text, const struct mbox_message *m)
{
    mbox_header_write(b, text, m);
    buf_addc(b, '\n');
    for (uint64_t at = m->body; at < m->body_end;) {
        str line = line_at(str_slice(text, 0, (size_t)m->body_end), at);
        at += line.n;
        size_t quotes = 0;
        while (quotes < line.n && line.p[quotes] == '>')
            quotes++;
        bool quoted = quotes && str_starts(str_from_at(line, quotes), S("From "));
        buf_add(b, quoted ? str_from_at(line, 1) : line);
    }
}
