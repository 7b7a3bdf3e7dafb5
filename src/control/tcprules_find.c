/* SPDX-License-Identifier: ISC */
#include "control/tcprules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "control/tcprules_key.h"

bool tcprules_v6_key(str text, unsigned bits, char *ret_key)
{
    char zeroed[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (text.n >= sizeof zeroed)
        return false;
    memcpy(zeroed, text.p, text.n);
    zeroed[text.n] = 0;
    if (inet_pton(AF_INET6, zeroed, address) != 1)
        return false;
    static const char hex[] = "0123456789abcdef";
    char *p = ret_key;
    *p++ = '[';
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits <= i * 8 ? 0 : bits >= i * 8 + 8 ? 8 : bits - i * 8;
        unsigned byte = address[i] & (0xff00u >> keep) & 0xffu;
        *p++ = hex[byte >> 4];
        *p++ = hex[byte & 15];
    }
    (void)snprintf(p, 6, "/%u]", bits); /* at most "/128]" */
    return true;
}

struct asking {
    str cdb;
    struct buf key;
    err e;
    str data;
};

/* True when the search ends here: a rule, or damage. */
static bool ask(struct asking *q)
{
    q->e = q->key.over ? err_new(ERR_NOTFOUND, "no such rule")
                       : cdb_find(q->cdb, buf_str(&q->key), &q->data);
    return q->e.kind != ERR_NOTFOUND;
}

static bool ask_for(struct asking *q, str head, const char *middle, str tail)
{
    buf_reset(&q->key);
    buf_add(&q->key, head);
    buf_add(&q->key, str_from(middle));
    buf_add(&q->key, tail);
    return ask(q);
}

static bool ask_v6(struct asking *q, str ip)
{
    char key[TCPRULES_V6_KEY];
    if (!tcprules_v6_key(ip, 128, key))
        return false;
    for (unsigned bits = 129; bits-- > 0;) {
        (void)tcprules_v6_key(ip, bits, key); /* it parsed above */
        if (ask_for(q, str_from(key), "", S("")))
            return true;
    }
    return false;
}

/* The keys in tcprules' order; the first that exists decides. */
static bool ask_all(struct asking *q, const struct tcp_peer *p)
{
    if (p->has_info && ask_for(q, p->info, "@", p->ip))
        return true;
    if (p->has_info && p->has_host && ask_for(q, p->info, "@=", p->host))
        return true;
    if (ask_for(q, p->ip, "", S("")))
        return true;
    if (p->has_host && ask_for(q, S("="), "", p->host))
        return true;
    for (size_t n = p->ip.n; n > 0; n--)
        if (p->ip.p[n - 1] == '.' && ask_for(q, str_slice(p->ip, 0, n), "", S("")))
            return true;
    if (str_find(p->ip, ':') >= 0 && ask_v6(q, p->ip))
        return true;
    for (size_t i = 0; p->has_host && i < p->host.n; i++)
        if (p->host.p[i] == '.' && ask_for(q, S("="), "", str_from_at(p->host, i)))
            return true;
    if (p->has_host && ask_for(q, S("="), "", S("")))
        return true;
    return ask_for(q, S(""), "", S(""));
}

/* "D\0" and "+NAME=value\0" in any number. */
static void take_data(str data, struct arena *a, struct tcprules_answer *r)
{
    size_t most = 0;
    for (size_t i = 0; i < data.n; i++)
        most += data.p[i] == '\0';
    struct tcp_variable *v = NEW_N(a, struct tcp_variable, most ? most : 1);
    str item;
    while (str_cut(data, '\0', &item, &data)) {
        if (str_starts(item, S("D"))) {
            r->deny = true; /* tcpserver reads no further */
            break;
        }
        if (!str_skip(&item, S("+")))
            continue;
        str name, value;
        if (str_cut(item, '=', &name, &value))
            v[r->n++] = (struct tcp_variable){arena_copy(a, name), arena_copy(a, value)};
    }
    r->variables = v;
}

err tcprules_find(str cdb, const struct tcp_peer *peer, struct arena *a,
                  struct tcprules_answer *ret)
{
    struct asking q = {.cdb = cdb};
    struct tcprules_answer r = {0};
    buf_init(&q.key, 4096);
    r.found = ask_all(&q, peer);
    if (r.found && !failed(q.e)) {
        r.rule = arena_copy(a, buf_str(&q.key));
        take_data(q.data, a, &r);
    }
    buf_done(&q.key);
    if (r.found && failed(q.e))
        return q.e;
    *ret = r;
    return OK_ERR;
}

bool tcprules_variable(const struct tcprules_answer *r, str name, str *ret_value)
{
    bool found = false;
    for (size_t i = 0; i < r->n; i++) { /* the later one is what putenv leaves */
        if (!str_eq(r->variables[i].name, name))
            continue;
        *ret_value = r->variables[i].value;
        found = true;
    }
    return found;
}

void tcprules_print(const struct tcprules_answer *r, struct buf *out)
{
    if (r->found)
        buf_addf(out, "rule %.*s:\n", STR_ARG(r->rule));
    else
        buf_add(out, S("default:\n"));
    for (size_t i = 0; i < r->n; i++)
        buf_addf(out, "set environment variable %.*s=%.*s\n", STR_ARG(r->variables[i].name),
                 STR_ARG(r->variables[i].value));
    buf_addf(out, "%s connection\n", r->deny ? "deny" : "allow");
}
