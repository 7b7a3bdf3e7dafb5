/* SPDX-License-Identifier: ISC */
/* ctl/old_inject.c -- qmail-inject(8): makes a proper message of what it reads and queues it.
 *
 * How it works: the header is read field by field. Address fields are parsed, each address
 * completed (default host, plus domain, default domain) and the field written anew, folded;
 * Bcc, Return-Path and Content-Length vanish; the rest stays as it came. What is missing
 * (Date, Message-ID, From, some recipient field) is put in front. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/site.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/submit.h"
#include "os/clock.h"
#include "wire/addrlist.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/message.h"

enum { MESSAGE_MAX = 512 << 20, LINE_WIDTH = 80 };

enum recipients { FROM_ARGS_OR_HEADER, FROM_ARGS, FROM_HEADER, FROM_BOTH };

struct inject {
    struct ctl *ctl;
    struct arena *arena;
    struct site site;
    enum recipients how;
    bool print;           /* -n */
    const char *f_sender; /* -f */
    /* QMAILINJECT */
    bool comment_names, ignore_return_path, drop_from, drop_message_id, verp_recipient,
        verp_message;
    bool resent; /* Resent-* fields name the recipients */
    bool has_date, has_id, has_from, has_recipient_field;
    bool has_resent_date, has_resent_id, has_resent_from;
    str return_path; /* of a Return-Path field */
    bool has_return_path;
    struct buf head; /* the user's fields, rewritten */
    struct envelope header_recipients, resent_recipients;
    const char *bad_line;
};

static const char *first_env(const char *const *names)
{
    for (; *names; names++) {
        const char *v = getenv(*names);
        if (v)
            return v;
    }
    return NULL;
}

/* A host as it should be: "+" and dotless names completed. */
static str complete_host(struct inject *in, str host)
{
    const char *plus = getenv("QMAILPLUSDOMAIN");
    const char *domain = getenv("QMAILDEFAULTDOMAIN");
    if (host.n && host.p[0] == '[')
        return host;
    if (str_ends(host, S("+"))) {
        str with = plus ? str_from(plus) : in->site.plusdomain;
        return arena_printf(in->arena, "%.*s.%.*s", (int)host.n - 1, host.p, STR_ARG(with));
    }
    if (str_find(host, '.') >= 0)
        return host;
    str with = domain ? str_from(domain) : in->site.defaultdomain;
    return with.n ? arena_printf(in->arena, "%.*s.%.*s", STR_ARG(host), STR_ARG(with)) : host;
}

static str default_host(struct inject *in)
{
    const char *host = getenv("QMAILDEFAULTHOST");
    return complete_host(in, host ? str_from(host) : in->site.defaulthost);
}

static bool needs_quotes(str local)
{
    for (size_t i = 0; i < local.n; i++)
        if (strchr("()<>[]:;@\\,\" \t\r\n", local.p[i]))
            return true;
    return local.n == 0 || local.p[0] == '.' || local.p[local.n - 1] == '.' ||
           str_find_str(local, S("..")) >= 0;
}

static str quoted_local(struct inject *in, str local)
{
    if (!needs_quotes(local))
        return local;
    char *p = arena_alloc(in->arena, local.n * 2 + 3, 1);
    size_t n = 0;
    p[n++] = '"';
    for (size_t i = 0; i < local.n; i++) {
        if (local.p[i] == '"' || local.p[i] == '\\' || local.p[i] == '\r' || local.p[i] == '\n')
            p[n++] = '\\';
        p[n++] = local.p[i];
    }
    p[n++] = '"';
    return str_of(p, n);
}

/* mailbox@host, unquoted: for the envelope. */
static str complete(struct inject *in, const struct addr *a)
{
    str local = a->mailbox;
    str host = a->host;
    while (local.n && *local.p == '.' && !host.p)
        local = str_from_at(local, 1);
    host = host.p && host.n ? complete_host(in, host) : default_host(in);
    return arena_printf(in->arena, "%.*s@%.*s", STR_ARG(local), STR_ARG(host));
}

static str written(struct inject *in, const struct addr *a)
{
    str full = complete(in, a);
    size_t at = (size_t)str_rfind(full, '@');
    str local = quoted_local(in, str_slice(full, 0, at));
    return arena_printf(in->arena, "%.*s%.*s", STR_ARG(local), STR_ARG(str_from_at(full, at)));
}

static bool is_atoms(str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != ' ' && (unsigned char)c < 0x80 &&
            !strchr("!#$%&'*+-/=?^_`{|}~", c))
            return false;
    }
    return true;
}

static void add_word(struct buf *b, size_t *column, str word)
{
    if (*column + word.n + 1 > LINE_WIDTH && *column > 2) {
        buf_add(b, S("\n  "));
        *column = 2;
    } else {
        buf_addc(b, ' ');
        *column += 1;
    }
    buf_add(b, word);
    *column += word.n;
}

static str one_entry(struct inject *in, const struct addr *a)
{
    str spec = written(in, a);
    if (a->name.n == 0)
        return spec;
    if (is_atoms(a->name))
        return arena_printf(in->arena, "%.*s <%.*s>", STR_ARG(a->name), STR_ARG(spec));
    str name = quoted_local(in, a->name); /* special characters: as a quoted string */
    if (name.p == a->name.p)
        name = arena_printf(in->arena, "\"%.*s\"", STR_ARG(name));
    return arena_printf(in->arena, "%.*s <%.*s>", STR_ARG(name), STR_ARG(spec));
}

static void write_addresses(struct inject *in, struct buf *b, str name, const struct addrlist *l)
{
    size_t column = name.n + 1;
    bool comma = false;
    buf_addf(b, "%.*s:", STR_ARG(name));
    for (size_t i = 0; i < l->n; i++) {
        const struct addr *a = &l->at[i];
        if (a->kind == ADDR_GROUP_END) {
            buf_addc(b, ';');
            comma = true;
            continue;
        }
        if (comma)
            buf_addc(b, ',');
        bool group = a->kind == ADDR_GROUP_START;
        add_word(b, &column,
                 group ? arena_printf(in->arena, "%.*s:", STR_ARG(a->mailbox)) : one_entry(in, a));
        comma = !group;
    }
    buf_addc(b, '\n');
}

static void collect(struct inject *in, struct envelope *to, const struct addrlist *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].kind == ADDR_MAILBOX)
            envelope_add(to, complete(in, &l->at[i]));
}

enum field_kind {
    FIELD_OTHER,
    FIELD_DROP,
    FIELD_RECIPIENTS,
    FIELD_BCC,
    FIELD_ADDRESSES,
    FIELD_RETURN_PATH
};

static const struct known {
    const char *name;
    enum field_kind kind;
    bool resent;
} known[] = {
    {"To", FIELD_RECIPIENTS, false},
    {"Cc", FIELD_RECIPIENTS, false},
    {"Bcc", FIELD_BCC, false},
    {"Apparently-To", FIELD_RECIPIENTS, false},
    {"Resent-To", FIELD_RECIPIENTS, true},
    {"Resent-Cc", FIELD_RECIPIENTS, true},
    {"Resent-Bcc", FIELD_BCC, true},
    {"From", FIELD_ADDRESSES, false},
    {"Sender", FIELD_ADDRESSES, false},
    {"Reply-To", FIELD_ADDRESSES, false},
    {"Mail-Reply-To", FIELD_ADDRESSES, false},
    {"Mail-Followup-To", FIELD_ADDRESSES, false},
    {"Return-Receipt-To", FIELD_ADDRESSES, false},
    {"Errors-To", FIELD_ADDRESSES, false},
    {"Notice-Requested-Upon-Delivery-To", FIELD_ADDRESSES, false},
    {"Resent-From", FIELD_ADDRESSES, true},
    {"Resent-Sender", FIELD_ADDRESSES, true},
    {"Resent-Reply-To", FIELD_ADDRESSES, true},
    {"Return-Path", FIELD_RETURN_PATH, false},
    {"Content-Length", FIELD_DROP, false},
};

static const struct known *find_known(str name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_ieq(name, str_from(known[i].name)))
            return &known[i];
    return NULL;
}

static void note_seen(struct inject *in, str name)
{
    struct {
        str name;
        bool *seen;
    } notes[] = {{S("Date"), &in->has_date},
                 {S("Message-ID"), &in->has_id},
                 {S("From"), &in->has_from},
                 {S("Resent-Date"), &in->has_resent_date},
                 {S("Resent-Message-ID"), &in->has_resent_id},
                 {S("Resent-From"), &in->has_resent_from}};
    for (size_t i = 0; i < 6; i++)
        if (str_ieq(name, notes[i].name))
            *notes[i].seen = true;
    if (str_istarts(name, S("Resent-")))
        in->resent = true;
}

static void take_addresses(struct inject *in, const struct header_field *f, const struct known *k)
{
    struct addrlist l = addrlist_parse(in->arena, f->value, ADDRLIST_SPLIT_WORDS);
    struct envelope *to = k->resent ? &in->resent_recipients : &in->header_recipients;
    if (k->kind == FIELD_RECIPIENTS || k->kind == FIELD_BCC)
        collect(in, to, &l);
    if (k->kind == FIELD_RECIPIENTS && !k->resent)
        in->has_recipient_field = true;
    if (k->kind == FIELD_BCC)
        return;
    if (l.ugly && k->kind == FIELD_ADDRESSES) {
        in->bad_line = arena_cstr(in->arena, f->raw);
        return;
    }
    if (l.ugly || l.n == 0)
        buf_add(&in->head, f->raw); /* as it came: notqmail does not refuse it */
    else
        write_addresses(in, &in->head, f->name, &l);
}

static void take_return_path(struct inject *in, const struct header_field *f)
{
    struct addrlist l = addrlist_parse(in->arena, f->value, 0);
    if (in->ignore_return_path)
        return;
    in->has_return_path = true;
    in->return_path =
        l.n && l.at[0].kind == ADDR_MAILBOX && l.at[0].mailbox.n ? complete(in, &l.at[0]) : S("");
}

static void take_field(struct inject *in, const struct header_field *f)
{
    const struct known *k = find_known(f->name);
    bool dropped =
        (in->drop_from && (str_ieq(f->name, S("From")) || str_ieq(f->name, S("Resent-From")))) ||
        (in->drop_message_id && str_ieq(f->name, S("Message-ID")));
    if (dropped)
        return;
    note_seen(in, f->name);
    if (!k) {
        buf_add(&in->head, f->raw);
        if (f->raw.n == 0 || f->raw.p[f->raw.n - 1] != '\n')
            buf_addc(&in->head, '\n');
    } else if (k->kind == FIELD_RETURN_PATH) {
        take_return_path(in, f);
    } else if (k->kind != FIELD_DROP) {
        take_addresses(in, f, k);
    }
}

/* From: by the environment, as qmail-inject(8) lists it. */
static str own_address(struct inject *in, bool for_envelope)
{
    static const char *const users[] = {"QMAILUSER", "MAILUSER", "USER", "LOGNAME", NULL};
    static const char *const hosts[] = {"QMAILHOST", "MAILHOST", NULL};
    const char *suser = getenv("QMAILSUSER");
    const char *shost = getenv("QMAILSHOST");
    const char *user = for_envelope && suser ? suser : first_env(users);
    const char *host = for_envelope && shost ? shost : first_env(hosts);
    str h = host ? complete_host(in, str_from(host)) : default_host(in);
    return arena_printf(in->arena, "%s@%.*s", user ? user : "anonymous", STR_ARG(h));
}

static str from_line(struct inject *in, const char *field)
{
    static const char *const names[] = {"QMAILNAME", "MAILNAME", "NAME", NULL};
    const char *name = first_env(names);
    str address = own_address(in, false);
    size_t at = (size_t)str_rfind(address, '@');
    str spec =
        arena_printf(in->arena, "%.*s%.*s", STR_ARG(quoted_local(in, str_slice(address, 0, at))),
                     STR_ARG(str_from_at(address, at)));
    if (!name || !*name)
        return arena_printf(in->arena, "%s: %.*s\n", field, STR_ARG(spec));
    if (in->comment_names)
        return arena_printf(in->arena, "%s: %.*s (%s)\n", field, STR_ARG(spec), name);
    str quoted = is_atoms(str_from(name)) ? str_from(name) : quoted_local(in, str_from(name));
    return arena_printf(in->arena, "%s: %.*s <%.*s>\n", field, STR_ARG(quoted), STR_ARG(spec));
}

static void add_id(struct inject *in, struct buf *b, const char *field)
{
    const char *host = getenv("QMAILIDHOST");
    struct message_id id = {.epoch = clock_seconds(),
                            .pid = (uint64_t)getpid(),
                            .tag = S("qmail"),
                            .host = host ? complete_host(in, str_from(host)) : in->site.idhost};
    buf_addf(b, "%s: ", field);
    message_id_write(b, &id);
    buf_addc(b, '\n');
}

static void add_missing(struct inject *in, struct buf *b)
{
    bool resent = in->resent;
    if (!(resent ? in->has_resent_date : in->has_date)) {
        buf_add(b, resent ? S("Resent-Date: ") : S("Date: "));
        date_write_qmail(b, clock_seconds());
        buf_addc(b, '\n');
    }
    if (!(resent ? in->has_resent_id : in->has_id))
        add_id(in, b, resent ? "Resent-Message-ID" : "Message-ID");
    if (!(resent ? in->has_resent_from : in->has_from))
        buf_add(b, from_line(in, resent ? "Resent-From" : "From"));
    if (!resent && !in->has_recipient_field)
        buf_add(b, S("Cc: recipient list not shown: ;\n"));
}

static str envelope_sender(struct inject *in)
{
    str s = in->f_sender          ? str_from(in->f_sender)
            : in->has_return_path ? in->return_path
                                  : own_address(in, true);
    if (in->f_sender && s.n && str_find(s, '@') < 0)
        s = arena_printf(in->arena, "%.*s@%.*s", STR_ARG(s), STR_ARG(default_host(in)));
    ptrdiff_t at = str_rfind(s, '@');
    if (s.n == 0 || at < 0 || (!in->verp_recipient && !in->verp_message))
        return s;
    str user = str_slice(s, 0, (size_t)at);
    str host = str_from_at(s, (size_t)at + 1);
    if (in->verp_message)
        user = arena_printf(in->arena, "%.*s-%lld.%ld", STR_ARG(user), (long long)clock_seconds(),
                            (long)getpid());
    if (in->verp_recipient)
        return arena_printf(in->arena, "%.*s-@%.*s-@[]", STR_ARG(user), STR_ARG(host));
    return arena_printf(in->arena, "%.*s@%.*s", STR_ARG(user), STR_ARG(host));
}

static bool read_options(struct inject *in, int argc, char **argv, int *ret_first)
{
    const char *letters = getenv("QMAILINJECT");
    for (; letters && *letters; letters++) {
        in->comment_names |= *letters == 'c';
        in->ignore_return_path |= *letters == 's';
        in->drop_from |= *letters == 'f';
        in->drop_message_id |= *letters == 'i';
        in->verp_recipient |= *letters == 'r';
        in->verp_message |= *letters == 'm';
    }
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "+aAhHnNf:")) != -1) {
        if (k == '?')
            return false;
        in->how = k == 'a'   ? FROM_ARGS
                  : k == 'A' ? FROM_ARGS_OR_HEADER
                  : k == 'h' ? FROM_HEADER
                  : k == 'H' ? FROM_BOTH
                             : in->how;
        in->print = k == 'n' || (in->print && k != 'N');
        in->f_sender = k == 'f' ? optarg : in->f_sender;
    }
    *ret_first = optind;
    return true;
}

static err open_site(struct inject *in)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    err e = site_collect(in->ctl->root_dir, false, &archive);
    if (!failed(e))
        e = site_parse(arena_copy(in->arena, buf_str(&archive)), in->arena, &in->site);
    return e;
}

static void recipients_of(struct inject *in, int argc, char **argv, int first, struct envelope *to)
{
    bool args = in->how == FROM_ARGS || in->how == FROM_BOTH ||
                (in->how == FROM_ARGS_OR_HEADER && first < argc);
    for (int i = first; args && i < argc; i++) {
        struct addrlist l = addrlist_parse(in->arena, str_from(argv[i]), ADDRLIST_SPLIT_WORDS);
        collect(in, to, &l);
    }
    if (in->how == FROM_ARGS || (in->how == FROM_ARGS_OR_HEADER && first < argc))
        return;
    const struct envelope *from = in->resent ? &in->resent_recipients : &in->header_recipients;
    buf_add(&to->recipients, buf_str(&from->recipients));
    to->recipients.over |= from->recipients.over;
    to->n += from->n;
}

static int finish(struct inject *in, const struct envelope *to, str message)
{
    if (in->print)
        return ctl_print(in->ctl, message) ? CTL_OK : CTL_TEMPORARY;
    if (to->n == 0)
        return CTL_OK; /* nobody to send to is no error, as ever */
    struct submit_outcome done;
    queue_submit(in->ctl, to, message, &done);
    if (done.code)
        return ctl_fail(in->ctl, done.text[0] == 'D' ? CTL_PERMANENT : CTL_TEMPORARY, "fatal: %s",
                        done.text + 1);
    return CTL_OK;
}

int old_qmail_inject(struct ctl *c, int argc, char **argv)
{
    struct inject in = {.ctl = c, .arena = c->arena};
    int first;
    if (!read_options(&in, argc, argv, &first))
        return ctl_usage(c, "[-aAhHnN] [-fSENDER] [ADDRESS …]");
    err e = open_site(&in);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read the configuration", e);
    str text;
    if (!ctl_read_stdin(c, MESSAGE_MAX, &text))
        return CTL_TEMPORARY;
    buf_init(&in.head, 16 << 20);
    envelope_init(&in.header_recipients, S(""));
    envelope_init(&in.resent_recipients, S(""));
    struct header_split split = header_split(text, HEADER_STOP_AT_JUNK);
    struct header_field f;
    while (!in.bad_line && header_next(&split.header, &f))
        take_field(&in, &f);
    if (in.bad_line)
        return ctl_fail(c, CTL_PERMANENT, "fatal: unable to parse this line:\n%s", in.bad_line);
    auto_buf struct buf message;
    buf_init(&message, (size_t)MESSAGE_MAX + (32 << 20));
    add_missing(&in, &message);
    buf_add(&message, buf_str(&in.head));
    buf_addc(&message, '\n');
    buf_add(&message, split.body);
    struct envelope to;
    envelope_init(&to, envelope_sender(&in));
    recipients_of(&in, argc, argv, first, &to);
    int code = finish(&in, &to, buf_str(&message));
    envelope_done(&to);
    return code;
}
