/* SPDX-License-Identifier: ISC */
#include "client/imap.h"

#include <stdlib.h>

#include "client/stream.h"
#include "crypt/hash.h"
#include "crypt/secret.h"
#include "os/clock.h"
#include "os/fd.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/imap_lex.h"
#include "wire/sasl.h"

enum { IMAP_CLIENT_ARENA = 4 << 20, IMAP_CLIENT_LINE = STREAM_IN, LOGOUT_MS = 1000 };

struct imap_client {
    const struct imap_client_options *o;
    struct stream stream;
    struct arena *arena; /* of one response */
    struct buf response, body, said;
    unsigned tag;
    bool loopback, open, body_too_large, fetching;
    bool has_starttls, has_login, has_cram, has_plain;
};

str imap_client_said(const struct imap_client *c)
{
    return buf_str(&c->said);
}

static deadline by(const struct imap_client *c)
{
    return deadline_in_ms(c->o->command_ms);
}

static err say(struct imap_client *c, str line)
{
    err e = stream_write(&c->stream, line, by(c));
    if (!failed(e))
        e = stream_write(&c->stream, S("\r\n"), by(c));
    return failed(e) ? e : stream_flush(&c->stream, by(c));
}

/* "a12 TEXT" */
static err command(struct imap_client *c, str text)
{
    auto_buf struct buf b;
    buf_init(&b, IMAP_CLIENT_RESPONSE_MAX);
    buf_addf(&b, "a%u ", ++c->tag);
    buf_add(&b, text);
    err e = buf_check(&b, "command");
    return failed(e) ? e : say(c, buf_str(&b));
}

/* CRLF becomes LF; a CR elsewhere stays. *held: the last octet was a CR. */
static void add_lines(struct buf *b, str piece, bool *held)
{
    for (size_t i = 0; i < piece.n; i++) {
        if (*held && piece.p[i] != '\n')
            buf_addc(b, '\r');
        *held = piece.p[i] == '\r';
        if (!*held)
            buf_addc(b, piece.p[i]);
    }
}

/* A literal goes into the response, or, when it is the message, into the body. */
static err read_literal(struct imap_client *c, uint64_t n, bool message)
{
    bool held = false;
    c->body_too_large = message && n > IMAP_CLIENT_MESSAGE_MAX;
    if (!message && n > IMAP_CLIENT_RESPONSE_MAX)
        return err_new(ERR_LIMIT, "literal from the server");
    while (n > 0) {
        str piece;
        size_t want = n < STREAM_IN ? (size_t)n : STREAM_IN;
        err e = stream_read_some(&c->stream, want, by(c), &piece);
        if (failed(e))
            return e;
        n -= piece.n;
        if (!message)
            buf_add(&c->response, piece);
        else if (!c->body_too_large)
            add_lines(&c->body, piece, &held);
    }
    if (held)
        buf_addc(&c->body, '\r');
    return OK_ERR;
}

/* One response, its literals in place; the message of BODY[] stands as "" and is in c->body. */
static err read_response(struct imap_client *c)
{
    buf_reset(&c->response);
    buf_reset(&c->body);
    arena_reset(c->arena);
    for (;;) {
        str line;
        err e = stream_read_line(&c->stream, IMAP_CLIENT_LINE, by(c), &line);
        if (failed(e))
            return e;
        struct imap_literal l;
        bool found = false;
        e = imap_line_literal(line, &l, &found);
        if (failed(e))
            return e;
        str text = str_trim_end(line);
        ptrdiff_t brace = found ? str_rfind(text, '{') : -1;
        bool message = found && str_iends(str_slice(text, 0, (size_t)brace), S("BODY[] "));
        if (message)
            text = str_slice(text, 0, (size_t)brace);
        buf_add(&c->response, text);
        if (message)
            buf_add(&c->response, S("\"\""));
        else if (found)
            buf_add(&c->response, S("\r\n")); /* as imap_string() expects a literal to stand */
        if (found)
            e = read_literal(c, l.size, message);
        if (!failed(e))
            e = buf_check(&c->response, "response from the server");
        if (failed(e) || !found)
            return e;
    }
}

/* "* OK …", "a12 NO …": is it the end of the command, and how did it go? */
static bool is_tagged(struct imap_client *c, err *ret_e)
{
    str head, rest, word, text, mine = arena_printf(c->arena, "a%u", c->tag);
    (void)str_cut(buf_str(&c->response), ' ', &head, &rest); /* without a space nothing matches */
    if (!str_eq(head, mine))
        return false;
    (void)str_cut(rest, ' ', &word, &text); /* a bare "OK" is fine */
    buf_reset(&c->said);
    buf_add(&c->said, rest);
    *ret_e = str_ieq(word, S("OK"))   ? OK_ERR
             : str_ieq(word, S("NO")) ? err_new(ERR_DENIED, "the server refused")
                                      : err_new(ERR_SYNTAX, "the server did not understand");
    return true;
}

typedef err untagged_fn(void *ctx, struct imap_client *c, struct imap_reader *r);

/* Reads until the tagged answer; what comes before goes to `each` (NULL: nobody). */
static err finish(struct imap_client *c, untagged_fn *each, void *ctx)
{
    for (;;) {
        err end = OK_ERR, e = read_response(c);
        if (failed(e))
            return e;
        if (is_tagged(c, &end))
            return end;
        struct imap_reader r = {.rest = buf_str(&c->response), .arena = c->arena};
        if (str_istarts(r.rest, S("* BYE"))) {
            buf_reset(&c->said);
            buf_add(&c->said, str_from_at(r.rest, 2));
        }
        if (each && str_skip(&r.rest, S("* ")))
            e = each(ctx, c, &r);
        if (failed(e))
            return e;
    }
}

/* ---- connecting and logging in ---- */

static err on_capability(void *ctx, struct imap_client *c, struct imap_reader *r)
{
    (void)ctx;
    if (!imap_skip_word(r, S("CAPABILITY")))
        return OK_ERR;
    str word, rest = str_trim(r->rest);
    c->has_starttls = c->has_cram = c->has_plain = false;
    c->has_login = true;
    while (rest.n) {
        (void)str_cut(rest, ' ', &word, &rest); /* the last one has no space */
        c->has_starttls |= str_ieq(word, S("STARTTLS"));
        c->has_cram |= str_ieq(word, S("AUTH=CRAM-MD5"));
        c->has_plain |= str_ieq(word, S("AUTH=PLAIN"));
        c->has_login &= !str_ieq(word, S("LOGINDISABLED"));
    }
    return OK_ERR;
}

static err capability(struct imap_client *c)
{
    err e = command(c, S("CAPABILITY"));
    return failed(e) ? e : finish(c, on_capability, NULL);
}

static err start_tls(struct imap_client *c)
{
    err e = stream_start_tls(&c->stream, c->o->side, c->o->host,
                             c->o->any_certificate ? TLS_OPPORTUNISTIC : TLS_VERIFIED, by(c));
    if (failed(e)) {
        buf_reset(&c->said);
        buf_add(&c->said, str_from(stream_tls_why(&c->stream)));
    }
    return e;
}

/* Waits for "+ …"; *ret_text is its text. */
static err challenge(struct imap_client *c, str *ret_text)
{
    err e = read_response(c), end = OK_ERR;
    if (failed(e))
        return e;
    str text = buf_str(&c->response);
    if (is_tagged(c, &end))
        return failed(end) ? end : err_new(ERR_SYNTAX, "no challenge from the server");
    if (!str_skip(&text, S("+")))
        return err_new(ERR_SYNTAX, "no challenge from the server");
    *ret_text = str_trim(text);
    return OK_ERR;
}

static err answer(struct imap_client *c, str blob)
{
    auto_buf struct buf line;
    buf_init(&line, 2 * SASL_BLOB_MAX);
    base64_encode(&line, blob);
    err e = buf_check(&line, "AUTHENTICATE");
    if (!failed(e))
        e = say(c, buf_str(&line));
    if (line.p)
        secret_wipe(line.p, line.cap);
    return failed(e) ? e : finish(c, NULL, NULL);
}

static err login_plain(struct imap_client *c)
{
    auto_buf struct buf blob;
    str text;
    struct sasl_plain p = {.authcid = c->o->user, .password = c->o->password};
    buf_init(&blob, SASL_BLOB_MAX);
    err e = command(c, S("AUTHENTICATE PLAIN"));
    if (!failed(e))
        e = challenge(c, &text);
    if (!failed(e))
        e = sasl_plain_write(&p, &blob);
    if (!failed(e))
        e = answer(c, buf_str(&blob));
    if (blob.p)
        secret_wipe(blob.p, blob.cap);
    return e;
}

static err login_cram(struct imap_client *c)
{
    auto_buf struct buf given, reply;
    str text;
    char hex[2 * HASH_SIZE_MAX + 1];
    buf_init(&given, SASL_BLOB_MAX);
    buf_init(&reply, SASL_BLOB_MAX);
    err e = command(c, S("AUTHENTICATE CRAM-MD5"));
    if (!failed(e))
        e = challenge(c, &text);
    if (!failed(e))
        e = base64_decode(&given, text);
    if (failed(e))
        return e;
    struct digest d = hmac_of(HASH_MD5, c->o->password, buf_str(&given));
    digest_hex(&d, hex);
    e = sasl_digest_write(&(struct sasl_digest){.user = c->o->user, .hex = str_from(hex)}, &reply);
    return failed(e) ? e : answer(c, buf_str(&reply));
}

static void add_quoted(struct buf *b, str s)
{
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(b, '\\');
        buf_addc(b, s.p[i]);
    }
    buf_addc(b, '"');
}

static err login_word(struct imap_client *c)
{
    auto_buf struct buf b;
    buf_init(&b, 2 * SASL_BLOB_MAX);
    buf_add(&b, S("LOGIN "));
    add_quoted(&b, c->o->user);
    buf_addc(&b, ' ');
    add_quoted(&b, c->o->password);
    err e = command(c, buf_str(&b));
    if (b.p)
        secret_wipe(b.p, b.cap);
    return failed(e) ? e : finish(c, NULL, NULL);
}

static err login(struct imap_client *c)
{
    bool may_show = c->stream.tls || c->loopback;
    if (may_show && c->has_plain)
        return login_plain(c);
    if (c->has_cram)
        return login_cram(c);
    if (may_show && c->has_login)
        return login_word(c);
    buf_reset(&c->said);
    return err_new(ERR_DENIED, "no way to log in is offered that protects the password");
}

static err begin(struct imap_client *c)
{
    err e = c->o->tls == IMAP_CLIENT_TLS ? start_tls(c) : OK_ERR;
    if (!failed(e))
        e = read_response(c); /* the greeting */
    if (failed(e))
        return e;
    str greeting = buf_str(&c->response);
    bool known = str_istarts(greeting, S("* PREAUTH"));
    if (!known && !str_istarts(greeting, S("* OK"))) {
        buf_add(&c->said, greeting);
        return err_new(ERR_DENIED, "the server does not want us");
    }
    e = capability(c);
    if (!failed(e) && c->o->tls == IMAP_CLIENT_STARTTLS) {
        if (!c->has_starttls || known)
            return err_new(ERR_DENIED, "the server offers no STARTTLS");
        e = command(c, S("STARTTLS"));
        if (!failed(e))
            e = finish(c, NULL, NULL);
        if (!failed(e))
            e = start_tls(c);
        if (!failed(e))
            e = capability(c);
    }
    return failed(e) || known ? e : login(c);
}

err imap_client_open(const struct net_address *to, const struct imap_client_options *o,
                     struct imap_client **ret)
{
    int fd;
    err e = net_connect(to, deadline_in_ms(o->connect_ms), &fd);
    if (failed(e))
        return e;
    struct imap_client *c = mem_alloc("imap client", sizeof *c);
    *c = (struct imap_client){.o = o, .loopback = net_address_is_loopback(to)};
    c->arena = arena_new("imap client", IMAP_CLIENT_ARENA);
    stream_init(&c->stream);
    buf_init(&c->response, IMAP_CLIENT_RESPONSE_MAX);
    buf_init(&c->said, IMAP_CLIENT_LINE);
    buf_init(&c->body, IMAP_CLIENT_MESSAGE_MAX);
    *ret = c; /* also when it fails: to ask what was said */
    e = stream_open(&c->stream, fd);
    if (!failed(e))
        e = begin(c);
    c->open = !failed(e);
    return e;
}

void imap_client_free(struct imap_client *c)
{
    if (!c)
        return;
    if (c->open && !c->fetching) {
        c->tag++;
        (void)stream_write(&c->stream, S("z LOGOUT\r\n"),
                           deadline_in_ms(LOGOUT_MS)); /* a courtesy */
        (void)stream_flush(&c->stream, deadline_in_ms(LOGOUT_MS));
    }
    stream_close(&c->stream);
    arena_free(c->arena);
    buf_done(&c->response);
    buf_done(&c->body);
    buf_done(&c->said);
    free(c);
}

/* ---- folders ---- */

struct listing {
    struct arena *a;
    VEC(struct imap_client_folder) all;
    bool lsub;
};

static err mailbox_name(struct imap_reader *r, struct arena *a, str *ret)
{
    str name;
    err e = imap_astring(r, &name);
    if (!failed(e))
        *ret = arena_copy(a, name);
    return e;
}

/* LIST (\HasNoChildren) "." INBOX */
static err on_list(void *ctx, struct imap_client *c, struct imap_reader *r)
{
    struct listing *l = ctx;
    struct imap_client_folder f = {0};
    str delimiter;
    (void)c;
    if (!imap_skip_word(r, l->lsub ? S("LSUB") : S("LIST")) || failed(imap_space(r)))
        return OK_ERR;
    ptrdiff_t close = str_find(r->rest, ')');
    if (!imap_skip(r, '(') || close < 0)
        return err_new(ERR_SYNTAX, "LIST from the server");
    str flags = str_slice(r->rest, 0, (size_t)close - 1), word;
    r->rest = str_from_at(r->rest, (size_t)close);
    while (flags.n) {
        (void)str_cut(flags, ' ', &word, &flags); /* the last one has no space */
        f.noselect |= str_ieq(word, S("\\Noselect")) || str_ieq(word, S("\\NonExistent"));
    }
    err e = imap_space(r);
    if (!failed(e))
        e = imap_nstring(r, &delimiter);
    if (!failed(e))
        e = imap_space(r);
    if (!failed(e))
        e = mailbox_name(r, l->a, &f.name);
    if (failed(e))
        return e;
    f.delimiter = delimiter.n ? delimiter.p[0] : 0;
    if (l->lsub) {
        for (size_t i = 0; i < l->all.n; i++)
            l->all.at[i].subscribed |= str_eq(l->all.at[i].name, f.name);
        return OK_ERR;
    }
    if (l->all.n == IMAP_CLIENT_FOLDERS_MAX)
        return err_new(ERR_LIMIT, "folders of the server");
    vec_push(&l->all, f);
    return OK_ERR;
}

err imap_client_list(struct imap_client *c, struct arena *a, struct imap_client_folder **ret,
                     size_t *ret_n)
{
    struct listing l = {.a = a};
    err e = command(c, S("LIST \"\" \"*\""));
    if (!failed(e))
        e = finish(c, on_list, &l);
    l.lsub = true;
    if (!failed(e))
        e = command(c, S("LSUB \"\" \"*\""));
    if (!failed(e))
        e = finish(c, on_list, &l);
    if (!failed(e)) {
        *ret = NEW_N(a, struct imap_client_folder, l.all.n + 1);
        for (size_t i = 0; i < l.all.n; i++)
            (*ret)[i] = l.all.at[i];
        *ret_n = l.all.n;
    }
    vec_done(&l.all);
    return e;
}

static err on_examine(void *ctx, struct imap_client *c, struct imap_reader *r)
{
    struct imap_client_box *box = ctx;
    uint32_t n;
    (void)c;
    ptrdiff_t at = str_find_str(r->rest, S("[UIDVALIDITY "));
    if (at >= 0) {
        str rest = str_from_at(r->rest, (size_t)at + 13);
        uint64_t v;
        if (str_take_u64(&rest, &v) && v <= UINT32_MAX)
            box->uidvalidity = (uint32_t)v;
    } else if (!failed(imap_number(r, &n)) && !failed(imap_space(r)) &&
               imap_skip_word(r, S("EXISTS"))) {
        box->messages = n;
    }
    return OK_ERR;
}

err imap_client_examine(struct imap_client *c, str name, struct imap_client_box *ret)
{
    auto_buf struct buf b;
    struct imap_client_box box = {0};
    buf_init(&b, IMAP_CLIENT_LINE);
    buf_add(&b, S("EXAMINE "));
    add_quoted(&b, name);
    err e = buf_check(&b, "mailbox name");
    if (!failed(e))
        e = command(c, buf_str(&b));
    if (!failed(e))
        e = finish(c, on_examine, &box);
    if (!failed(e))
        *ret = box;
    return e;
}

/* ---- messages ---- */

static err read_flags(struct imap_reader *r, struct arena *a, struct imap_client_message *m)
{
    str *flags = NEW_N(a, str, IMAP_CLIENT_FLAGS_MAX);
    ptrdiff_t close = str_find(r->rest, ')');
    if (!imap_skip(r, '(') || close < 0)
        return err_new(ERR_SYNTAX, "FLAGS from the server");
    str text = str_slice(r->rest, 0, (size_t)close - 1), word;
    r->rest = str_from_at(r->rest, (size_t)close);
    m->flags = flags;
    m->n_flags = 0;
    while (text.n) {
        (void)str_cut(text, ' ', &word, &text); /* the last one has no space */
        if (word.n && m->n_flags < IMAP_CLIENT_FLAGS_MAX)
            flags[m->n_flags++] = word;
    }
    return OK_ERR;
}

static err read_item(struct imap_client *c, struct imap_reader *r, struct imap_client_message *m,
                     bool *ret_body)
{
    str name, value;
    (void)str_cut(r->rest, ' ', &name, &value); /* a lone name fails below */
    r->rest = value;
    if (str_ieq(name, S("UID")))
        return imap_nz_number(r, &m->uid);
    if (str_ieq(name, S("FLAGS")))
        return read_flags(r, c->arena, m);
    if (str_ieq(name, S("BODY[]")))
        *ret_body = true;
    if (str_ieq(name, S("MODSEQ"))) {
        ptrdiff_t close = str_find(r->rest, ')');
        r->rest = str_from_at(r->rest, close < 0 ? r->rest.n : (size_t)close + 1);
        return OK_ERR;
    }
    if (r->rest.n && r->rest.p[0] != '"' && r->rest.p[0] != '{' &&
        !str_istarts(r->rest, S("NIL"))) {
        uint32_t n;
        return imap_number(r, &n); /* RFC822.SIZE and the like */
    }
    err e = imap_nstring(r, &value);
    struct mail_date d;
    if (!failed(e) && *ret_body && c->body.n == 0 && str_ieq(name, S("BODY[]")))
        buf_add(&c->body, value); /* a short one may come quoted */
    if (!failed(e) && str_ieq(name, S("INTERNALDATE")) && !failed(date_parse_imap(value, &d)))
        m->date = d.epoch;
    return e;
}

/* "* 12 FETCH (…)". False: something else. */
static err read_fetch(struct imap_client *c, struct imap_client_message *m, bool *ret_is,
                      bool *ret_body)
{
    struct imap_reader r = {.rest = buf_str(&c->response), .arena = c->arena};
    uint32_t seq;
    *m = (struct imap_client_message){.date = -1};
    *ret_is = *ret_body = false;
    if (!str_skip(&r.rest, S("* ")) || failed(imap_number(&r, &seq)) || failed(imap_space(&r)) ||
        !imap_skip_word(&r, S("FETCH")) || failed(imap_space(&r)) || !imap_skip(&r, '('))
        return OK_ERR;
    *ret_is = true;
    while (!imap_skip(&r, ')')) {
        err e = read_item(c, &r, m, ret_body);
        if (failed(e))
            return e;
        if (!imap_skip(&r, ' ') && !(r.rest.n && r.rest.p[0] == ')'))
            return err_new(ERR_SYNTAX, "FETCH from the server");
    }
    return OK_ERR;
}

static err on_uid(void *ctx, struct imap_client *c, struct imap_reader *r)
{
    struct imap_client_uids *all = ctx;
    struct imap_client_message m;
    bool is, body;
    (void)r;
    err e = read_fetch(c, &m, &is, &body);
    if (!failed(e) && is && m.uid && (all->n == 0 || all->at[all->n - 1] < m.uid))
        vec_push(all, m.uid);
    return e;
}

err imap_client_uids(struct imap_client *c, uint32_t from, struct imap_client_uids *ret)
{
    ret->n = 0;
    err e = command(c, arena_printf(c->arena, "UID FETCH %u:* (UID)", from));
    if (!failed(e))
        e = finish(c, on_uid, ret);
    if (!failed(e) && ret->n && ret->at[ret->n - 1] < from)
        ret->n--; /* "*" is the last message, also when it lies before */
    return e;
}

err imap_client_fetch(struct imap_client *c, const uint32_t *uids, size_t n)
{
    auto_buf struct buf b;
    buf_init(&b, IMAP_CLIENT_LINE);
    buf_add(&b, S("UID FETCH "));
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s%u", i ? "," : "", uids[i]);
    buf_add(&b, S(" (UID FLAGS INTERNALDATE BODY.PEEK[])"));
    err e = command(c, buf_str(&b));
    c->fetching = !failed(e);
    return e;
}

err imap_client_next(struct imap_client *c, struct imap_client_message *ret, bool *ret_end)
{
    for (;;) {
        struct imap_client_message m;
        bool is = false, body = false;
        err end = OK_ERR, e = read_response(c);
        if (!failed(e) && is_tagged(c, &end)) {
            c->fetching = false;
            *ret_end = true;
            return end;
        }
        if (!failed(e))
            e = read_fetch(c, &m, &is, &body);
        if (failed(e))
            return e;
        if (!is || !body || !m.uid)
            continue; /* news about others */
        m.body = buf_str(&c->body);
        m.too_large = c->body_too_large;
        *ret = m;
        *ret_end = false;
        return OK_ERR;
    }
}
