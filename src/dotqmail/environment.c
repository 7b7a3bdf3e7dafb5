/* SPDX-License-Identifier: ISC */
#include "dotqmail/environment.h"

#include <string.h>

#include "wire/address.h"

enum { VARIABLES = 24 };

struct env {
    struct arena *a;
    char **at;
    size_t n;
};

/* A value with a NUL would end there for the program: cut it here, visibly. */
static void put(struct env *e, const char *name, str value)
{
    ptrdiff_t nul = str_find(value, '\0');
    if (nul >= 0)
        value = str_slice(value, 0, (size_t)nul);
    size_t head = strlen(name);
    char *p = arena_alloc(e->a, head + 1 + value.n + 1, 1);
    memcpy(p, name, head);
    p[head] = '=';
    if (value.n)
        memcpy(p + head + 1, value.p, value.n);
    e->at[e->n++] = p;
}

static str one_line(str head, str middle, str tail, struct arena *a)
{
    size_t n = head.n + middle.n + tail.n;
    char *p = arena_alloc(a, n + 1, 1), *q = p;
    str parts[] = {head, middle, tail};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < parts[i].n; j++)
            *q++ = parts[i].p[j] == '\n' ? '_' : parts[i].p[j];
    *q = '\n';
    return str_of(p, n + 1);
}

static str join(str a1, const char *middle, str a2, struct arena *a)
{
    return arena_printf(a, "%.*s%s%.*s", STR_ARG(a1), middle, STR_ARG(a2));
}

str delivery_dtline(str local, str host, struct arena *a)
{
    return one_line(S("Delivered-To: "), join(local, "@", host, a), S(""), a);
}

str delivery_rpline(str sender, struct arena *a)
{
    auto_buf struct buf b;
    buf_init(&b, sender.n * 2 + 64);
    if (sender.n)
        address_write_str(&b, sender);
    return one_line(S("Return-Path: <"), buf_str(&b), S(">"), a);
}

str delivery_ufline(str sender, int64_t now, struct arena *a)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (sender.n == 0)
        sender = S("MAILER-DAEMON");
    char *p = arena_alloc(a, sender.n, 1);
    for (size_t i = 0; i < sender.n; i++) {
        char c = sender.p[i];
        p[i] = c == ' ' || c == '\t' || c == '\n' || c == '\0' ? '-' : c;
    }
    struct civil t = civil_from_epoch(now);
    return arena_printf(a, "From %.*s %s %s %02d %02d:%02d:%02d %d\n", (int)sender.n, p,
                        days[t.weekday], months[t.month - 1], t.day, t.hour, t.minute, t.second,
                        t.year);
}

/* After the first dash; empty when there is none. */
static str after_dash(str ext)
{
    str head, tail;
    str_cut(ext, '-', &head, &tail);
    return tail;
}

/* Before the last dot; the whole when there is none (HOST4=itpass for HOST=itpass.example.jp). */
static str before_dot(str host)
{
    ptrdiff_t dot = str_rfind(host, '.');
    return dot >= 0 ? str_slice(host, 0, (size_t)dot) : host;
}

char **delivery_environment(const struct delivery *d, struct arena *a)
{
    struct env e = {.a = a, .at = NEW_N(a, char *, VARIABLES + 1)};
    str host2 = before_dot(d->host), host3 = before_dot(host2);
    str ext2 = after_dash(d->ext), ext3 = after_dash(ext2);
    put(&e, "HOST", d->host);
    put(&e, "HOME", d->home);
    put(&e, "USER", d->user);
    put(&e, "LOCAL", d->local);
    put(&e, "RECIPIENT", join(d->local, "@", d->host, a));
    put(&e, "DTLINE", delivery_dtline(d->local, d->host, a));
    put(&e, "SENDER", d->sender);
    put(&e, "RPLINE", delivery_rpline(d->sender, a));
    put(&e, "UFLINE", delivery_ufline(d->sender, d->now, a));
    put(&e, "EXT", d->ext);
    put(&e, "EXT2", ext2);
    put(&e, "EXT3", ext3);
    put(&e, "EXT4", after_dash(ext3));
    put(&e, "HOST2", host2);
    put(&e, "HOST3", host3);
    put(&e, "HOST4", before_dot(host3));
    put(&e, "NEWSENDER", d->newsender);
    if (d->has_default)
        put(&e, "DEFAULT", d->rest);
    e.at[e.n] = NULL;
    return e.at;
}

str delivery_newsender(str sender, str local, str host, bool owner, bool owner_default,
                       struct arena *a)
{
    if (sender.n == 0 || str_eq(sender, S("#@[]")) || !owner)
        return sender;
    if (!owner_default)
        return join(local, "-owner@", host, a);
    return arena_printf(a, "%.*s-owner-@%.*s-@[]", STR_ARG(local), STR_ARG(host));
}

str delivery_verp(str sender, str recipient, struct arena *a)
{
    if (!str_ends(sender, S("-@[]")))
        return sender;
    str inner = str_slice(sender, 0, sender.n - S("-@[]").n);
    ptrdiff_t at = str_rfind(inner, '@');
    ptrdiff_t to = str_rfind(recipient, '@');
    if (at < 0 || to < 0)
        return sender;
    str pre = str_slice(inner, 0, (size_t)at);
    return arena_printf(
        a, "%.*s%.*s=%.*s%.*s", STR_ARG(pre), STR_ARG(str_slice(recipient, 0, (size_t)to)),
        STR_ARG(str_from_at(recipient, (size_t)to + 1)), STR_ARG(str_from_at(inner, (size_t)at)));
}

bool delivery_loops(str message, str dtline)
{
    while (message.n) {
        ptrdiff_t lf = str_find(message, '\n');
        if (lf <= 0)
            return false; /* the blank line, or an unfinished one */
        str line = str_slice(message, 0, (size_t)lf + 1);
        if (str_eq(line, dtline))
            return true;
        message = str_from_at(message, (size_t)lf + 1);
    }
    return false;
}
