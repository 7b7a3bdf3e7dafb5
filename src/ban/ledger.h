/* SPDX-License-Identifier: ISC */
/* ban/ledger.h -- the ledger at the door: who misbehaved, how often, and until when front does
 * not open to them.
 *
 * In memory only, bounded: the address that was quiet longest makes room. An IPv6 client is
 * its /64, since that much is everybody's own. Each ban of the same address lasts longer than
 * the one before; a long quiet time wipes the slate. Times are milliseconds of any one clock
 * that does not jump.
 */
#pragma once
#include "base/base.h"

enum { LEDGER_KEY_MAX = 8, LEDGER_KEY_TEXT = 48, LEDGER_REASON_MAX = 200 };

struct ledger_key { /* IPv4: 4 bytes; IPv6: the /64; `bits` of them count, the others are 0 */
    unsigned char n, bits, bytes[LEDGER_KEY_MAX];
};
/* From address text: the whole address. False when it is none. */
bool ledger_key_of(str ip, struct ledger_key *ret);
/* The same, or a network: "192.0.2.0/24", "2001:db8::/32". What is longer than an IPv6 /64 is
 * its /64. */
bool ledger_key_parse(str text, struct ledger_key *ret);
str ledger_key_text(const struct ledger_key *k, char room[LEDGER_KEY_TEXT]);
/* `one` is in the network `k`. */
bool ledger_key_covers(const struct ledger_key *k, const struct ledger_key *one);
/* The host itself (127.0.0.1, ::1): never banned, or a broken cron job would lock out the
 * administrator's own checks. Other 127.0.0.0/8 addresses are ordinary. */
bool ledger_is_self(str ip);

struct ledger_rules {
    unsigned threshold;   /* points within the window that bring a ban */
    int64_t window_ms;    /* points older than this are forgotten together */
    int64_t first_ban_ms; /* and `growth` times longer each time */
    unsigned growth;
    int64_t longest_ban_ms;
    int64_t quiet_ms; /* so long without a point: as if never seen */
    size_t addresses; /* in the table; as many again that were banned by hand */
};
extern const struct ledger_rules ledger_defaults;

enum ledger_points { LEDGER_LOGIN_FAILED = 1, LEDGER_ABUSE = 3 };

struct ledger;
struct ledger *ledger_new(const struct ledger_rules *rules); /* copied */
void ledger_free(struct ledger *l);                          /* NULL is fine */
void ledger_set_rules(struct ledger *l, const struct ledger_rules *rules);
/* Adds points. *ret_ban_ms > 0: this brought a ban of that length. */
void ledger_add(struct ledger *l, const struct ledger_key *k, unsigned points, int64_t now_ms,
                int64_t *ret_ban_ms);
/* A login that succeeded: the points so far were typing errors. Bans past are remembered. */
void ledger_forgive(struct ledger *l, const struct ledger_key *k);
/* A ban that somebody decided on, of an address or a network, in place of the one it has:
 * until_ms INT64_MAX lasts until it is lifted. It does not make room for others. ERR_LIMIT: there
 * are too many of them. The reason is cut at LEDGER_REASON_MAX. */
err ledger_ban(struct ledger *l, const struct ledger_key *k, str reason, int64_t now_ms,
               int64_t until_ms);
/* What is left of a ban of the address or a network that it is in; 0: none. */
int64_t ledger_banned_ms(const struct ledger *l, const struct ledger_key *k, int64_t now_ms);
bool ledger_lift(struct ledger *l, const struct ledger_key *k); /* false: there was no ban */
size_t ledger_count(const struct ledger *l);

struct ledger_ban {
    struct ledger_key key;
    int64_t left_ms; /* INT64_MAX: for ever */
    unsigned bans;   /* by the rules, so far */
    str reason;      /* empty: by the rules */
};
/* The bans in force: start with *at = 0; false at the end. Nothing may change meanwhile. */
bool ledger_next(const struct ledger *l, size_t *at, int64_t now_ms, struct ledger_ban *ret);
