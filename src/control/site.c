/* SPDX-License-Identifier: ISC */
/* How it works: site_defaults() gives every field its default, then each file of the archive
 * is set over it by its row of the schema, then names that default to `me` follow `me`.
 */
#include "control/site.h"

#include <string.h>

#include "control/schema.h"

#define ARCHIVE_MAGIC S("twinpost site 1\n")

static bool take32(str *s, uint32_t *ret_value)
{
    if (s->n < 4)
        return false;
    const unsigned char *p = (const unsigned char *)s->p;
    *ret_value = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    *s = str_from_at(*s, 4);
    return true;
}

/* One file off the front of the archive. */
static err take_file(str *rest, str *ret_name, str *ret_content)
{
    const err bad = err_new(ERR_SYNTAX, "damaged site archive");
    uint32_t name_n, content_n;
    if (!take32(rest, &name_n) || !take32(rest, &content_n))
        return bad;
    if (name_n > SITE_PATH_MAX || (uint64_t)name_n + content_n > rest->n)
        return bad;
    *ret_name = str_slice(*rest, 0, name_n);
    *ret_content = str_slice(*rest, name_n, (size_t)name_n + content_n);
    *rest = str_from_at(*rest, (size_t)name_n + content_n);
    return OK_ERR;
}

err site_file(str archive, str name, str *ret_content)
{
    if (!str_skip(&archive, ARCHIVE_MAGIC))
        return err_new(ERR_SYNTAX, "not a site archive");
    while (archive.n) {
        str n, content;
        err e = take_file(&archive, &n, &content);
        if (failed(e))
            return e;
        if (str_eq(n, name)) {
            *ret_content = content;
            return OK_ERR;
        }
    }
    return err_new(ERR_NOTFOUND, "no such file in the site");
}

str site_shared_prefix(str line)
{
    enum { LONGEST = 32 };
    line = str_trim(line);
    line.n -= str_ends(line, S("."));
    for (size_t i = 0; i < line.n; i++)
        if (!char_is_alpha(line.p[i]) && !char_is_digit(line.p[i]) && line.p[i] != '-' &&
            line.p[i] != '_')
            return S("");
    return line.n > LONGEST || str_ieq(line, S("INBOX")) ? S("") : line;
}

str site_quota(const struct site *site, str user)
{
    const struct name_entry *own = names_find(&site->quotas, user);
    const struct name_entry *all = names_find(&site->quotas, S("*"));
    return own != NULL ? own->value : all != NULL ? all->value : S("");
}

const char *site_rules_name(enum site_rules r)
{
    static const char *const names[] = {[RULES_SMTP] = "smtp",
                                        [RULES_SUBMISSION] = "submission",
                                        [RULES_IMAP] = "imap",
                                        [RULES_POP3] = "pop3"};
    return names[r];
}

static void set_number(const struct control_entry *c, str content, uint64_t *field)
{
    str line = line_first(content);
    uint64_t v;
    if (line.n == 0 || !char_is_digit(line.p[0]))
        return;
    if (!str_take_u64(&line, &v))
        v = c->max;
    *field = v < c->min ? c->min : v > c->max ? c->max : v;
}

static void set_choice(const struct control_entry *c, str content, int *field)
{
    str line = line_first(content);
    for (int i = 0; i < CONTROL_CHOICES && c->choices[i]; i++)
        if (str_ieq(line, str_from(c->choices[i])))
            *field = i;
}

static void set_flag(str content, bool *field)
{
    static const char *const yes[] = {"", "1", "yes", "on", "true"};
    static const char *const no[] = {"0", "no", "off", "false"};
    str line = line_first(content);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (str_ieq(line, str_from(yes[i])))
            *field = true;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (str_ieq(line, str_from(no[i])))
            *field = false;
}

static void set_entry(struct site *s, const struct control_entry *c, str content, struct arena *a)
{
    void *field = (char *)s + c->field;
    switch (c->type) {
    case CONTROL_LINE:
        *(str *)field = line_first(content);
        break;
    case CONTROL_TEXT:
    case CONTROL_CDB:
        *(str *)field = content;
        break;
    case CONTROL_NUMBER:
        set_number(c, content, field);
        break;
    case CONTROL_FLAG:
        set_flag(content, field);
        break;
    case CONTROL_CHOICE:
        set_choice(c, content, field);
        break;
    case CONTROL_LIST:
    case CONTROL_MAP:
        *(struct names *)field = names_parse(content, c->type == CONTROL_MAP, a);
        break;
    }
}

uint64_t site_number(str archive, str name)
{
    const struct control_entry *c = control_find(name);
    uint64_t v = 0;
    str content;
    if (!c || c->type != CONTROL_NUMBER)
        return 0;
    set_number(c, str_from(c->fallback), &v);
    if (!failed(site_file(archive, name, &content)))
        set_number(c, content, &v);
    return v;
}

bool site_flag(str archive, str name)
{
    const struct control_entry *c = control_find(name);
    bool v = false;
    str content;
    if (!c || c->type != CONTROL_FLAG)
        return false;
    set_flag(str_from(c->fallback), &v);
    if (!failed(site_file(archive, name, &content)))
        set_flag(content, &v);
    return v;
}

static bool is_as_me(const struct control_entry *c)
{
    return c->fallback && str_eq(str_from(c->fallback), S("=me"));
}

/* Names that were not given follow `me`. A list keeps present = false: what the file said and
 * what is in force are two things (an absent rcpthosts is not an empty one). */
static void follow_me(struct site *s, const bool *given, struct arena *a)
{
    for (size_t i = 0; i < control_schema_n; i++) {
        const struct control_entry *c = &control_schema[i];
        if (given[i] || !is_as_me(c))
            continue;
        set_entry(s, c, s->me, a);
        if (c->type == CONTROL_LIST)
            ((struct names *)(void *)((char *)s + c->field))->present = false;
    }
}

enum { SCHEMA_MOST = 128 };

void site_defaults(struct arena *a, struct site *s)
{
    *s = (struct site){0};
    for (size_t i = 0; i < control_schema_n; i++) {
        const struct control_entry *c = &control_schema[i];
        if (!c->fallback || is_as_me(c))
            continue;
        set_entry(s, c, str_from(c->fallback), a);
        if (c->type == CONTROL_LIST || c->type == CONTROL_MAP)
            ((struct names *)(void *)((char *)s + c->field))->present = false;
    }
}

static void set_other(struct site *s, str name, str content)
{
    if (str_eq(name, S("users/cdb"))) {
        /* An empty file is damage (qmail-newu writes at least its header), not absence: mail
         * must wait rather than go by the password file. */
        s->users_cdb = content.n ? content : S("?");
        s->has_users_cdb = true;
    }
    if (!str_skip(&name, S("tcp/")))
        return;
    for (enum site_rules r = 0; r < RULES_COUNT; r++)
        if (str_eq(name, str_from(site_rules_name(r))))
            s->tcp_rules[r] = content;
}

static err parse_into(str archive, bool secrets, struct arena *a, struct site *s, bool *given)
{
    if (!str_skip(&archive, ARCHIVE_MAGIC))
        return err_new(ERR_SYNTAX, "not a site archive");
    size_t files = 0;
    while (archive.n) {
        str name, content;
        err e = take_file(&archive, &name, &content);
        if (failed(e))
            return e;
        if (++files > SITE_FILES_MAX)
            return err_new(ERR_LIMIT, "files in a site archive");
        const struct control_entry *c = control_find(name);
        if (!c)
            set_other(s, name, content);
        if (!c || c->secret != secrets || given[c - control_schema])
            continue;
        given[c - control_schema] = true;
        set_entry(s, c, content, a);
    }
    return OK_ERR;
}

err site_parse(str archive, struct arena *a, struct site *ret)
{
    bool given[SCHEMA_MOST] = {false};
    struct site s;
    site_defaults(a, &s);
    err e = parse_into(archive, false, a, &s, given);
    if (failed(e))
        return e;
    follow_me(&s, given, a);
    *ret = s;
    return OK_ERR;
}

err site_parse_secrets(str archive, struct arena *a, struct site *s)
{
    bool given[SCHEMA_MOST] = {false};
    return parse_into(archive, true, a, s, given);
}

bool site_set(struct site *s, struct arena *a, str name, str content)
{
    const struct control_entry *c = control_find(name);
    if (!c)
        return false;
    set_entry(s, c, content, a);
    return true;
}

bool site_is_local(const struct site *s, str domain)
{
    return names_has(&s->locals, domain);
}

err site_rcpthost_allowed(const struct site *s, str address, bool *ret_allowed)
{
    ptrdiff_t at = str_rfind(address, '@');
    /* Without a host it is ours: envnoathost will be added. */
    if (!s->rcpthosts.present || at < 0) {
        *ret_allowed = true;
        return OK_ERR;
    }
    str host = str_from_at(address, (size_t)at + 1);
    if (names_find_host(&s->rcpthosts, host)) {
        *ret_allowed = true;
        return OK_ERR;
    }
    *ret_allowed = false;
    char lower[256]; /* RFC 5321 4.5.3.1.2: a domain has 255 octets at most */
    if (s->morercpthosts_cdb.n == 0 || host.n > sizeof lower)
        return OK_ERR;
    for (size_t i = 0; i < host.n; i++)
        lower[i] = char_lower(host.p[i]);
    for (size_t i = 0; i < host.n; i++) {
        if (i != 0 && lower[i] != '.')
            continue;
        str data;
        err e = cdb_find(s->morercpthosts_cdb, str_of(lower + i, host.n - i), &data);
        if (e.kind == ERR_NOTFOUND)
            continue;
        if (!failed(e))
            *ret_allowed = true;
        return e;
    }
    return OK_ERR;
}

/* The whole address, or its @domain. */
static bool is_bad(const struct names *bad, str address)
{
    if (names_has(bad, address))
        return true;
    ptrdiff_t at = str_rfind(address, '@');
    return at >= 0 && names_has(bad, str_from_at(address, (size_t)at));
}

bool site_badmailfrom(const struct site *s, str sender)
{
    return is_bad(&s->badmailfrom, sender);
}

bool site_badmailto(const struct site *s, str recipient)
{
    return is_bad(&s->badmailto, recipient);
}

/* relay, relay:port, [v6], [v6]:port. A port that is no number leaves 25, as qmail-remote. */
static void take_relay(str text, struct smtproute *r)
{
    str port = {0};
    if (text.n && text.p[0] == '[' && str_find(text, ']') > 0) {
        ptrdiff_t end = str_find(text, ']');
        port = str_from_at(text, (size_t)end + 1);
        (void)str_skip(&port, S(":")); /* no port is fine */
        r->host = str_slice(text, 0, (size_t)end + 1);
    } else {
        str_cut(text, ':', &r->host, &port);
    }
    uint64_t v;
    r->port = 25;
    if (str_take_u64(&port, &v) && v > 0 && v < 65536)
        r->port = (uint16_t)v;
    r->by_mx = r->host.n == 0;
}

bool site_smtproute(const struct site *s, str host, struct smtproute *ret)
{
    const struct name_entry *e = names_find_host(&s->smtproutes, host);
    if (!e)
        e = names_find(&s->smtproutes, S(""));
    *ret = (struct smtproute){.by_mx = true, .port = 25};
    if (!e)
        return false;
    take_relay(e->value, ret);
    const struct name_entry *login = ret->by_mx ? NULL : names_find(&s->relayauth, ret->host);
    if (login)
        str_cut(login->value, ':', &ret->user, &ret->password);
    return true;
}
