/* SPDX-License-Identifier: ISC */
/* wire/address.h -- envelope addresses: RFC 5321's strict view and qmail's tolerant one.
 *
 * Inside the house an address is one string "local@domain" with the local part unquoted, cut
 * at the last '@' (facts of the queue, of .qmail, of users/assign). The parsers here turn what
 * a client wrote into that; the writers quote again where the local part needs it.
 * Domains are kept as written (case, U-labels); literals keep their brackets.
 */
#pragma once
#include "base/base.h"
#include "wire/limits.h"

enum address_flags {
    ADDRESS_UTF8 = 1,          /* RFC 6531: non-ASCII in both parts, if well-formed UTF-8 */
    ADDRESS_NULL_OK = 2,       /* the empty path "<>" (MAIL FROM) */
    ADDRESS_POSTMASTER_OK = 4, /* "<Postmaster>" without a domain (RCPT TO) */
};

struct address {
    str local;  /* unquoted */
    str domain; /* empty: no domain; p is NULL when there was no '@' */
};

/* The whole of `in` is Local-part "@" ( Domain / address-literal ). ERR_SYNTAX or ERR_LIMIT.
 * Views into `in` where nothing had to be unquoted, else copies in the arena. */
err address_parse_mailbox(struct arena *a, str in, unsigned flags, struct address *ret_address);
/* "<" [ source route ":" ] mailbox ">" at the front of `in`; the route is read and dropped
 * (RFC 5321 appendix C). *ret_rest is what follows the ">". */
err address_parse_path(struct arena *a, str in, unsigned flags, struct address *ret_address,
                       str *ret_rest);
/* What qmail-smtpd accepts as the argument of MAIL and RCPT: with or without brackets, quotes
 * stripped, a route dropped, any octets. `in` is what follows the verb ("FROM:<x@y> ...").
 * ERR_SYNTAX without an address, ERR_LIMIT past QMAIL_SMTP_ADDRESS_MAX. *ret_rest is what
 * follows the address: the parameters, if any. */
err address_parse_qmail(struct arena *a, str in, str *ret_address, str *ret_rest);

struct address address_split(str s);                            /* at the last '@'; never fails */
str address_join(struct arena *a, const struct address *parts); /* local "@" domain, unquoted */

bool address_needs_quotes(str local);
/* "local"@domain as RFC 5321 wants it, the local part quoted when it must be. Octets that no
 * quoted string may hold (controls) are written as they are, a newline as '_'. */
void address_write(struct buf *b, const struct address *address);
void address_write_str(struct buf *b, str address);  /* the same for "local@domain" */
void address_write_path(struct buf *b, str address); /* with brackets; empty gives "<>" */

/* RFC 5321 4.1.2 Domain: letters, digits, hyphens inside, labels and whole within their limits.
 * '_' is taken too: too many real hosts send it. With ADDRESS_UTF8 also well-formed UTF-8. */
bool domain_is_valid(str domain, unsigned flags);
/* "[1.2.3.4]" or "[IPv6:...]": *ret_ip gets 4 or 16 octets, and their number is returned; 0 when
 * it is neither. */
size_t domain_literal_ip(str domain, unsigned char ret_ip[16]);
bool domain_is_literal(str domain); /* also tagged ones: "[tag:text]" */
