/* SPDX-License-Identifier: ISC */
#include "dns/dns.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>
#include <unbound.h>

#include "dns/rdata.h"
#include "os/random.h"

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { LOCAL_BYTES = 1 << 20, LOCAL_LINE = 4096 };

struct dns {
    struct ub_ctx *ctx;
};

const char *dns_status_name(enum dns_status s)
{
    static const char *const names[] = {[DNS_OK] = "ok",
                                        [DNS_NO_NAME] = "no such name",
                                        [DNS_NO_DATA] = "no such data",
                                        [DNS_TEMP] = "temporary failure"};
    return names[s];
}

/* ---- opening */

/* Servers and zones are configuration, data is added to the running library: two passes. Zones
 * go in as options, since ub_ctx_zone_add() of 1.17 leaves some without their parent, and names
 * beside them are then asked of the network. */
enum pass { PASS_CONFIGURE, PASS_DATA };

static bool add_zone(struct ub_ctx *ctx, const char *name, const char *type)
{
    char option[LOCAL_LINE + 16];
    snprintf(option, sizeof option, "%s %s", name, type);
    return ub_ctx_set_option(ctx, "local-zone:", option) == 0;
}

static bool add_local(struct ub_ctx *ctx, enum pass pass, str word, const char *rest)
{
    if (str_eq(word, S("data")))
        return pass != PASS_DATA || ub_ctx_data_add(ctx, rest) == 0;
    if (pass == PASS_DATA)
        return true;
    if (str_eq(word, S("forward")))
        return ub_ctx_set_fwd(ctx, rest) == 0;
    if (str_eq(word, S("zone")))
        return add_zone(ctx, rest, "static");
    return str_eq(word, S("refuse")) && add_zone(ctx, rest, "refuse");
}

static err add_local_lines(struct ub_ctx *ctx, enum pass pass, str text, size_t *ret_line)
{
    if (text.n > LOCAL_BYTES)
        return err_new(ERR_LIMIT, "resolver file");
    str line;
    for (size_t number = 1; str_line(&text, &line); number++) {
        str word, rest;
        line = str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        str_cut(line, ' ', &word, &rest);
        rest = str_trim(rest);
        char copy[LOCAL_LINE];
        if (ret_line)
            *ret_line = number;
        if (!rest.n || rest.n >= sizeof copy)
            return err_new(ERR_SYNTAX, "resolver file");
        memcpy(copy, rest.p, rest.n);
        copy[rest.n] = 0;
        if (!add_local(ctx, pass, word, copy))
            return err_new(ERR_SYNTAX, "resolver file");
    }
    return OK_ERR;
}

static bool names_servers(str text)
{
    str line;
    while (str_line(&text, &line))
        if (str_starts(str_trim(line), S("forward ")))
            return true;
    return false;
}

static void set(struct ub_ctx *ctx, const char *option, const char *value)
{
    /* An option that this version of the library lacks only costs its effect. */
    (void)ub_ctx_set_option(ctx, option, value);
}

static err configure(struct ub_ctx *ctx, const struct dns_options *o, size_t *ret_line)
{
    set(ctx, "do-not-query-localhost:", "no"); /* local resolvers are common */
    set(ctx, "outbound-msg-retry:", "3");
    set(ctx, "num-queries-per-thread:", "64");
    set(ctx, "outgoing-range:", "64");
    set(ctx, "msg-cache-size:", "1m");
    set(ctx, "rrset-cache-size:", "1m");
    set(ctx, "key-cache-size:", "1m");
    set(ctx, "neg-cache-size:", "128k");
    set(ctx, "qname-minimisation:", "yes");
    set(ctx, "use-syslog:", "no");
    err e = add_local_lines(ctx, PASS_CONFIGURE, o->local, ret_line);
    if (failed(e))
        return e;
    if (!names_servers(o->local) && o->resolv_conf && ub_ctx_resolvconf(ctx, o->resolv_conf) != 0)
        return err_new(ERR_NOTFOUND, "resolv.conf");
    if (o->trust_anchor && ub_ctx_add_ta_file(ctx, o->trust_anchor) != 0)
        return err_new(ERR_NOTFOUND, "root trust anchor");
    return add_local_lines(ctx, PASS_DATA, o->local, ret_line);
}

/* libunbound completes its set-up, reading the files named before, with the first question.
 * "localhost" it always answers by itself. */
static err first_question(struct ub_ctx *ctx)
{
    struct ub_result *r = NULL;
    if (ub_resolve(ctx, "localhost", TYPE_A, CLASS_IN, &r) != 0)
        return err_new(ERR_TEMP, "starting the resolver");
    ub_resolve_free(r);
    return OK_ERR;
}

err dns_open(const struct dns_options *o, struct dns **ret_dns, size_t *ret_line)
{
    struct ub_ctx *ctx = ub_ctx_create();
    if (!ctx)
        return err_new(ERR_TEMP, "starting the resolver");
    ub_ctx_debuglevel(ctx, 0);
    ub_ctx_debugout(ctx, NULL); /* what it would print comes back as a status */
    err e = configure(ctx, o, ret_line);
    if (!failed(e))
        e = first_question(ctx);
    if (failed(e)) {
        ub_ctx_delete(ctx);
        return e;
    }
    struct dns *d = mem_alloc("resolver", sizeof *d);
    d->ctx = ctx;
    *ret_dns = d;
    return OK_ERR;
}

void dns_close(struct dns *d)
{
    if (!d)
        return;
    ub_ctx_delete(d->ctx);
    free(d);
}

/* ---- questions */

/* The name as libunbound takes it: ASCII, NUL-terminated. False: it can be no domain name. */
static bool query_name(str name, char *ret, size_t size)
{
    if (str_ends(name, S(".")))
        name = str_slice(name, 0, name.n - 1);
    if (!name.n || name.n >= size || memchr(name.p, 0, name.n))
        return false;
    bool ascii = true;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c == 0x7f || c == '\\') /* a backslash would be an escape */
            return false;
        ascii = ascii && c < 0x80;
    }
    memcpy(ret, name.p, name.n);
    ret[name.n] = 0;
    if (ascii)
        return true;
    char *a_labels = NULL;
    if (idn2_to_ascii_8z(ret, &a_labels, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
        return false;
    bool fits = (size_t)snprintf(ret, size, "%s", a_labels) < size;
    idn2_free(a_labels);
    return fits;
}

static enum dns_status status_of(const struct ub_result *r)
{
    if (r->bogus)
        return DNS_TEMP; /* forged, or a key roll gone wrong: never a reason to bounce */
    if (r->havedata)
        return DNS_OK;
    if (r->nxdomain)
        return DNS_NO_NAME;
    return r->rcode == 0 ? DNS_NO_DATA : DNS_TEMP;
}

/* On DNS_OK the caller frees *ret. */
static enum dns_status ask(struct dns *d, const char *name, int type, struct ub_result **ret)
{
    struct ub_result *r = NULL;
    if (ub_resolve(d->ctx, name, type, CLASS_IN, &r) != 0)
        return DNS_TEMP;
    enum dns_status s = status_of(r);
    if (s == DNS_OK)
        *ret = r;
    else
        ub_resolve_free(r);
    return s;
}

static str item(const struct ub_result *r, size_t i)
{
    return str_of(r->data[i], (size_t)r->len[i]);
}

static size_t count(const struct ub_result *r, size_t max)
{
    size_t n = 0;
    while (n < max && r->data[n])
        n++;
    return n;
}

/* ---- MX */

static void shuffle(struct dns_mx *at, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = random_u64() % i;
        struct dns_mx keep = at[i - 1];
        at[i - 1] = at[j];
        at[j] = keep;
    }
}

static void sort_by_preference(struct dns_mx *at, size_t n) /* stable; n is small */
{
    for (size_t i = 1; i < n; i++) {
        struct dns_mx x = at[i];
        size_t j = i;
        for (; j && at[j - 1].preference > x.preference; j--)
            at[j] = at[j - 1];
        at[j] = x;
    }
}

enum dns_status dns_mx(struct dns *d, struct arena *a, str name, struct dns_mx_list *ret)
{
    char query[DNS_NAME_MAX + 1];
    struct ub_result *r = NULL;
    if (!query_name(name, query, sizeof query))
        return DNS_NO_NAME;
    enum dns_status s = ask(d, query, TYPE_MX, &r);
    if (s != DNS_OK)
        return s;
    size_t n = count(r, DNS_MX_MAX);
    struct dns_mx_list list = {.secure = r->secure, .at = NEW_N(a, struct dns_mx, n)};
    for (size_t i = 0; i < n; i++) {
        struct dns_mx mx;
        if (!failed(rdata_mx(a, item(r, i), &mx.preference, &mx.host)))
            list.at[list.n++] = mx;
    }
    ub_resolve_free(r);
    if (!list.n)
        return DNS_TEMP; /* records there, none of them readable */
    shuffle(list.at, list.n);
    sort_by_preference(list.at, list.n);
    *ret = list;
    return DNS_OK;
}

/* ---- addresses */

err dns_literal(str text, struct net_address *ret)
{
    if (str_starts(text, S("[")) && str_ends(text, S("]")))
        text = str_slice(text, 1, text.n - 1);
    str_iskip(&text, S("IPv6:"));
    return net_address_parse(text, 0, ret);
}

static void make_address(int type, str raw, struct net_address *ret)
{
    *ret = (struct net_address){0};
    if (type == TYPE_A) {
        struct sockaddr_in in = {.sin_family = AF_INET};
        memcpy(&in.sin_addr, raw.p, sizeof in.sin_addr);
        memcpy(&ret->ss, &in, sizeof in);
        ret->n = sizeof in;
    } else {
        struct sockaddr_in6 in = {.sin6_family = AF_INET6};
        memcpy(&in.sin6_addr, raw.p, sizeof in.sin6_addr);
        memcpy(&ret->ss, &in, sizeof in);
        ret->n = sizeof in;
    }
}

static enum dns_status ask_family(struct dns *d, struct arena *a, const char *query, int type,
                                  struct dns_address_list *ret)
{
    struct ub_result *r = NULL;
    enum dns_status s = ask(d, query, type, &r);
    if (s != DNS_OK)
        return s;
    size_t n = count(r, DNS_ADDRESSES_MAX / 2), want = type == TYPE_A ? 4 : 16;
    *ret = (struct dns_address_list){.secure = r->secure, .at = NEW_N(a, struct net_address, n)};
    for (size_t i = 0; i < n; i++)
        if (item(r, i).n == want)
            make_address(type, item(r, i), &ret->at[ret->n++]);
    ub_resolve_free(r);
    return ret->n ? DNS_OK : DNS_TEMP;
}

static void take_turns(struct arena *a, const struct dns_address_list *six,
                       const struct dns_address_list *four, struct dns_address_list *ret)
{
    ret->at = NEW_N(a, struct net_address, six->n + four->n);
    for (size_t i = 0; i < six->n || i < four->n; i++) {
        if (i < six->n)
            ret->at[ret->n++] = six->at[i];
        if (i < four->n)
            ret->at[ret->n++] = four->at[i];
    }
}

enum dns_status dns_addresses(struct dns *d, struct arena *a, str name,
                              struct dns_address_list *ret)
{
    char query[DNS_NAME_MAX + 1];
    struct net_address literal;
    struct dns_address_list six = {0}, four = {0}, list = {0};
    if (!failed(dns_literal(name, &literal))) {
        list.at = NEW(a, struct net_address);
        list.at[list.n++] = literal;
        *ret = list;
        return DNS_OK;
    }
    if (!query_name(name, query, sizeof query))
        return DNS_NO_NAME;
    enum dns_status s4 = ask_family(d, a, query, TYPE_A, &four);
    if (s4 == DNS_NO_NAME)
        return s4;
    enum dns_status s6 = ask_family(d, a, query, TYPE_AAAA, &six);
    if (!four.n && !six.n)
        return s4 == DNS_TEMP || s6 == DNS_TEMP ? DNS_TEMP : DNS_NO_DATA;
    list.secure = (!four.n || four.secure) && (!six.n || six.secure);
    take_turns(a, &six, &four, &list);
    *ret = list;
    return DNS_OK;
}

/* ---- TXT and PTR */

static enum dns_status ask_texts(struct dns *d, struct arena *a, const char *query, int type,
                                 struct dns_text_list *ret)
{
    struct ub_result *r = NULL;
    enum dns_status s = ask(d, query, type, &r);
    if (s != DNS_OK)
        return s;
    size_t n = count(r, DNS_TXT_MAX);
    struct dns_text_list list = {.secure = r->secure, .at = NEW_N(a, str, n)};
    for (size_t i = 0; i < n; i++) {
        str data = item(r, i);
        err e = type == TYPE_TXT ? rdata_txt(a, data, DNS_TXT_BYTES, &list.at[list.n])
                                 : rdata_name(a, &data, &list.at[list.n]);
        list.n += !failed(e);
    }
    ub_resolve_free(r);
    if (!list.n)
        return DNS_NO_DATA;
    *ret = list;
    return DNS_OK;
}

enum dns_status dns_txt(struct dns *d, struct arena *a, str name, struct dns_text_list *ret)
{
    char query[DNS_NAME_MAX + 1];
    if (!query_name(name, query, sizeof query))
        return DNS_NO_NAME;
    return ask_texts(d, a, query, TYPE_TXT, ret);
}

/* RFC 1035 section 3.5, RFC 3596 section 2.5. */
static void reverse_name(const struct net_address *of, char *ret, size_t size)
{
    size_t at = 0;
    if (of->ss.ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &of->ss, sizeof in);
        const unsigned char *b = (const unsigned char *)&in.sin_addr;
        snprintf(ret, size, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
        return;
    }
    struct sockaddr_in6 in;
    memcpy(&in, &of->ss, sizeof in);
    for (int i = 15; i >= 0 && at + 4 < size; i--) {
        unsigned b = in.sin6_addr.s6_addr[i];
        at += (size_t)snprintf(ret + at, size - at, "%x.%x.", b & 15, b >> 4);
    }
    snprintf(ret + at, size - at, "ip6.arpa");
}

enum dns_status dns_ptr(struct dns *d, struct arena *a, const struct net_address *of,
                        struct dns_text_list *ret)
{
    char query[128];
    reverse_name(of, query, sizeof query);
    return ask_texts(d, a, query, TYPE_PTR, ret);
}
