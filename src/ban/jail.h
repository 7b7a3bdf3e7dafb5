/* SPDX-License-Identifier: ISC */
/* ban/jail.h -- fail2ban's jails: read, and run.
 *
 * Two halves.
 *
 * jails_load() reads jail.conf and what belongs to it into struct jail_def, one a jail. A jail
 * that cannot be loaded is marked `broken`, its findings name file and line, and all others are
 * usable.
 *
 * struct jail is one running jail: jail_line() takes a line of its log, counts failures as
 * fail2ban does, and reports what it decides through jail_hooks.event. It does no I/O and reads
 * no clock. What a daemon has to bring:
 * - lines: open each log of def->logs (globs; `tail`: start at its end), feed lines to every jail
 *   that has it (follow.h: through rotation, and where to begin). Call jail_time() with
 * FILTER_TIME_CATCH_UP until the first end of file, then FILTER_TIME_LIVE. For the journal: one
 * line a record, as the short format has it without its date, and jail_line_at() with the record's
 * time.
 * - jail_tick() when jail_next() says so, at least every few seconds: bans end, old counts go.
 * - hooks: names to addresses, own addresses, ignorecommand, earlier bans (a database).
 * - carrying out: JAIL_BAN and JAIL_UNBAN are orders; def->port, def->protocol and def->actions
 *   say how. After a restart jail_restore() brings bans back without an event of the other kind.
 * Memory: JAIL_FAILING_MAX and JAIL_BANNED_MAX entries of about 150 bytes, JAIL_MATCHES_BYTES of
 * log lines; the address that was quiet longest makes room.
 */
#pragma once
#include "ban/filter.h"

enum {
    JAIL_FAILING_MAX = 100000,
    JAIL_BANNED_MAX = 500000,
    JAIL_MATCHES_BYTES = 2 << 20,
    JAIL_MATCH_MAX = 512, /* bytes of one remembered line */
    JAIL_ID_MAX = 256,
    JAIL_NAMES_MAX = 16, /* addresses of one name */
};

struct jail_log {
    str glob;
    bool tail; /* begin at the end */
    struct conf_place place;
};

struct jail_action {
    str name;
    struct conf_text call;                                         /* name[option=…] as written */
    enum { ACTION_NFTABLES, ACTION_COMMANDS, ACTION_PYTHON } kind; /* the first is ours */
    bool all_ports;
};

struct jail_growth { /* bantime.increment and its relatives */
    bool on, all_jails;
    double factor;
    int64_t max_s, random_s; /* 0: none */
    VEC(double) multipliers;
};

struct jail_net {
    int family; /* 4 or 6 */
    unsigned char bytes[16];
    int prefix;
};

struct jail_def {
    str name;
    struct conf_place place;
    bool enabled, broken;
    bool journal; /* backend = systemd */
    str backend, filter_name, port, protocol, chain, zone, encoding, ignorecommand, ignorecache;
    struct filter_def filter;
    VEC(struct jail_log) logs;
    VEC(struct jail_action) actions;
    VEC(struct jail_net) ignored_nets;
    VEC(str) ignored_names;
    unsigned maxretry, maxmatches;
    int64_t findtime, bantime; /* seconds; bantime < 0: for ever */
    bool ignoreself;
    struct jail_growth growth;
};

struct jails {
    struct arena *arena;
    struct conf conf;
    VEC(struct jail_def *) list; /* in the order of the files; all, enabled or not */
};
/* all: read the disabled ones too. False: there is no jail.conf (or .local) at all. */
bool jails_load(struct jails *j, struct arena *a, const struct conf_files *files,
                struct findings *f, str config, bool all);
void jails_done(struct jails *j);
struct jail_def *jails_find(const struct jails *j, str name);

/* jail_address.c */
bool jail_net_parse(str text, struct jail_net *ret); /* an address, a/24, a/255.255.255.0 */
bool jail_net_holds(const struct jail_net *net, const struct jail_net *address);

enum jail_event_kind {
    JAIL_FOUND,   /* a failure was counted */
    JAIL_IGNORED, /* a failure of somebody who is never banned; `by` says why */
    JAIL_BAN,
    JAIL_ALREADY, /* a ban of somebody who is banned */
    JAIL_UNBAN,
    JAIL_NO_ADDRESS, /* a host name that usedns or the resolver turned down */
};
struct jail_event {
    enum jail_event_kind kind;
    str id;
    bool id_is_address;
    int64_t time;      /* of the failure, the ban, the unban */
    int64_t until;     /* of a ban; INT64_MAX: for ever */
    unsigned failures; /* so far */
    unsigned bans;     /* which ban of this address it is, from 1 */
    const char *by;
    str user, matches; /* matches: the last lines, LF between them */
};

struct jail;
struct jail_hooks {
    void *ctx;
    void (*event)(void *ctx, struct jail *j, const struct jail_event *e);
    /* The rest may be NULL. */
    bool (*is_self)(void *ctx, str address);
    size_t (*resolve)(void *ctx, str name, char (*ret)[ADDRESS_TEXT], size_t max);
    bool (*ignore_command)(void *ctx, const struct jail *j, str id);
    unsigned (*earlier_bans)(void *ctx, const struct jail *j, str id);
    uint64_t (*random)(void *ctx); /* for bantime.rndtime */
};

/* NULL and findings when the filter cannot be used. `def` and `hooks` must outlive it. */
struct jail *jail_new(const struct jail_def *def, struct date_cache *dates, struct findings *f,
                      const struct jail_hooks *hooks);
void jail_free(struct jail *j); /* NULL is fine */
const struct jail_def *jail_def(const struct jail *j);
struct filter *jail_filter(const struct jail *j);
/* For a test: other thresholds than the files say; 0 leaves one as it is. */
void jail_override(struct jail *j, unsigned maxretry, int64_t findtime, int64_t bantime);

void jail_time(struct jail *j, enum filter_time mode); /* FILTER_TIME_LIVE at first */
void jail_line(struct jail *j, str line, int64_t now);
void jail_line_at(struct jail *j, str line, double time, int64_t now); /* from the journal */
/* A failure that was seen otherwise: by our own programs, or `set JAIL attempt`. */
void jail_attempt(struct jail *j, str id, unsigned failures, str match, int64_t now);
void jail_ban(struct jail *j, str id, int64_t now); /* by hand */
/* From a database. */
void jail_restore(struct jail *j, str id, int64_t since, int64_t until, unsigned bans);
bool jail_unban(struct jail *j, str id, int64_t now); /* false: was not banned */
bool jail_is_banned(const struct jail *j, str id);
void jail_tick(struct jail *j, int64_t now);
int64_t jail_next(const struct jail *j); /* when jail_tick() has something to do */

struct jail_totals {
    uint64_t found, banned, ignored;
    size_t failing_now, banned_now;
};
struct jail_totals jail_totals(const struct jail *j);
/* Walks the bans: start with *at = 0. */
bool jail_banned_next(const struct jail *j, size_t *at, str *ret_id, int64_t *ret_since,
                      int64_t *ret_until);
