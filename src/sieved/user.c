/* SPDX-License-Identifier: ISC */
#include "sieved/user.h"

#include "ipc/session.h"
#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"
#include "sieve/sieve.h"
#include "sieved/scripts.h"
#include "sieved/talk.h"

enum {
    ARENA_MAX = 128 << 20,
    ANSWER_MAX = 4 << 20,
    ERRORS_MAX = 50,
    PROBLEMS_TEXT_MAX = 32 * 1024
};

struct user {
    struct talk talk;
    struct scripts scripts;
    const struct sieved_facts *facts;
    struct arena *arena; /* of one command */
    struct log *log;
    str name;
    unsigned errors;
    bool over;
};

static err say(struct user *u, const char *word, const char *code, const char *text)
{
    return talk_say(&u->talk, word, code, str_from(text));
}

static err syntax_error(struct user *u)
{
    u->over |= ++u->errors >= ERRORS_MAX;
    return say(u, u->over ? "BYE" : "NO", "", "the command is not understood");
}

static err say_failure(struct user *u, err e, const char *code)
{
    switch (e.kind) {
    case ERR_NOTFOUND:
        return say(u, "NO", "NONEXISTENT", "there is no script of that name");
    case ERR_LIMIT:
        return say(u, "NO", code, err_text(e));
    case ERR_DENIED:
        return say(u, "NO", code, err_text(e));
    default:
        log_event(u->log, EV_COMMAND_FAILED, F_ERR(e));
        return say(u, "NO", "TRYLATER", err_text(e));
    }
}

static void tell(struct user *u, const char *what, str script)
{
    log_event(u->log, EV_SIEVE_SCRIPT, F_STR("what", str_from(what)), F_STR("script", script));
}

/* One name and no more. False: answered. */
static bool take_name(struct user *u, str *rest, bool may_be_empty, str *ret, err *ret_said)
{
    if (!managesieve_string(rest, u->arena, ret)) {
        *ret_said = syntax_error(u);
        return false;
    }
    if ((!ret->n && may_be_empty) || sieve_script_name_is_valid(*ret))
        return true;
    *ret_said = say(u, "NO", "", "that is no name of a script");
    return false;
}

static bool take_last_name(struct user *u, str rest, bool may_be_empty, str *ret, err *ret_said)
{
    if (!take_name(u, &rest, may_be_empty, ret, ret_said))
        return false;
    if (managesieve_end(rest))
        return true;
    *ret_said = syntax_error(u);
    return false;
}

/* ---- what PUTSCRIPT and CHECKSCRIPT say of a script (RFC 5804 2.6, 2.12) ---- */

/* False: it has errors, and was answered. *ret_warnings: text, or empty. */
static bool check(struct user *u, str text, str *ret_warnings, err *ret_said)
{
    struct sieve_problems problems = {0};
    auto_buf struct buf b;
    buf_init(&b, PROBLEMS_TEXT_MAX);
    struct sieve_script *s = sieve_compile(text, u->arena, &problems);
    for (size_t i = 0; i < problems.n; i++) {
        buf_add(&b, i ? S("\r\n") : S(""));
        sieve_problem_write(&b, &problems.at[i], SIEVE_ENGLISH);
    }
    *ret_warnings = arena_copy(u->arena, buf_str(&b));
    sieve_script_done(s);
    if (s)
        return true;
    *ret_said = talk_say(&u->talk, "NO", "", *ret_warnings);
    return false;
}

static err say_ok(struct user *u, str warnings)
{
    if (warnings.n)
        return talk_say(&u->talk, "OK", "WARNINGS", warnings);
    return say(u, "OK", "", "done");
}

/* ---- commands ---- */

static err cmd_putscript(struct user *u, str rest)
{
    str name, text, warnings;
    err said;
    const char *code = "";
    if (!take_name(u, &rest, false, &name, &said))
        return said;
    if (!managesieve_string(&rest, u->arena, &text) || !managesieve_end(rest))
        return syntax_error(u);
    if (!check(u, text, &warnings, &said))
        return said;
    err e = scripts_put(&u->scripts, u->arena, name, text, &code);
    if (failed(e))
        return say_failure(u, e, code);
    tell(u, "stored", name);
    return say_ok(u, warnings);
}

static err cmd_checkscript(struct user *u, str rest)
{
    str text, warnings;
    err said;
    if (!managesieve_string(&rest, u->arena, &text) || !managesieve_end(rest))
        return syntax_error(u);
    return check(u, text, &warnings, &said) ? say_ok(u, warnings) : said;
}

static err cmd_havespace(struct user *u, str rest)
{
    str name;
    uint64_t size;
    err said;
    const char *code = "";
    if (!take_name(u, &rest, false, &name, &said))
        return said;
    if (!managesieve_number(&rest, &size) || !managesieve_end(rest))
        return syntax_error(u);
    err e = scripts_room(&u->scripts, u->arena, name, size, &code);
    return failed(e) ? say_failure(u, e, code) : say(u, "OK", "", "there is room");
}

static err cmd_listscripts(struct user *u, str rest)
{
    struct script_entry *at;
    size_t n;
    if (!managesieve_end(rest))
        return syntax_error(u);
    err e = scripts_list(&u->scripts, u->arena, &at, &n);
    if (failed(e))
        return say_failure(u, e, "");
    str active = scripts_active(&u->scripts, u->arena);
    auto_buf struct buf b;
    buf_init(&b, ANSWER_MAX);
    for (size_t i = 0; i < n; i++) {
        managesieve_write(&b, at[i].name);
        buf_add(&b, str_eq(at[i].name, active) ? S(" ACTIVE\r\n") : S("\r\n"));
    }
    e = io_write(u->talk.io, buf_str(&b));
    return failed(e) ? e : say(u, "OK", "", "that is all");
}

static err cmd_getscript(struct user *u, str rest)
{
    str name, text;
    err said;
    if (!take_last_name(u, rest, false, &name, &said))
        return said;
    err e = scripts_get(&u->scripts, u->arena, name, &text);
    if (failed(e))
        return say_failure(u, e, "");
    e = io_writef(u->talk.io, "{%zu}\r\n", text.n);
    if (!failed(e))
        e = io_write(u->talk.io, text);
    if (!failed(e))
        e = io_write(u->talk.io, S("\r\n"));
    return failed(e) ? e : say(u, "OK", "", "that is it");
}

static err cmd_setactive(struct user *u, str rest)
{
    str name;
    err said;
    if (!take_last_name(u, rest, true, &name, &said))
        return said;
    err e = scripts_activate(&u->scripts, u->arena, name);
    if (failed(e))
        return say_failure(u, e, "");
    tell(u, name.n ? "switched on" : "switched off", name);
    return say(u, "OK", "", name.n ? "it is in force" : "no script is in force");
}

static err cmd_deletescript(struct user *u, str rest)
{
    str name;
    err said;
    if (!take_last_name(u, rest, false, &name, &said))
        return said;
    err e = scripts_delete(&u->scripts, u->arena, name);
    if (failed(e))
        return say_failure(u, e, "ACTIVE");
    tell(u, "removed", name);
    return say(u, "OK", "", "removed");
}

static err cmd_renamescript(struct user *u, str rest)
{
    str from, to;
    err said;
    if (!take_name(u, &rest, false, &from, &said) || !take_last_name(u, rest, false, &to, &said))
        return said;
    err e = scripts_rename(&u->scripts, u->arena, from, to);
    if (failed(e))
        return say_failure(u, e, "ALREADYEXISTS");
    tell(u, "renamed", to);
    return say(u, "OK", "", "renamed");
}

static err cmd_capability(struct user *u, str rest)
{
    if (!managesieve_end(rest))
        return syntax_error(u);
    err e = talk_capabilities(&u->talk, S(""), false, u->name, u->facts->max_redirects);
    return failed(e) ? e : say(u, "OK", "", "that is all");
}

static err cmd_noop(struct user *u, str rest)
{
    str tag;
    auto_buf struct buf code;
    if (managesieve_end(rest))
        return say(u, "OK", "", "done");
    if (!managesieve_string(&rest, u->arena, &tag) || !managesieve_end(rest))
        return syntax_error(u);
    buf_init(&code, ANSWER_MAX);
    buf_add(&code, S("TAG "));
    managesieve_write(&code, tag);
    return say(u, "OK", arena_cstr(u->arena, buf_str(&code)), "done");
}

static err cmd_logout(struct user *u, str rest)
{
    (void)rest;
    u->over = true;
    return say(u, "OK", "", "goodbye");
}

static err cmd_too_late(struct user *u, str rest)
{
    (void)rest;
    return say(u, "NO", "", "you are logged in already");
}

/* ---- the session ---- */

static err run_command(struct user *u)
{
    static err (*const table[MANAGESIEVE_VERB_COUNT])(struct user *, str) = {
        [MANAGESIEVE_AUTHENTICATE] = cmd_too_late,
        [MANAGESIEVE_CAPABILITY] = cmd_capability,
        [MANAGESIEVE_CHECKSCRIPT] = cmd_checkscript,
        [MANAGESIEVE_DELETESCRIPT] = cmd_deletescript,
        [MANAGESIEVE_GETSCRIPT] = cmd_getscript,
        [MANAGESIEVE_HAVESPACE] = cmd_havespace,
        [MANAGESIEVE_LISTSCRIPTS] = cmd_listscripts,
        [MANAGESIEVE_LOGOUT] = cmd_logout,
        [MANAGESIEVE_NOOP] = cmd_noop,
        [MANAGESIEVE_PUTSCRIPT] = cmd_putscript,
        [MANAGESIEVE_RENAMESCRIPT] = cmd_renamescript,
        [MANAGESIEVE_SETACTIVE] = cmd_setactive,
        [MANAGESIEVE_STARTTLS] = cmd_too_late,
    };
    str rest = buf_str(&u->talk.command);
    enum managesieve_verb v = managesieve_verb(&rest);
    return table[v] ? table[v](u, rest) : syntax_error(u);
}

static err run_one(struct user *u)
{
    enum talk_read what;
    err e = talk_read(&u->talk, deadline_in_ms(u->facts->timeout_ms), &what);
    if (failed(e))
        return e;
    arena_reset(u->arena);
    if (what == TALK_COMMAND)
        return run_command(u);
    u->over |= what == TALK_OUT_OF_STEP || ++u->errors >= ERRORS_MAX;
    return say(u, u->over ? "BYE" : "NO", "QUOTA/MAXSIZE", "that is too long");
}

static err serve(struct user *u, str answer)
{
    err e = io_write(u->talk.io, answer);
    while (!failed(e) && !u->over) {
        e = talk_flush(&u->talk, u->facts->timeout_ms);
        if (!failed(e))
            e = run_one(u);
    }
    return failed(e) ? e : io_flush(u->talk.io, deadline_in_ms(u->facts->timeout_ms));
}

static struct log *describe(const struct init_session *m)
{
    struct session_start start;
    struct log *log = log_new(NULL);
    err e = ipc_decode(&session_start_schema, m->start, &start);
    if (!failed(e)) {
        log_set(log, "sid", start.sid);
        log_set(log, "peer", start.peer_ip);
    }
    log_set(log, "user", m->user);
    return log;
}

err user_run(const struct sieved_facts *facts, int home)
{
    struct init_session m;
    struct boot *b = facts->boot;
    err e = ipc_decode(&init_session_schema, b->session.bytes, &m);
    if (failed(e))
        return e;
    if (b->session.n_fds != 2)
        return err_new(ERR_SYNTAX, "init sent other descriptors than expected");
    int data = fd_take(&b->session.fds[0]);
    struct channel *control = channel_new(fd_take(&b->session.fds[1])); /* held: front watches it */
    struct user u = {.talk = {.io = io_new(data, data), .literal_max = SIEVE_SCRIPT_MAX},
                     .scripts = {home, facts->max_scripts, facts->max_bytes},
                     .facts = facts,
                     .arena = arena_new("command", ARENA_MAX),
                     .log = describe(&m),
                     .name = m.user};
    io_leash(u.talk.io, channel_fd(control));
    io_unread(u.talk.io, m.input);
    io_set_write_timeout(u.talk.io, facts->timeout_ms);
    e = serve(&u, m.answer);
    buf_done(&u.talk.command);
    io_free(u.talk.io);
    channel_free(control);
    log_free(u.log);
    arena_free(u.arena);
    fd_close(home);
    /* A client that goes away or falls silent ends its session, no more. */
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? OK_ERR : e;
}
