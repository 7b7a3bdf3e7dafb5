/* SPDX-License-Identifier: ISC */
/* control/check_private.h -- what the parts of the checker share: the messages and the list. */
#pragma once
#include "control/check.h"
#include "control/site.h"

enum message {
    MSG_UNREADABLE,
    MSG_TOO_LARGE,
    MSG_MISSPELT_ABSENT,
    MSG_MISSPELT,
    MSG_BACKUP,
    MSG_FOREIGN,
    MSG_UNKNOWN,
    MSG_CR,
    MSG_TYPOGRAPHIC,
    MSG_AT_WORD,
    MSG_CONTROL_CHAR,
    MSG_LEADING_SPACE,
    MSG_NOT_A_NUMBER,
    MSG_NUMBER_REST,
    MSG_OUT_OF_BOUNDS,
    MSG_BAD_CHOICE,
    MSG_MORE_LINES,
    MSG_EMPTY_LINE_FILE,
    MSG_NO_COLON,
    MSG_DUPLICATE,
    MSG_ADDRESS_FOR_HOST,
    MSG_SPACE_IN_NAME,
    MSG_HOST_FOR_ADDRESS,
    MSG_BAD_LISTEN,
    MSG_NO_ME,
    MSG_ME_NO_DOT,
    MSG_OPEN_RELAY,
    MSG_LOCAL_NOT_ACCEPTED,
    MSG_VIRTUAL_NOT_ACCEPTED,
    MSG_ACCEPTED_NOT_HERE,
    MSG_LOCAL_AND_VIRTUAL,
    MSG_STANDBY_LOCAL,
    MSG_NOTICES_LOST,
    MSG_MRH_NO_CDB,
    MSG_MRH_OLD_CDB,
    MSG_CDB_DAMAGED,
    MSG_HELD,
    MSG_SECRET_MODE,
    MSG_WRITABLE,
    MSG_ASSIGN_BAD,
    MSG_ASSIGN_NO_CDB,
    MSG_ASSIGN_OLD_CDB,
    MSG_RULES_BAD,
    MSG_RULES_FINDING,
    MSG_RULES_OPEN_RELAY,
    MSG_NO_ALIAS,
    MSG_AUTH_NO_ROUTE,
    MSG_COUNT,
};

struct checker {
    int root;
    struct arena *a;
    VEC(struct finding) found;
    struct site site;
};

#define CONTROL_DIR "var/qmail/control/"

/* %1 and %2 of the message become a1 and a2, with bytes that are no plain text as '?'. */
void checker_add(struct checker *c, enum message m, str file, size_t line, str a1, str a2);

/* Parts, each over its own ground. */
void check_directory(struct checker *c);      /* names in control/, and each file's lines */
void check_file(struct checker *c, str name); /* the content of one control file */
void check_words(struct checker *c, str file, size_t line, str text); /* quotes, _at_, CR */
void check_together(struct checker *c); /* contradictions between files */
void check_users(struct checker *c);    /* users/assign */
void check_rules(struct checker *c);    /* tcp rules */
void check_aliases(struct checker *c);
