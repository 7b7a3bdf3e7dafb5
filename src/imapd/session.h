/* SPDX-License-Identifier: ISC */
/* imapd/session.h -- one client, one process, linear: read a command, look it up, run it, answer.
 *
 * The same loop serves two processes: before the login it has no store and no files, and ends
 * by handing the connection to init; after it the program was started again as the user and
 * talks to the user's keeper. A command returns its tagged answer; only session_run() writes
 * one. Untagged news about the mailbox leave through sync.h alone.
 *
 * Memory: `arena` is emptied after each command; buffers are given back before a longer wait.
 */
#pragma once
#include "ipc/session.h"
#include "log/event.h"
#include "os/io.h"
#include "store/session.h"
#include "wire/crlf.h"
#include "wire/imap_command.h"

enum {
    SESSION_ARENA_MAX = 128 << 20, /* one command's memory; the wire's limits keep it far below */
    SESSION_BAD_MAX = 20,          /* commands answered BAD in a row before we hang up */
    SESSION_LOGIN_LINE_MAX = 16 * 1024, /* before the login */
    SESSION_LOGIN_LITERAL_MAX = 4 * 1024,
    SESSION_LOGIN_MS = 2 * 60 * 1000,    /* from connect to login, if timeoutlogin is not read */
    SESSION_IDLE_MS = 30 * 60 * 1000,    /* the same for timeoutimap; RFC 3501 5.4: 30 minutes */
    SESSION_WRITE_MS = 5 * 60 * 1000,    /* a client that takes nothing for so long is gone */
    SESSION_SMALL_AFTER_MS = 2 * 1000,   /* of silence, then memory is given back */
    SESSION_PROGRESS_MS = 10 * 1000,     /* between words about a long command (RFC 9585) */
    SESSION_KEEP_BYTES = 4 * 1024,       /* of the command buffer, kept from command to command */
    SESSION_SKIP_MAX = 16 * 1024 * 1024, /* refused literals that we read past; then we hang up */
};

/* RFC 5161: what the client has switched on. */
enum enabled {
    ENABLED_REV2 = 1,      /* IMAP4rev2, RFC 9051 */
    ENABLED_UTF8 = 2,      /* UTF8=ACCEPT, RFC 9755; IMAP4rev2 implies what it means for names */
    ENABLED_CONDSTORE = 4, /* RFC 7162 */
    ENABLED_QRESYNC = 8,
    ENABLED_UIDONLY = 16, /* RFC 9586 */
};

enum phase { PHASE_LOGIN = 1, PHASE_AUTHENTICATED = 2, PHASE_SELECTED = 4, PHASE_END = 8 };

/* What of which message a partial fetch saw last: the next piece need not parse it again. */
struct seen_section {
    uint32_t uid;
    str label; /* heap; p NULL: none */
    size_t at, n;
    uint64_t octets;
    struct crlf_cursor cursor;
};

struct login;   /* login.h: before the login only */
struct notify;  /* notify.h */
struct shared;  /* shared.h */
struct context; /* contexts.h: searches that are kept up to date */

struct session {
    struct io *io;
    struct channel *control; /* front; NULL in some tests */
    struct log *log;
    struct arena *arena;
    struct buf command; /* lines and literals of the command being read */
    enum phase phase;
    unsigned enabled; /* enum enabled, together */
    bool tls, can_starttls;
    bool can_bind;                /* auth is given channel binding data */
    bool has_certificate;         /* front vouches for a client certificate */
    bool tokens;                  /* OAuth is offered */
    bool loopback, plain_allowed; /* plain_allowed: by configuration */
    bool in_command;
    bool compressed;
    bool notify_selected, notify_delays; /* of the selected mailbox: notify.h */
    struct notify *notify;               /* NULL: not asked for */
    unsigned bad;                        /* BAD answers in a row */
    deadline login_by;
    int64_t idle_ms;
    struct login *login;
    struct store *store;   /* of the mailbox that is selected, else the user's own: shared.h */
    struct store *asked;   /* by the command that runs, when it took a name; or NULL */
    struct shared *shared; /* NULL: there are no other users' mailboxes */
    char user[256];
    struct buf mailbox; /* name of the one that is selected */
    struct seen_section seen;
    str tag;                   /* of the command that runs */
    deadline progress_at;      /* when the next word about a long command is due */
    struct store_range *saved; /* saved.h: UIDs that "$" stands for; heap */
    size_t n_saved;
    struct context *contexts;
};

enum reply_kind {
    REPLY_OK,
    REPLY_NO,
    REPLY_BAD,
    REPLY_DONE, /* nothing is to be written: the connection was passed on or is lost */
};
struct reply {
    enum reply_kind kind;
    str code; /* without brackets: "READ-ONLY"; or empty */
    str text;
    bool closing; /* hang up afterwards */
};
struct reply reply_ok(const char *text);
struct reply reply_no(const char *code, const char *text); /* code may be NULL */
struct reply reply_bad(err e);                             /* of the grammar: its static text */
/* RFC 9586 3: after ENABLE UIDONLY message numbers are no more. */
struct reply reply_uid_required(void);
/* What a failed call to the store means to the client. `code`: for NOTFOUND, "TRYCREATE" or NULL.
 */
struct reply reply_store(struct session *s, err e, const char *missing_code);
/* An error on the client's connection: ends the session without a word. */
struct reply reply_lost(struct session *s);

struct command {
    str name;
    unsigned phases; /* enum phase, together: where it is legal */
    bool uid;        /* "UID name" exists */
    bool numbers;    /* without UID it speaks in message numbers, which RFC 9586 takes away */
    /* Untagged updates before the answer. KEEP_GONE: no EXPUNGE, unless it is the UID form. */
    enum { NEWS_NONE, NEWS_KEEP_GONE, NEWS_ALL } news;
    struct reply (*run)(struct session *s, const struct imap_head *head, struct imap_reader *args);
};
const struct command *command_find(const struct imap_head *head);

struct session *session_new(struct io *io, struct channel *control);
void session_free(struct session *s);
/* Until logout, hand-over or loss of the connection. */
void session_run(struct session *s);

/* Untagged "* text". Lost connections show at the next read or flush. */
void say(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_bytes(struct session *s, str bytes);
err session_flush(struct session *s);
void session_bye(struct session *s, const char *text); /* "* BYE text", and the end */
/* Waits until the client, or the mailbox if asked, has something. Gives memory back when it
 * takes long. ERR_TIMEOUT, ERR_CLOSED (front wants an end: BYE was said). */
enum session_wait { WAIT_CLIENT, WAIT_CLIENT_OR_NEWS };
enum session_ready { READY_CLIENT = 1, READY_NEWS = 2 };
err session_wait(struct session *s, enum session_wait what, deadline by, unsigned *ret_ready);
deadline session_deadline(const struct session *s);
void session_forget_section(struct session *s);
/* A long command is at `done` of `total`: says so now and then (RFC 9585). */
void session_progress(struct session *s, size_t done, size_t total);
void session_note(struct session *s, enum session_note_kind kind); /* tells front */
/* CAPABILITY's words for the present phase. */
void capability_write(const struct session *s, struct buf *b);
