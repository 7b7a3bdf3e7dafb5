/* SPDX-License-Identifier: ISC */
/* sieve/sieve.h -- the Sieve language (RFC 5228 and the extensions in sieve/extensions.c): reads a
 * script, says what is wrong with it, and runs it on one message.
 *
 * Pure: nothing here opens a file or sends a message. A run looks at the message and its envelope,
 * asks what it must know through `struct sieve_env`, and gives back a list of actions; whoever
 * called carries them out. Everything a script or a message can make large has a limit below;
 * reaching one while running is a run-time error, and the message is kept.
 */
#pragma once
#include "base/base.h"
#include "sieve/problem.h"

enum {
    SIEVE_SCRIPT_MAX = 1 << 20,     /* octets */
    SIEVE_NESTING_MAX = 32,         /* blocks, tests within tests; RFC 5228 2.10.5 asks for 15 */
    SIEVE_NODES_MAX = 20000,        /* commands and tests */
    SIEVE_STRINGS_MAX = 50000,      /* of one script, in all */
    SIEVE_VARIABLES_MAX = 256,      /* RFC 5229 6: 128 */
    SIEVE_VARIABLE_NAME_MAX = 64,   /* RFC 5229 6: 32 */
    SIEVE_VALUE_MAX = 16384,        /* of a variable; RFC 5229 6: 4,000 */
    SIEVE_CAPTURES_MAX = 32,        /* ${0} to ${31}; RFC 5229 6: 9 */
    SIEVE_REGEX_MAX = 4096,         /* octets of one pattern */
    SIEVE_REGEX_STEPS = 200 * 1000, /* of PCRE2, one match */
    SIEVE_REGEX_KIB = 4096,         /* of its memory, one match */
    SIEVE_ACTIONS_MAX = 64,
    SIEVE_FLAGS_MAX = 64, /* of one message */
    SIEVE_FLAG_BYTES = 128,
    SIEVE_INCLUDES_MAX = 64, /* scripts of one run */
    SIEVE_INCLUDE_DEPTH = 10,
    SIEVE_VALUES_MAX = 10000,         /* header fields, addresses one test looks at */
    SIEVE_HEADER_VALUE_MAX = 1 << 16, /* longer ones are cut */
    SIEVE_BODY_MAX = 16 << 20,        /* octets of body a test looks at */
    SIEVE_MEMORY_MAX = 48 << 20,      /* of one run */
    SIEVE_EDITS_MAX = 256,            /* addheader, deleteheader */
    SIEVE_DUPLICATES_MAX = 32,
};
#define SIEVE_WORK_MAX UINT64_C(400000000) /* octets compared and copied in one run */

/* The extensions, space between: ManageSieve's SIEVE capability. */
const char *sieve_extensions(void);
bool sieve_extension_known(str name);

struct sieve_script; /* lives in the arena it was compiled into */

/* NULL when there are errors; warnings may be there in any case. `text` must live as long. */
struct sieve_script *sieve_compile(str text, struct arena *a, struct sieve_problems *problems);
/* The compiled patterns of its regular expressions are not in the arena. NULL is fine. */
void sieve_script_done(struct sieve_script *s);
bool sieve_script_requires(const struct sieve_script *s, str extension);

/* A name of a script as ManageSieve and include know it: RFC 5804 1.6, and no path tricks. */
enum { SIEVE_SCRIPT_NAME_MAX = 128 };
bool sieve_script_name_is_valid(str name);

/* ---- running ---- */
enum sieve_include_from { SIEVE_PERSONAL, SIEVE_GLOBAL };

struct sieve_env {
    void *ctx;
    int64_t now;
    int zone_minutes; /* of the local time */
    str user;         /* whose script: "taro"; taro-x@… has the detail "x" (RFC 5233) */
    str domain, host; /* "environment" (RFC 5183) */
    str remote_host, remote_ip;
    str version;
    unsigned redirects_max; /* 0: redirect is an error */
    /* include: ERR_NOTFOUND when there is no such script. NULL: there are none. */
    err (*load)(void *ctx, enum sieve_include_from from, str name, struct arena *a, str *ret_text);
    /* Names in UTF-8. NULL: every mailbox is there. */
    bool (*mailbox_exists)(void *ctx, str name);
    /* RFC 8579. name empty: any mailbox with that use. NULL: none has one. */
    bool (*special_use)(void *ctx, str name, str use);
    /* RFC 5490; mailbox empty: of the server. False: no such annotation. NULL: none at all. */
    bool (*metadata)(void *ctx, str mailbox, str annotation, struct arena *a, str *ret_value);
    /* RFC 7352: was it seen within its time? NULL: never. */
    bool (*seen)(void *ctx, str handle, str id);
    /* One line for each step, for people who test a script. NULL: silent. */
    void (*trace)(void *ctx, struct sieve_pos at, str line);
};

struct sieve_message {
    str text; /* LF or CRLF line ends */
    str from; /* envelope: empty for a bounce */
    str to;   /* envelope: the recipient that this delivery is for */
    str auth; /* who submitted it, if that is known */
};

enum sieve_action_kind {
    SIEVE_KEEP, /* explicit or implicit: to the INBOX */
    SIEVE_FILEINTO,
    SIEVE_REDIRECT,
    SIEVE_REJECT,
    SIEVE_EREJECT,
    SIEVE_VACATION,
    SIEVE_NOTIFY,
};
const char *sieve_action_name(enum sieve_action_kind k);

struct sieve_vacation {
    uint64_t seconds; /* once per sender in that time; 0: every time */
    str subject, from, reason;
    str handle; /* as given, or made of the other arguments (RFC 5230 4.2) */
    bool mime;
    const str *addresses;
    size_t n_addresses;
};

struct sieve_action {
    enum sieve_action_kind kind;
    struct sieve_pos at;  /* 0: the implicit keep */
    str target;           /* FILEINTO: mailbox in UTF-8; REDIRECT: the address; NOTIFY: method */
    str text;             /* REJECT, EREJECT: the reason; NOTIFY: the message */
    str from, importance; /* NOTIFY */
    str special_use;      /* FILEINTO: rather a mailbox with that use */
    bool create;          /* FILEINTO: make the mailbox */
    const str *flags;     /* KEEP, FILEINTO */
    size_t n_flags;
    /* KEEP, FILEINTO, REDIRECT: the header as editheader left it, instead of the message's own up
     * to its empty line; p NULL: untouched. */
    str header;
    struct sieve_vacation vacation;
};

/* To be remembered by the caller when everything went well (RFC 7352 3). */
struct sieve_duplicate {
    str handle, id;
    uint64_t seconds;
    bool last; /* time counts from the last, not the first, one */
};

struct sieve_result {
    const struct sieve_action *actions; /* in the order they were given */
    size_t n;
    const struct sieve_duplicate *duplicates;
    size_t n_duplicates;
    bool failed; /* a run-time error: `problem`; actions then are those that must still be done */
    struct sieve_problem problem;
};

/* Total. With an error, only the implicit keep is left in the list (RFC 5228 2.10.6). Everything
 * lies in `a`, `m` or the script. */
void sieve_run(const struct sieve_script *s, const struct sieve_message *m,
               const struct sieve_env *env, struct arena *a, struct sieve_result *ret);
