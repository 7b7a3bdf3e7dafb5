/* SPDX-License-Identifier: ISC */
/* sieve/forms.h -- every command and test of the language as a row: which extension brings it,
 * which tagged and positional arguments it takes. The checker knows nothing else of them.
 */
#pragma once
#include "base/base.h"

enum extension {
    EXT_NONE,
    EXT_FILEINTO,
    EXT_REJECT,
    EXT_EREJECT,
    EXT_ENVELOPE,
    EXT_ENCODED_CHARACTER,
    EXT_VACATION,
    EXT_VACATION_SECONDS,
    EXT_IMAP4FLAGS,
    EXT_COPY,
    EXT_VARIABLES,
    EXT_RELATIONAL,
    EXT_SUBADDRESS,
    EXT_BODY,
    EXT_DATE,
    EXT_INDEX,
    EXT_EDITHEADER,
    EXT_MAILBOX,
    EXT_MBOXMETADATA,
    EXT_SERVERMETADATA,
    EXT_SPECIAL_USE,
    EXT_INCLUDE,
    EXT_DUPLICATE,
    EXT_REGEX,
    EXT_ENVIRONMENT,
    EXT_IHAVE,
    EXT_ENOTIFY,
    EXT_ASCII_NUMERIC,
    EXT_UNICODE_CASEMAP,
    EXT_OCTET,
    EXT_ASCII_CASEMAP,
    EXT_COUNT,
};
#define EXT_BIT(e) (UINT64_C(1) << (e))
const char *extension_name(enum extension e);
enum extension extension_find(str name); /* EXT_NONE: unknown */

enum op {
    OP_UNKNOWN,
    /* control */
    OP_REQUIRE,
    OP_IF,
    OP_ELSIF,
    OP_ELSE,
    OP_STOP,
    OP_INCLUDE,
    OP_RETURN,
    OP_GLOBAL,
    OP_SET,
    OP_ERROR,
    /* actions */
    OP_KEEP,
    OP_DISCARD,
    OP_FILEINTO,
    OP_REDIRECT,
    OP_REJECT,
    OP_EREJECT,
    OP_VACATION,
    OP_SETFLAG,
    OP_ADDFLAG,
    OP_REMOVEFLAG,
    OP_ADDHEADER,
    OP_DELETEHEADER,
    OP_NOTIFY,
    /* tests */
    OP_ADDRESS,
    OP_ALLOF,
    OP_ANYOF,
    OP_BODY,
    OP_CURRENTDATE,
    OP_DATE,
    OP_DUPLICATE,
    OP_ENVELOPE,
    OP_ENVIRONMENT,
    OP_EXISTS,
    OP_FALSE,
    OP_HASFLAG,
    OP_HEADER,
    OP_IHAVE,
    OP_MAILBOXEXISTS,
    OP_METADATA,
    OP_METADATAEXISTS,
    OP_NOT,
    OP_NOTIFY_CAPABILITY,
    OP_SERVERMETADATA,
    OP_SERVERMETADATAEXISTS,
    OP_SIZE,
    OP_SPECIALUSE_EXISTS,
    OP_STRING,
    OP_TRUE,
    OP_VALID_NOTIFY,
    OP_COUNT,
};

/* Where an argument goes. Tags of one slot exclude each other. */
enum slot {
    SLOT_1,
    SLOT_2,
    SLOT_3,
    SLOT_MATCH,
    SLOT_COMPARATOR,
    SLOT_PART,
    SLOT_INDEX,
    SLOT_LAST,
    SLOT_COPY,
    SLOT_CREATE,
    SLOT_FLAGS,
    SLOT_SPECIALUSE,
    SLOT_PERIOD,
    SLOT_SUBJECT,
    SLOT_FROM,
    SLOT_ADDRESSES,
    SLOT_MIME,
    SLOT_HANDLE,
    SLOT_SIZE,
    SLOT_LOCATION,
    SLOT_ONCE,
    SLOT_OPTIONAL,
    SLOT_TRANSFORM,
    SLOT_ZONE,
    SLOT_UNIQUE,
    SLOT_SECONDS,
    SLOT_CASE,
    SLOT_FIRST,
    SLOT_QUOTE,
    SLOT_LENGTH,
    SLOT_URL,
    SLOT_IMPORTANCE,
    SLOT_OPTIONS,
    SLOT_MESSAGE,
};

enum match_type { MATCH_IS, MATCH_CONTAINS, MATCH_MATCHES, MATCH_REGEX, MATCH_VALUE, MATCH_COUNT };
enum part { PART_ALL, PART_LOCAL, PART_DOMAIN, PART_USER, PART_DETAIL };

struct tag {
    const char *name;
    enum slot slot;
    char param; /* 0 none, s string, L list, n number; c a constant string */
    enum extension ext;
    unsigned value; /* which of its slot */
};

enum form_kind { FORM_CONTROL, FORM_ACTION, FORM_TEST };
struct form {
    const char *name;
    enum op op;
    enum form_kind kind;
    enum extension ext;
    const struct tag *tags; /* ended by a NULL name */
    bool match;             /* takes :is …, :comparator too */
    bool part;              /* takes :all, :localpart … too */
    bool index;             /* takes :index, :last too */
    /* Positional: s string, L list, n number; one '?' before that which may be missing; T a
     * test, A tests in parentheses, B a block, at the end. */
    const char *takes;
};
const struct form *form_find(str name);
const struct tag *form_tag(const struct form *f, str name);
