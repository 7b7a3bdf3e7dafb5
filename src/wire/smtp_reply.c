/* SPDX-License-Identifier: ISC */
#include "wire/smtp_reply.h"

void smtp_reply_start(struct smtp_reply *r)
{
    r->code = 0;
    r->done = r->has_enhanced = false;
    r->lines = r->n = 0;
    r->text[0] = 0;
}

str smtp_reply_text(const struct smtp_reply *r)
{
    return str_of(r->text, r->n);
}

static void keep(struct smtp_reply *r, str line)
{
    for (size_t i = 0; i < line.n && r->n < SMTP_REPLY_TEXT - 1; i++) {
        unsigned char c = (unsigned char)line.p[i];
        r->text[r->n++] = (c < ' ' && c != '\t') || c == 0x7f ? '?' : line.p[i];
    }
    if (r->n < SMTP_REPLY_TEXT)
        r->text[r->n++] = '\n';
}

/* RFC 2034 section 4, RFC 3463 section 2: class "." subject "." detail, 1 to 3 digits each. */
static void read_enhanced(struct smtp_reply *r, str text)
{
    unsigned part[3];
    for (size_t i = 0; i < 3; i++) {
        uint64_t value;
        size_t before = text.n;
        if (!str_take_u64(&text, &value) || before - text.n > 3)
            return;
        part[i] = (unsigned)value;
        if (i < 2 && !str_skip(&text, S(".")))
            return;
    }
    if ((text.n && text.p[0] != ' ') || part[0] != r->code / 100)
        return;
    r->has_enhanced = true;
    for (size_t i = 0; i < 3; i++)
        r->enhanced[i] = part[i];
}

static str without_end(str line)
{
    if (str_ends(line, S("\n")))
        line = str_slice(line, 0, line.n - 1);
    if (str_ends(line, S("\r")))
        line = str_slice(line, 0, line.n - 1);
    return line;
}

err smtp_reply_add(struct smtp_reply *r, str line)
{
    line = without_end(line);
    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !char_is_digit(line.p[1]) ||
        !char_is_digit(line.p[2]))
        return err_new(ERR_SYNTAX, "SMTP reply");
    if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
        return err_new(ERR_SYNTAX, "SMTP reply");
    if (r->done || r->lines == SMTP_REPLY_LINES)
        return err_new(ERR_LIMIT, "lines of an SMTP reply");
    r->code = (unsigned)(line.p[0] - '0') * 100 + (unsigned)(line.p[1] - '0') * 10 +
              (unsigned)(line.p[2] - '0');
    r->done = line.n == 3 || line.p[3] == ' ';
    if (!r->lines++)
        read_enhanced(r, str_from_at(line, 4));
    keep(r, line);
    return OK_ERR;
}

static unsigned auth_mechanisms(str list)
{
    unsigned offered = 0;
    while (list.n) {
        str word;
        str_cut(list, ' ', &word, &list);
        if (str_ieq(word, S("PLAIN")))
            offered |= SMTP_EXT_AUTH_PLAIN;
        else if (str_ieq(word, S("LOGIN")))
            offered |= SMTP_EXT_AUTH_LOGIN;
        else if (str_ieq(word, S("CRAM-MD5")))
            offered |= SMTP_EXT_AUTH_CRAM_MD5;
    }
    return offered;
}

static void read_extension(str line, struct smtp_extensions *e)
{
    static const struct {
        str keyword;
        unsigned bit;
    } known[] = {
        {S("PIPELINING"), SMTP_EXT_PIPELINING},
        {S("8BITMIME"), SMTP_EXT_8BITMIME},
        {S("SIZE"), SMTP_EXT_SIZE},
        {S("STARTTLS"), SMTP_EXT_STARTTLS},
        {S("DSN"), SMTP_EXT_DSN},
        {S("SMTPUTF8"), SMTP_EXT_SMTPUTF8},
        {S("CHUNKING"), SMTP_EXT_CHUNKING},
        {S("ENHANCEDSTATUSCODES"), SMTP_EXT_ENHANCED},
    };
    str keyword, rest;
    str_cut(str_trim(line), ' ', &keyword, &rest);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_ieq(keyword, known[i].keyword))
            e->offered |= known[i].bit;
    if (str_ieq(keyword, S("SIZE")) && !str_u64(str_trim(rest), &e->size))
        e->size = 0;
    if (str_ieq(keyword, S("AUTH")))
        e->offered |= auth_mechanisms(rest);
    else if (str_iskip(&keyword, S("AUTH="))) /* the form of servers before RFC 2554 */
        e->offered |= auth_mechanisms(keyword) | auth_mechanisms(rest);
}

void smtp_extensions_read(const struct smtp_reply *r, struct smtp_extensions *ret)
{
    struct smtp_extensions e = {0};
    str text = smtp_reply_text(r), line;
    bool first = true; /* the greeting's own line names the host, not an extension */
    while (str_line(&text, &line)) {
        if (!first)
            read_extension(str_from_at(line, 4), &e);
        first = false;
    }
    *ret = e;
}
