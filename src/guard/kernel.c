/* SPDX-License-Identifier: ISC */
#include "guard/kernel.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>

#include "ban/jail.h"

enum { SETS = 4, SET_SIZE = 1000000 };

/* Single IPv4, single IPv6 (masked), networks of both. */
static const struct {
    const char *suffix, *type, *flags, *match;
} sets[SETS] = {
    {"_4", "ipv4_addr", "timeout", "ip saddr"},
    {"_6", "ipv6_addr", "timeout", NULL /* masked */},
    {"_n4", "ipv4_addr", "interval, timeout", "ip saddr"},
    {"_n6", "ipv6_addr", "interval, timeout", "ip6 saddr"},
};

static void mask_bytes(unsigned char bytes[16], unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        if (keep < 8)
            bytes[i] &= (unsigned char)(0xff00u >> keep);
    }
}

static const char *text6(const unsigned char bytes[16], char room[INET6_ADDRSTRLEN])
{
    return inet_ntop(AF_INET6, bytes, room, INET6_ADDRSTRLEN); /* fits */
}

void kernel_open(struct kernel *k, unsigned bits6)
{
    *k = (struct kernel){.bits6 = bits6};
    buf_init(&k->batch, KERNEL_BATCH_MAX);
    buf_init(&k->later, KERNEL_BATCH_MAX);
    buf_init(&k->bulk[0], KERNEL_BATCH_MAX);
    buf_init(&k->bulk[1], KERNEL_BATCH_MAX);
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    if (!nft) {
        (void)snprintf(k->why, sizeof k->why, "libnftables does not start"); /* fits */
        return;
    }
    (void)nft_ctx_buffer_error(nft); /* refused: errors go to stderr, which init keeps */
    (void)nft_ctx_buffer_output(nft);
    k->nft = nft;
}

static bool run(struct kernel *k, const char *commands)
{
    if (!k->nft)
        return false;
    if (nft_run_cmd_from_buffer(k->nft, commands) == 0)
        return true;
    str text = str_from(nft_ctx_get_error_buffer(k->nft)), line;
    if (!str_line(&text, &line))
        line = S("nftables refuses without a word");
    (void)snprintf(k->why, sizeof k->why, "%.*s", STR_ARG(str_slice(line, 0, 280))); /* fits */
    return false;
}

void kernel_close(struct kernel *k, bool remove)
{
    if (k->works && remove)
        (void)run(k, "delete table inet twinpost\n"); /* gone already: as wanted */
    if (k->nft)
        nft_ctx_free(k->nft);
    buf_done(&k->batch);
    buf_done(&k->later);
    buf_done(&k->bulk[0]);
    buf_done(&k->bulk[1]);
    *k = (struct kernel){0};
}

void kernel_begin(struct kernel *k)
{
    buf_reset(&k->batch);
    k->works = k->fresh = k->nft != NULL;
    /* The first line: there may be no table to delete. */
    buf_add(&k->batch, S("add table inet twinpost\ndelete table inet twinpost\n"
                         "add table inet twinpost\n"
                         "add chain inet twinpost input { type filter hook input priority -1; "
                         "policy accept; }\n"));
}

static bool add_port(struct buf *out, str word, str protocol)
{
    uint64_t n;
    str from, to;
    char name[64];
    bool range = str_cut(word, ':', &from, &to) || str_cut(word, '-', &from, &to);
    if (range && str_u64(from, &n) && n < 65536 && str_u64(to, &n) && n < 65536) {
        buf_addf(out, "%s%.*s-%.*s", out->n ? "," : "", STR_ARG(from), STR_ARG(to));
        return true;
    }
    if (str_u64(word, &n)) {
        buf_addf(out, "%s%llu", out->n ? "," : "", (unsigned long long)n);
        return n < 65536;
    }
    if (word.n >= sizeof name)
        return false;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(word)); /* fits */
    const char *by = str_eq(protocol, S("udp")) ? "udp" : "tcp";
    const struct servent *s = getservbyname(name, by);
    if (!s)
        return false;
    buf_addf(out, "%s%u", out->n ? "," : "", (unsigned)ntohs((uint16_t)s->s_port));
    return true;
}

static bool next_word(str *rest, str *ret)
{
    size_t i = 0, n;
    while (i < rest->n && strchr(", \t\r\n", rest->p[i]))
        i++;
    for (n = i; n < rest->n && !strchr(", \t\r\n", rest->p[n]);)
        n++;
    *ret = str_slice(*rest, i, n);
    *rest = str_from_at(*rest, n);
    return ret->n > 0;
}

bool kernel_ports(struct kernel_jail *j, str ports, str protocols, str *ret_bad)
{
    auto_buf struct buf p, q;
    buf_init(&p, sizeof j->ports - 1);
    buf_init(&q, sizeof j->protocols - 1);
    str word, first = S("tcp");
    for (str rest = protocols; next_word(&rest, &word);) {
        if (str_eq(word, S("all")))
            continue;
        if (!str_eq(word, S("tcp")) && !str_eq(word, S("udp")) && !str_eq(word, S("sctp")) &&
            !str_eq(word, S("dccp")) && !str_eq(word, S("icmp"))) {
            *ret_bad = word;
            return false;
        }
        first = q.n ? first : word;
        buf_addf(&q, "%s%.*s", q.n ? "," : "", STR_ARG(word));
    }
    for (str rest = ports; next_word(&rest, &word);) {
        if (str_eq(word, S("all")) || str_eq(word, S("any")) || str_eq(word, S("0:65535")) ||
            str_eq(word, S("0-65535")))
            continue;
        if (!add_port(&p, word, first) || p.over) {
            *ret_bad = word;
            return false;
        }
    }
    (void)snprintf(j->ports, sizeof j->ports, "%.*s", STR_ARG(buf_str(&p))); /* fit */
    (void)snprintf(j->protocols, sizeof j->protocols, "%.*s", STR_ARG(buf_str(&q)));
    return true;
}

void kernel_name(struct kernel_jail *j, str name, size_t index)
{
    char clean[25];
    size_t n = 0;
    bool same = name.n < sizeof clean;
    for (; n < name.n && n + 1 < sizeof clean; n++) {
        bool fine = char_is_alpha(name.p[n]) || char_is_digit(name.p[n]) || name.p[n] == '_';
        clean[n] = fine ? name.p[n] : '_';
        same = same && (fine || name.p[n] == '-');
    }
    clean[n] = 0;
    /* "a-b" and "a_b" are two jails. */
    same = same && str_find(name, '_') < 0;
    if (same)
        (void)snprintf(j->set, sizeof j->set, "j_%s", clean); /* both fit */
    else
        (void)snprintf(j->set, sizeof j->set, "j_%s_%zu", clean, index);
}

static void add_rule(struct kernel *k, const struct kernel_jail *j, size_t i)
{
    char room[INET6_ADDRSTRLEN], match[100];
    unsigned char mask[16];
    memset(mask, 0xff, sizeof mask);
    mask_bytes(mask, k->bits6);
    if (i == 1)
        (void)snprintf(match, sizeof match, "ip6 saddr & %s", text6(mask, room)); /* fit */
    else
        (void)snprintf(match, sizeof match, "%s", sets[i].match);
    buf_add(&k->batch, S("add rule inet twinpost input "));
    if (j->protocols[0] && j->ports[0])
        buf_addf(&k->batch, "meta l4proto { %s } th dport { %s } ", j->protocols, j->ports);
    else if (j->protocols[0])
        buf_addf(&k->batch, "meta l4proto { %s } ", j->protocols);
    else if (j->ports[0])
        buf_addf(&k->batch, "meta l4proto { tcp, udp } th dport { %s } ", j->ports);
    buf_addf(&k->batch, "%s @%s%s counter drop comment \"%s\"\n", match, j->set, sets[i].suffix,
             j->set);
}

void kernel_add_jail(struct kernel *k, const struct kernel_jail *j)
{
    if (!k->works)
        return;
    for (size_t i = 0; i < SETS; i++) {
        buf_addf(&k->batch, "add set inet twinpost %s%s { type %s; flags %s; size %d; }\n", j->set,
                 sets[i].suffix, sets[i].type, sets[i].flags, SET_SIZE);
        add_rule(k, j, i);
    }
}

/* The set that an id belongs to, and how it stands there. */
static bool element(const struct kernel *k, str id, size_t *ret_set, char room[80])
{
    struct jail_net net;
    char text[INET6_ADDRSTRLEN];
    if (!jail_net_parse(id, &net))
        return false;
    bool v6 = net.family == 6;
    bool single = net.prefix == (v6 ? 128 : 32) || (v6 && net.prefix >= (int)k->bits6);
    mask_bytes(net.bytes, single && v6 ? k->bits6 : (unsigned)net.prefix);
    if (!inet_ntop(v6 ? AF_INET6 : AF_INET, net.bytes, text, sizeof text))
        return false;
    *ret_set = (single ? 0 : 2) + (v6 ? 1u : 0u);
    if (single)
        (void)snprintf(room, 80, "%s", text); /* both fit */
    else
        (void)snprintf(room, 80, "%s/%d", text, net.prefix);
    return true;
}

void kernel_end_jail(struct kernel *k, const struct kernel_jail *j)
{
    for (size_t i = 0; i < 2; i++) {
        if (k->bulk[i].n)
            buf_addf(&k->batch, "add element inet twinpost %s%s { ", j->set, sets[i].suffix);
        buf_add(&k->batch, buf_str(&k->bulk[i]));
        if (k->bulk[i].n)
            buf_add(&k->batch, S(" }\n"));
        buf_done(&k->bulk[i]);
        buf_init(&k->bulk[i], KERNEL_BATCH_MAX);
    }
}

static void add_element(struct buf *out, const char *element, int64_t seconds)
{
    buf_add(out, str_from(element));
    if (seconds >= 0)
        buf_addf(out, " timeout %llds", (long long)(seconds ? seconds : 1));
}

bool kernel_ban(struct kernel *k, const struct kernel_jail *j, str id, int64_t seconds)
{
    enum { SECONDS_MAX = 400 * 86400 }; /* the kernel counts milliseconds in fewer bits */
    size_t set;
    char e[80];
    if (!element(k, id, &set, e))
        return false;
    if (!k->works)
        return true;
    if (seconds > SECONDS_MAX)
        seconds = -1;
    if (k->fresh && set < 2) {
        if (k->bulk[set].n)
            buf_add(&k->bulk[set], S(", "));
        add_element(&k->bulk[set], e, seconds);
        return true;
    }
    struct buf *out = set < 2 ? &k->batch : &k->later;
    const char *s = sets[set].suffix, *apart = set < 2 ? "\n" : ";";
    /* A ban that is there already is made anew: its time may be another. */
    buf_addf(out, "add element inet twinpost %s%s { %s }%s", j->set, s, e, apart);
    buf_addf(out, "delete element inet twinpost %s%s { %s }%s", j->set, s, e, apart);
    buf_addf(out, "add element inet twinpost %s%s { ", j->set, s);
    add_element(out, e, seconds);
    buf_add(out, S(" }\n"));
    return true;
}

bool kernel_unban(struct kernel *k, const struct kernel_jail *j, str id)
{
    size_t set;
    char e[80];
    if (!element(k, id, &set, e))
        return false;
    if (!k->works)
        return true;
    buf_addf(set < 2 ? &k->batch : &k->later,
             "add element inet twinpost %s%s { %s };delete element inet twinpost %s%s { %s }\n",
             j->set, sets[set].suffix, e, j->set, sets[set].suffix, e);
    return true;
}

/* Networks one by one. */
static void flush_later(struct kernel *k)
{
    struct buf all = k->later;
    buf_init(&k->later, KERNEL_BATCH_MAX);
    str text = buf_str(&all), line;
    while (k->works && str_line(&text, &line)) {
        auto_buf struct buf one;
        buf_init(&one, 4096);
        buf_add(&one, line);
        buf_add(&one, str_of("\n", 2)); /* with its NUL */
        (void)run(k, one.p);            /* it overlaps one that is banned; k->why has it */
    }
    buf_done(&all);
}

bool kernel_flush(struct kernel *k)
{
    bool ok = true;
    k->fresh = false;
    if (k->batch.n) {
        buf_addc(&k->batch, '\0');
        ok = !k->batch.over && run(k, k->batch.p);
        buf_done(&k->batch);
        buf_init(&k->batch, KERNEL_BATCH_MAX);
    }
    k->works = k->works && ok;
    flush_later(k);
    return ok;
}

bool kernel_has(struct kernel *k, const struct kernel_jail *j, str id)
{
    size_t set;
    char e[80], command[200];
    if (!k->works || !element(k, id, &set, e))
        return false;
    (void)snprintf(command, sizeof command, "get element inet twinpost %s%s { %s }", j->set,
                   sets[set].suffix, e); /* fits */
    return run(k, command);
}

bool kernel_counted(struct kernel *k, const struct kernel_jail *j, uint64_t *ret_packets)
{
    char comment[KERNEL_NAME_MAX + 20];
    (void)snprintf(comment, sizeof comment, "comment \"%s\"", j->set); /* fits */
    *ret_packets = 0;
    if (!k->works || !run(k, "list chain inet twinpost input"))
        return false;
    str text = str_from(nft_ctx_get_output_buffer(k->nft)), line;
    while (str_line(&text, &line)) {
        uint64_t n;
        ptrdiff_t at = str_find_str(line, S("counter packets "));
        if (at < 0 || str_find_str(line, str_from(comment)) < 0)
            continue;
        str rest = str_from_at(line, (size_t)at + S("counter packets ").n);
        if (str_take_u64(&rest, &n))
            *ret_packets += n;
    }
    return true;
}
