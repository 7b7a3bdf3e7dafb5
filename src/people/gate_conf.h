/* SPDX-License-Identifier: ISC */
/* people/gate_conf.h -- gate.conf: a Perl program of assignments, read without running anything.
 *
 * Taken are `$NAME = VALUE;`, `@NAME = (…);`, `%NAME = (…);` with or without our/my, values as
 * numbers, undef, 'text', "text $OTHER ${OTHER}\n", qw(…), joined by "."; comments, POD, `1;`,
 * use, package; and `require`/`do` of files, which are not followed: gate_settings_load() reads
 * gate-sys.conf, gate-user.conf and gate-ip.conf itself, as the manual says they are loaded.
 * Anything else (calls, conditions, back-quotes) is refused with its line: what would need Perl
 * to be understood must not be guessed.
 */
#pragma once
#include "base/base.h"

enum {
    GATE_CONF_MAX = 65536,
    GATE_CONF_NAMES_MAX = 512,
    GATE_CONF_ITEMS_MAX = 512, /* of one list */
};

struct gate_value {
    char sigil; /* $ @ % */
    str name;
    str *items; /* one for $; keys and values in turn for % */
    size_t n;
};

struct gate_conf {
    struct arena *arena;
    struct gate_value at[GATE_CONF_NAMES_MAX];
    size_t n;
};

/* Adds the assignments of text; a later one replaces an earlier. *ret_line on ERR_SYNTAX. */
err gate_conf_read(struct gate_conf *conf, str text, unsigned *ret_line);
const struct gate_value *gate_conf_find(const struct gate_conf *conf, char sigil, str name);

enum gate_sudoers { GATE_SUDOERS_OWN_FILE, GATE_SUDOERS_WHOLE };

/* What they come to. Names the sources do not tell ($UID_MIN and what follows it) are ours. */
struct gate_settings {
    bool user_mode, ip_mode; /* $USE_USER_MODE (1), $USE_IP_MODE (0) */
    str db_base;             /* $DB_BASE: /home/gate/userdb; the cards as text */
    str db_ip_base;          /* $DB_IP_BASE: /home/gate/ipdb */
    str pending, stable, defunct;
    str db_server;    /* $DBSERVER */
    str *share_hosts; /* keys of %DB_SHARE_HOSTS */
    size_t share_hosts_n;
    str *dns_servers; /* @DNS_SERVERS */
    size_t dns_servers_n;
    bool use_daemon;            /* $USE_DAEMON */
    uint16_t port;              /* $GATEPORT; 0: not said */
    bool pubkey_auth;           /* $RSA_PUBKEY_AUTH (0) */
    str authkey_file;           /* $RSA_AUTHKEY_FILE: .ssh/authorized_keys */
    uint32_t uid_min, uid_max;  /* $UID_MIN, $UID_MAX: 1000 to 29999 */
    uint32_t max_remove;        /* $MAX_REMOVE: 3 users that one run may take away */
    uint32_t held_days;         /* $HELD_DAYS: 7; a guarantor is reminded; 0: never */
    uint32_t valid_days;        /* $VALID_DAYS: 0; of a registration, 0: for ever */
    uint32_t warn_days;         /* $WARN_DAYS: 30 days before its end */
    str home_base, shell, skel; /* $HOME_BASE /home, $SHELL /bin/bash, $SKEL /etc/skel */
    enum gate_sudoers sudoers;  /* $SUDOERS_WHOLE (0) */
    str admin;                  /* $ADMIN: whom letters come from; postmaster */
    str base_url;               /* $BASE_URL of the pages; empty: letters name commands alone */
    str ip_domain;              /* $IP_DOMAIN */
    str zone_dir;               /* $ZONE_DIR: /etc/bind/gate */
    str name_servers;           /* $NAME_SERVERS of the zones, parted by blanks */
};

/* ERR_SYNTAX: a value that cannot be; *ret_name says which. */
err gate_settings_of(const struct gate_conf *conf, struct arena *a, struct gate_settings *ret,
                     str *ret_name);
/* Reads ROOT/etc/gate/gate.conf (or the older etc/gate.conf) and its three companions; none
 * there: the defaults. *ret_where tells file and line, or the name, of what is wrong. */
err gate_settings_load(int root_dir, struct arena *a, struct gate_settings *ret, str *ret_where);
