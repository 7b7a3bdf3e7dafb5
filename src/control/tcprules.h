/* SPDX-License-Identifier: ISC */
/* control/tcprules.h -- who may connect, and with which variables: tcprules(1).
 *
 * `address:allow,VAR="value"` or `address:deny`; the first key in tcprules' order that exists
 * decides alone. Beyond ucspi-tcp: IPv6 as `[2001:db8::1]:allow` and `[2001:db8::/32]:…`,
 * asked from the longest prefix to the shortest.
 */
#pragma once
#include "control/cdb.h"

enum { TCPRULES_FINDINGS = 64 };
struct tcprules_finding {
    size_t line;
    const char *text; /* static */
};
struct tcprules_report {
    size_t n;
    struct tcprules_finding at[TCPRULES_FINDINGS];
    size_t bad_line; /* of the error, when compiling failed */
    str bad_text;
};
/* ERR_SYNTAX: tcprules would stop at report->bad_line; nothing usable is in out then. */
err tcprules_compile(str text, struct buf *out, struct tcprules_report *report);

struct tcp_peer {
    str ip;         /* "192.0.2.1" or "2001:db8::1" */
    str host, info; /* only when the has_ is set: a name may be empty */
    bool has_host, has_info;
};
struct tcp_variable {
    str name, value;
};
struct tcprules_answer {
    bool found; /* false: no rule; the connection is allowed */
    str rule;
    bool deny;
    const struct tcp_variable *variables;
    size_t n;
};
/* ERR_SYNTAX: damaged database; the caller must deny (temporarily). */
err tcprules_find(str cdb, const struct tcp_peer *peer, struct arena *a,
                  struct tcprules_answer *ret);
/* Value of a variable; false when the rule sets none. */
bool tcprules_variable(const struct tcprules_answer *r, str name, str *ret_value);
/* What tcprulescheck(1) prints. */
void tcprules_print(const struct tcprules_answer *r, struct buf *out);
