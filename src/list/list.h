/* SPDX-License-Identifier: ISC */
/* list/list.h -- a list directory as ezmlm keeps it (ezmlm(5)): settings, flags, names, and what
 * every operation on a list gets from its caller and gives back.
 *
 * Three generations of directory are understood: 0.53, ezmlm-idx 0.4x (a file `config`), idx 5
 * to 7 (`flags`, or presence files alone). `flags`, then `config`, override the presence of the
 * flag files that have a letter. A file that is missing is sought below the path that `ezmlmrc`
 * names, then in etc/ezmlm/default below the root.
 */
#pragma once
#include "base/base.h"

enum {
    LIST_VALUE_MAX = 64 << 10, /* a settings file */
    LIST_TEXT_MAX = 1 << 20,   /* a file of text/ */
    LIST_KEY_MAX = 1 << 16,
    LIST_POST_MAX = 512 << 20, /* a message that a list takes */
};

enum list_generation { LIST_053, LIST_CONFIG, LIST_LETTERS, LIST_PRESENCE };

enum list_flag {
    FLAG_ARCHIVED,
    FLAG_MODGETONLY,
    FLAG_DIGESTED,
    FLAG_SUBGETONLY,
    FLAG_NOSUBCONFIRM,
    FLAG_INDEXED,
    FLAG_NOUNSUBCONFIRM,
    FLAG_MODCANLIST,
    FLAG_MODPOST,
    FLAG_MODCANEDIT,
    FLAG_MODPOSTONLY,
    FLAG_PUBLIC,
    FLAG_REMOTE,
    FLAG_MODSUB,
    FLAG_ADDTRAILER,
    FLAG_SUBPOSTONLY,
    FLAG_NOWARN,
    FLAG_CONFIRMPOST,
    FLAG_THREADED,
    FLAG_NORETURNPOSTS,
    FLAG_OMITBOTTOM,
    FLAG_REPLYTOLIST,
    FLAG_REWRITEFROM,
    FLAG_COUNT
};

struct mlist {
    struct arena *arena;
    int dir;
    int root; /* of the house: etc/ezmlm below it */
    const char *path;
    enum list_generation generation;
    str outlocal, outhost; /* as in the files */
    str local;             /* outlocal, with -digest, -allow or -deny behind it */
    str sub;               /* "", or that part's name */
    str key;               /* for this part: shortened by 1, 2, 3 octets */
    str whole_key;
    str letters; /* of flags or config */
    bool has_letters;
    str fallback;  /* contents of ezmlmrc, or empty */
    str charset;   /* "us-ascii" when not set */
    char encoding; /* Q or B for automatic mail, 0: as it is */
    bool japanese; /* speaks Japanese where it has no text of its own */
};

/* What became of it, as an exit code of qmail-command(8): 0, 99, 100, 111. */
struct verdict {
    int code;
    str text; /* for people; may be empty */
};
#define VERDICT(c, lit) ((struct verdict){.code = (c), .text = S(lit)})
struct verdict verdict_of(err e, const char *doing); /* 111, but 100 for what will not change */

/* A message that a list sends. */
struct list_mail {
    str sender;
    const str *to;
    size_t n;
    str message;
};

/* What an operation knows of the world. */
struct list_run {
    struct mlist *list;
    int64_t now;
    uint64_t pid;
    str sender;       /* of the message at hand, undone (sender_undone) */
    bool has_sender;  /* there is a sender at all (the variable was set) */
    str address_rest; /* DEFAULT: what follows the list's name and '-' */
    str host;         /* HOST */
    str local;        /* LOCAL */
    str message;      /* the message at hand */
    err (*send)(void *ctx, const struct list_mail *mail);
    void *ctx;
    unsigned sent; /* counted, so that each gets its own Message-ID */
};

/* ERR_NOTFOUND: no such directory, or no outlocal and outhost in it. */
err list_open(struct arena *a, int root, const char *path, struct mlist *ret);
void list_close(struct mlist *l);
/* From now on it is about L-digest, L-allow, L-deny, or "" again. */
void list_set_sub(struct mlist *l, str sub);

bool list_flag(const struct mlist *l, enum list_flag flag);
/* A whole file, from the directory or where it may be instead. False: nowhere. */
bool list_file(const struct mlist *l, const char *name, size_t max, str *ret);
bool list_has(const struct mlist *l, const char *name); /* in the directory itself */
/* First line of a settings file, end trimmed, lines with # skipped, tags not yet expanded. */
bool list_value(const struct mlist *l, const char *name, str *ret);
/* All lines of a settings file so. */
struct list_lines {
    str *at;
    size_t n;
};
struct list_lines list_values(const struct mlist *l, const char *name);
/* Where moderators stand: the contents of modsub, remote or modpost, or "mod". */
str list_moderators(const struct mlist *l, const char *const *files);

/* Opens the directory of a post's or request's life. */
str list_address(const struct mlist *l, const char *behind); /* "L" behind "@H" */

/* `Log` of the list, or of a part of it: TIME EVENT address comment. Losing a line is no harm. */
void list_log(const struct mlist *l, str sub, int64_t now, const char *event, str address,
              str comment);
