/* SPDX-License-Identifier: ISC */
/* people/card.h -- a registration card: what is known of one user or one host of the domain.
 *
 * As text, a card is UTF-8, one "key: value" a line, in the order of the table below; a key
 * that holds several lines (authorized_keys) is written once for each. Keys that we do not
 * know are kept as they stand, behind ours. Times are UTC, "2026-11-24T21:00:00Z", so that
 * comparing the text compares the times. A card's file is named as its login.
 *
 * Values never hold control characters, nor characters that turn or hide what a reader sees
 * (bidirectional overrides, zero widths): whoever decides about a card must see what it says.
 */
#pragma once
#include "base/base.h"

enum {
    CARD_TEXT_MAX = 65536,
    CARD_VALUE_MAX = 8192,
    CARD_FIELD_MAX = 400, /* bytes that an applicant may put into one field */
    CARD_LOGIN_MAX = 31,
    CARD_LOGIN_ADVISED = 8,
};

enum card_key {
    CARD_CLASS, /* personal, group, host */
    CARD_LOGIN,
    CARD_STATE, /* people/states.h */
    CARD_UID,
    CARD_NAME_JA,
    CARD_NAME_EN,
    CARD_PHONE,
    CARD_FAX,
    CARD_AFFILIATION,
    CARD_ADDRESS,
    CARD_GUARANTOR,
    CARD_EMAIL,
    CARD_CATEGORY,
    CARD_LANGUAGE, /* ja, en: of the letters; empty: both */
    CARD_MEMBERS,  /* of a group: logins, parted by blanks */
    CARD_IP,       /* of a host */
    CARD_IP6,
    CARD_SERIAL, /* grows with every event: a link in a letter is for one serial */
    CARD_APPLIED_AT,
    CARD_DECIDED_AT,
    CARD_DECIDED_BY,
    CARD_REASON,
    CARD_EXPIRES_AT,
    CARD_REMINDED_AT,
    CARD_RETIRED_AT,
    CARD_AUTHORIZED_KEYS,
    CARD_AUTHORIZED_KEYS_SETTING, /* override, append, delete; empty: done, or nothing to do */
    CARD_PWHASH,                  /* of the first password; the host never sets another */
    CARD_KEYS,
};

struct card {
    str at[CARD_KEYS]; /* in whoever's arena it was made */
    str unknown;       /* whole lines */
};

const char *card_key_name(enum card_key key);
bool card_key_find(str name, enum card_key *ret_key);
/* Views into text and copies into `a`. ERR_SYNTAX with the line's number. */
err card_parse(str text, struct arena *a, struct card *ret, unsigned *ret_line);
void card_write(const struct card *c, struct buf *out);
void card_copy(const struct card *from, struct arena *a, struct card *ret);

/* Lower-case letters and digits, first a letter. For a host also "-" inside. */
bool card_login_is_fine(str login);
bool card_host_is_fine(str name);
/* A line that a stranger wrote: UTF-8, no control, no turning and hiding characters. */
bool card_text_is_fine(str value);
/* What an application must hold. ERR_SYNTAX; *ret_key says where. */
err card_check(const struct card *c, enum card_key *ret_key);
bool card_is(const struct card *c, enum card_key key, str value);
uint32_t card_uid(const struct card *c); /* 0: none */
uint64_t card_serial(const struct card *c);
/* Members one by one: *rest starts as the whole. */
bool card_member_next(str *rest, str *ret_member);

void time_write(struct buf *b, int64_t epoch); /* as cards have it */
str time_text(struct arena *a, int64_t epoch);
bool time_read(str text, int64_t *ret_epoch);
