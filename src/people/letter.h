/* SPDX-License-Identifier: ISC */
/* people/letter.h -- what gate writes to applicants and guarantors, in Japanese and English.
 *
 * A whole message with its header, 7-bit (base64 of UTF-8), LF line ends. The card's language
 * says which; without one both, Japanese first. A letter to the guarantor about something to
 * decide carries a signed link when there are pages (base_url), and always the command.
 */
#pragma once
#include "people/card.h"

enum letter_kind {
    LETTER_APPLIED,
    LETTER_ACCEPTED,
    LETTER_REJECTED,
    LETTER_HELD,
    LETTER_HELD_LONG, /* reminds the guarantor */
    LETTER_CHANGED,
    LETTER_EXPIRING,
    LETTER_RENEWED,
    LETTER_RETIRED,
    LETTER_KINDS,
};

enum { LETTER_MAX = 32768 };

struct letter {
    enum letter_kind kind;
    const struct card *card;
    bool to_guarantor; /* else to the applicant */
    str from, to;      /* addresses */
    str url;           /* with its token; empty: none */
    str id;            /* left side of the Message-ID */
    str host;          /* right side */
    int64_t now;
};

void letter_write(const struct letter *l, struct buf *out);
/* Who gets a letter of this kind, by facts known of gate: a group's applicant none. */
bool letter_goes_to(enum letter_kind kind, bool guarantor, const struct card *card);
/* The purpose of the link in it; NULL: none. */
const char *letter_link(enum letter_kind kind, bool to_guarantor);
