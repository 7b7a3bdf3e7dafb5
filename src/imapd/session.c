/* SPDX-License-Identifier: ISC */
/* How it works: session_run() collects a command (collect.h), finds it in the table
 * (commands.c), checks the phase, runs it, lets the mailbox's news out where the table permits,
 * and writes the tagged answer. Output is flushed when no further input waits, so pipelined
 * commands share packets. */
#include "imapd/session.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "imapd/collect.h"
#include "imapd/contexts.h"
#include "imapd/notify.h"
#include "imapd/saved.h"
#include "imapd/shared.h"
#include "imapd/sync.h"
#include "os/clock.h"
#include "wire/imap_write.h"
#include "os/poll.h"

struct reply reply_ok(const char *text)
{
    return (struct reply){.kind = REPLY_OK, .text = str_from(text)};
}

struct reply reply_no(const char *code, const char *text)
{
    return (struct reply){.kind = REPLY_NO, .code = str_from(code), .text = str_from(text)};
}

struct reply reply_bad(err e)
{
    return (struct reply){.kind = REPLY_BAD, .text = str_from(e.what)};
}

struct reply reply_lost(struct session *s)
{
    s->phase = PHASE_END;
    return (struct reply){.kind = REPLY_DONE};
}

struct reply reply_uid_required(void)
{
    return (struct reply){.kind = REPLY_BAD,
                          .code = S("UIDREQUIRED"),
                          .text = S("Message numbers are not used in this session")};
}

/* RFC 5530 gives the codes. */
struct reply reply_store(struct session *s, err e, const char *missing_code)
{
    const char *code = NULL;
    switch (e.kind) {
    case ERR_NOTFOUND:
        code = missing_code != NULL ? missing_code : "NONEXISTENT";
        break;
    case ERR_SYNTAX: /* a name that no mailbox can have */
        code = "CANNOT";
        break;
    case ERR_DENIED:
        code = e.sys == EEXIST ? "ALREADYEXISTS" : e.sys == EACCES ? "NOPERM" : "CANNOT";
        break;
    case ERR_LIMIT:
        code = e.sys == EDQUOT ? "OVERQUOTA" : "LIMIT";
        break;
    case ERR_TEMP:
    case ERR_SYS:
        code = "UNAVAILABLE";
        break;
    case ERR_CLOSED:
    case ERR_TIMEOUT:
        if (shared_forget_broken(s))
            return reply_no("UNAVAILABLE", "That mailbox cannot be reached now");
        session_bye(s, "The mail store does not answer; try again later");
        return (struct reply){.kind = REPLY_DONE};
    default:
        break;
    }
    bool told = strcmp(e.what, "mail store") == 0 || s->shared == NULL;
    str why = told ? store_reason(s->asked != NULL ? s->asked : s->store) : str_from(e.what);
    struct reply r = reply_no(code, "The mail store refused");
    if (why.n > 0)
        r.text = arena_copy(s->arena, why);
    return r;
}

struct session *session_new(struct io *io, struct channel *control)
{
    struct session *s = mem_alloc("session", sizeof *s);
    *s = (struct session){
        .io = io, .control = control, .phase = PHASE_LOGIN, .idle_ms = SESSION_IDLE_MS};
    s->arena = arena_new("command", SESSION_ARENA_MAX);
    s->login_by = deadline_in_ms(SESSION_LOGIN_MS);
    buf_init(&s->command, IMAP_COMMAND_MAX);
    buf_init(&s->mailbox, IMAP_MAILBOX_MAX);
    io_set_write_timeout(io, SESSION_WRITE_MS);
    io_leash(io, control ? channel_fd(control) : -1);
    return s;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    notify_forget(s);
    session_forget_section(s);
    saved_forget(s);
    contexts_forget(s);
    buf_done(&s->command);
    buf_done(&s->mailbox);
    arena_free(s->arena);
    store_free(shared_own(s));
    shared_free(s->shared);
    log_free(s->log);
    channel_free(s->control);
    io_free(s->io);
    free(s);
}

void say_bytes(struct session *s, str bytes)
{
    if (s->phase == PHASE_END)
        return;
    err e = io_write(s->io, bytes);
    if (failed(e))
        s->phase = PHASE_END;
}

void say(struct session *s, const char *fmt, ...)
{
    if (s->phase == PHASE_END)
        return;
    va_list ap;
    va_start(ap, fmt);
    char line[512];
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    /* Only short lines of our own are said this way. */
    if (n > 0 && (size_t)n < sizeof line)
        say_bytes(s, str_of(line, (size_t)n));
}

err session_flush(struct session *s)
{
    err e = io_flush(s->io, deadline_in_ms(SESSION_WRITE_MS));
    if (failed(e))
        s->phase = PHASE_END;
    return e;
}

void session_bye(struct session *s, const char *text)
{
    say(s, "* BYE %s.\r\n", text);
    s->phase = PHASE_END;
    (void)io_flush(s->io, deadline_in_ms(SESSION_WRITE_MS)); /* it ends anyway */
}

void session_forget_section(struct session *s)
{
    free((void *)(uintptr_t)s->seen.label.p);
    s->seen = (struct seen_section){0};
}

void session_progress(struct session *s, size_t done, size_t total)
{
    if (deadline_left_ms(s->progress_at) > 0 || s->phase == PHASE_END)
        return;
    s->progress_at = deadline_in_ms(SESSION_PROGRESS_MS);
    say_bytes(s, S("* OK [INPROGRESS (\""));
    say_bytes(s, s->tag);
    say(s, "\" %zu %zu)] Still at it.\r\n", done, total);
    (void)session_flush(s); /* a lost connection shows in the phase */
}

deadline session_deadline(const struct session *s)
{
    return s->phase == PHASE_LOGIN ? s->login_by : deadline_in_ms(s->idle_ms);
}

void session_note(struct session *s, enum session_note_kind kind)
{
    struct session_note note = {.kind = (uint32_t)kind};
    if (s->control == NULL)
        return;
    /* Front's ledger is better with it, and does without it. */
    (void)channel_try_send(s->control, &session_note_schema, 0, &note, NULL, 0);
}

/* ---- waiting ---- */

/* A session that idles should cost next to nothing: everything that can be built again goes. */
static void become_small(struct session *s)
{
    io_idle(s->io);
    session_forget_section(s);
    if (!s->in_command) { /* IDLE waits too, and has a tag to answer to */
        buf_done(&s->command);
        arena_reset(s->arena);
    }
    malloc_trim(0);
}

/* Front says nothing but "the house closes"; its end of the channel closing means the same. */
static err heed_front(struct session *s)
{
    struct packet p;
    err e = channel_try_recv(s->control, &p);
    if (e.kind == ERR_TEMP || (!failed(e) && p.type != IPC_SESSION_DRAIN))
        return OK_ERR;
    session_bye(s, "The server is going down");
    return err_new(ERR_CLOSED, "front asks for an end");
}

static err wait_once(struct session *s, enum session_wait what, deadline by, unsigned *ret_ready)
{
    struct pollfd fds[4] = {{.fd = io_fd(s->io), .events = POLLIN},
                            {.fd = s->control ? channel_fd(s->control) : -1, .events = POLLIN},
                            {.fd = -1, .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};
    if (what == WAIT_CLIENT_OR_NEWS && s->store != NULL)
        fds[2].fd = store_fd(s->store);
    if (what == WAIT_CLIENT_OR_NEWS && s->notify != NULL && s->store != shared_own(s))
        fds[3].fd = store_fd(shared_own(s));
    err e = poll_until(fds, 4, by);
    if (failed(e))
        return e;
    if (fds[1].revents) {
        e = heed_front(s);
        if (failed(e))
            return e;
    }
    *ret_ready =
        (fds[0].revents ? READY_CLIENT : 0u) | (fds[2].revents || fds[3].revents ? READY_NEWS : 0u);
    return OK_ERR;
}

err session_wait(struct session *s, enum session_wait what, deadline by, unsigned *ret_ready)
{
    *ret_ready = READY_CLIENT;
    err e = io_pump(s->io);
    if (failed(e))
        return e;
    str have = io_peek(s->io);
    if (have.n >
        0) /* half a command may be all for now: what was said must not wait for the rest */
        return str_find(have, '\n') >= 0 ? OK_ERR : session_flush(s);
    *ret_ready = 0;
    e = session_flush(s);
    if (failed(e))
        return e;
    deadline soon = deadline_in_ms(SESSION_SMALL_AFTER_MS);
    bool small = false;
    while (*ret_ready == 0) {
        deadline until = small || soon.at_ms > by.at_ms ? by : soon;
        e = wait_once(s, what, until, ret_ready);
        if (e.kind == ERR_TIMEOUT && !small && until.at_ms != by.at_ms) {
            become_small(s);
            small = true;
        } else if (failed(e)) {
            return e;
        }
    }
    return OK_ERR;
}

/* ---- the loop ---- */

static void write_reply(struct session *s, str tag, const struct reply *r)
{
    static const str words[] = {
        [REPLY_OK] = S("OK "), [REPLY_NO] = S("NO "), [REPLY_BAD] = S("BAD ")};
    if (r->kind == REPLY_DONE)
        return;
    auto_buf struct buf b;
    buf_init(&b, IMAP_COMMAND_MAX * 2);
    buf_add(&b, tag.n > 0 ? tag : S("*"));
    buf_addc(&b, ' ');
    buf_add(&b, words[r->kind]);
    if (r->code.n > 0) {
        buf_addc(&b, '[');
        buf_add(&b, r->code);
        buf_add(&b, S("] "));
    }
    imap_write_text(&b, r->text);
    buf_add(&b, str_ends(r->text, S(".")) ? S("\r\n") : S(".\r\n"));
    say_bytes(s, buf_str(&b));
}

static struct reply run_command(struct session *s, const struct imap_head *head,
                                struct imap_reader *args)
{
    const struct command *c = command_find(head);
    if (c == NULL)
        return (struct reply){.kind = REPLY_BAD, .text = S("Unknown command")};
    if (!(c->phases & (unsigned)s->phase))
        return (struct reply){.kind = REPLY_BAD,
                              .text = s->phase == PHASE_LOGIN    ? S("Please log in first")
                                      : c->phases == PHASE_LOGIN ? S("You are logged in")
                                      : c->phases == (int)PHASE_SELECTED
                                          ? S("No mailbox is selected")
                                          : S("Not now")};
    if (c->numbers && !head->uid && (s->enabled & ENABLED_UIDONLY))
        return reply_uid_required();
    s->tag = head->tag;
    s->asked = NULL;
    s->progress_at = deadline_in_ms(SESSION_PROGRESS_MS);
    struct reply r = c->run(s, head, args);
    if (s->phase == PHASE_SELECTED && r.kind != REPLY_DONE && c->news != NEWS_NONE)
        sync_say(s, c->news == NEWS_ALL || head->uid ? STORE_SYNC_ALL : STORE_SYNC_KEEP_GONE,
                 head->uid ? SYNC_WITH_UID : 0);
    return r;
}

static void note_failure(struct session *s, const struct imap_head *head, const struct reply *r)
{
    if (r->kind == REPLY_OK || r->kind == REPLY_DONE) {
        s->bad = 0;
        return;
    }
    log_event(s->log, EV_COMMAND_FAILED, F_STR("verb", str_slice(head->verb, 0, 32)),
              F_STR("reason", r->text));
    if (r->kind == REPLY_BAD && ++s->bad >= SESSION_BAD_MAX) {
        session_note(s, NOTE_ABUSE);
        session_bye(s, "Too many bad commands");
    }
}

/* A browser made to talk to us must not get past its request line. */
static bool is_other_protocol(str text)
{
    static const str verbs[] = {S("GET "), S("POST "), S("HEAD "), S("PUT "), S("OPTIONS ")};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (str_starts(text, verbs[i]) && str_find_str(text, S(" HTTP/")) > 0)
            return true;
    return false;
}

static void answer(struct session *s)
{
    struct imap_reader r = {.rest = buf_str(&s->command), .arena = s->arena};
    struct imap_head head;
    if (s->phase == PHASE_LOGIN && is_other_protocol(r.rest)) {
        session_note(s, NOTE_ABUSE);
        session_bye(s, "This is a mail server");
        return;
    }
    err e = imap_head_read(&r, &head);
    s->in_command = true;
    struct reply reply = failed(e) ? reply_bad(e) : run_command(s, &head, &r);
    s->in_command = false;
    write_reply(s, head.tag, &reply);
    note_failure(s, &head, &reply);
    if (reply.closing) {
        (void)session_flush(s); /* it ends anyway */
        s->phase = PHASE_END;
    }
}

static void collect_failed(struct session *s, err e)
{
    if (e.kind == ERR_TIMEOUT)
        session_bye(s, s->phase == PHASE_LOGIN ? "You took too long to log in"
                                               : "You were silent for too long");
    s->phase = PHASE_END;
}

/* RFC 5465: between commands there may be something to say, too. */
static err await_command(struct session *s)
{
    deadline by = session_deadline(s);
    /* What came while a command ran wakes nobody any more. */
    bool late = s->notify != NULL && io_peek(s->io).n == 0;
    if (late && (store_has_news(s->store) || store_has_news(shared_own(s)) ||
                 store_has_notices(shared_own(s))))
        notify_say(s);
    for (;;) {
        unsigned ready;
        err e = session_wait(s, s->notify != NULL ? WAIT_CLIENT_OR_NEWS : WAIT_CLIENT, by, &ready);
        if (failed(e) || (ready & READY_CLIENT))
            return e;
        notify_say(s);
        arena_reset(s->arena);
        if (s->phase == PHASE_END)
            return err_new(ERR_CLOSED, "the session ended");
    }
}

void session_run(struct session *s)
{
    while (s->phase != PHASE_END) {
        err e = await_command(s);
        struct collected got = {0};
        if (!failed(e))
            e = collect_command(s, &got);
        if (failed(e)) {
            collect_failed(s, e);
        } else if (got.whole) {
            answer(s);
        } else {
            struct imap_head nobody = {.tag = got.tag};
            write_reply(s, got.tag, &got.reply);
            note_failure(s, &nobody, &got.reply);
        }
        if (s->command.cap > SESSION_KEEP_BYTES)
            buf_done(&s->command);
        buf_reset(&s->command);
        arena_reset(s->arena);
    }
}
