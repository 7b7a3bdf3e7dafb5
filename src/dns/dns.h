/* SPDX-License-Identifier: ISC */
/* dns/dns.h -- questions to the domain name system, answered by libunbound in this process:
 * caching, validating (the secure bit is what DANE will need), no daemon of its own.
 *
 * The handle is a seam: tests and demo houses give it zones of their own and no network. All
 * files are read in dns_open(), so that a program can shut itself in afterwards.
 * Calls block: an answer that does not come ends as DNS_TEMP after about a minute.
 */
#pragma once
#include "base/base.h"
#include "os/net.h"

enum {
    DNS_NAME_MAX = 255,
    DNS_MX_MAX = 100,       /* exchangers of one name; the rest is not looked at */
    DNS_ADDRESSES_MAX = 64, /* addresses of one name */
    DNS_TXT_MAX = 64,       /* strings of one name */
    DNS_TXT_BYTES = 8192,   /* of one joined string */
};

struct dns;

struct dns_options {
    const char *resolv_conf;  /* NULL: ask the root servers */
    const char *trust_anchor; /* a root key file; NULL: nothing is ever secure */
    str local;                /* see dns_open() */
};

/* `local` has one word and its rest a line, # for comments, in any order:
 *   forward 127.0.0.1@5353          ask this server instead of resolv.conf's; may be repeated
 *   zone example.test               answered only from data lines (also "." : no network at all)
 *   refuse down.test                answered as if its servers failed
 *   data mx.example.test. 60 IN A 127.0.0.1
 * A line that is wrong is ERR_SYNTAX and *ret_line its number (NULL allowed). */
err dns_open(const struct dns_options *o, struct dns **ret_dns, size_t *ret_line);
void dns_close(struct dns *d); /* NULL is fine */

enum dns_status {
    DNS_OK,      /* at least one */
    DNS_NO_NAME, /* the name does not exist (NXDOMAIN) */
    DNS_NO_DATA, /* the name exists, without data of this type */
    DNS_TEMP,    /* no answer, servers failed, or an answer that is forged (bogus) */
};
const char *dns_status_name(enum dns_status s);

struct dns_mx {
    str host; /* no trailing dot; empty for the null MX of RFC 7505 */
    uint16_t preference;
};

struct dns_mx_list {
    bool secure;
    struct dns_mx *at; /* best first; equals in random order (RFC 5321 section 5.1) */
    size_t n;
};

struct dns_address_list {
    bool secure;            /* both answers were */
    struct net_address *at; /* port 0; IPv6 and IPv4 in turn, IPv6 first */
    size_t n;
};

struct dns_text_list {
    bool secure;
    str *at;
    size_t n;
};

/* Names may be UTF-8 (they become A-labels) and may end in a dot. One that cannot be a domain
 * name does not exist. Results are in the arena. */
enum dns_status dns_mx(struct dns *d, struct arena *a, str name, struct dns_mx_list *ret);
/* Also takes literals, as text and in brackets: 192.0.2.1, [192.0.2.1], [IPv6:2001:db8::1]. */
enum dns_status dns_addresses(struct dns *d, struct arena *a, str name,
                              struct dns_address_list *ret);
enum dns_status dns_txt(struct dns *d, struct arena *a, str name, struct dns_text_list *ret);
enum dns_status dns_ptr(struct dns *d, struct arena *a, const struct net_address *of,
                        struct dns_text_list *ret);

/* A domain literal with or without brackets; ERR_SYNTAX when it is none. */
err dns_literal(str text, struct net_address *ret);
