/* SPDX-License-Identifier: ISC */
#include "ctl/gate.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypt/password.h"
#include "ctl/programs.h"
#include "ctl/submit.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "people/passwd.h"

/* Who asks. Root is the administrator and may speak for anybody; others are who they are. */
static int find_actor(struct gate *g, str by)
{
    struct passwd_db *db;
    struct person p;
    if (geteuid() == 0 && getuid() == 0) {
        g->actor = by.n ? by : S("gate");
        return CTL_OK;
    }
    err e = passwd_open(g->ctl->root_dir, &db);
    if (failed(e))
        return ctl_fail_err(g->ctl, "cannot tell who you are", e);
    e = passwd_find_uid(db, getuid(), g->ctl->arena, &p);
    passwd_free(db);
    if (failed(e))
        return ctl_fail_err(g->ctl, "cannot tell who you are", e);
    if (by.n && !str_eq(by, p.name))
        return ctl_fail(g->ctl, CTL_PERMANENT, "only root speaks for others");
    g->actor = p.name;
    return CTL_OK;
}

static err read_site(struct gate *g)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    err e = site_collect(g->ctl->root_dir, false, &archive);
    if (failed(e))
        return e;
    return site_parse(arena_copy(g->ctl->arena, buf_str(&archive)), g->ctl->arena, &g->site);
}

int gate_open(struct ctl *c, str by, struct gate *ret)
{
    struct gate g = {.ctl = c};
    str where = S("");
    int code = find_actor(&g, by);
    if (code)
        return code;
    err e = read_site(&g);
    if (failed(e))
        return ctl_fail_err(c, "cannot read the configuration", e);
    *ret = g; /* what the registry keeps pointers to stays in place */
    e = gate_settings_load(c->root_dir, c->arena, &ret->settings, &where);
    if (failed(e))
        return ctl_fail(c, CTL_PERMANENT, "%.*s: %s", STR_ARG(where), err_text(e));
    str host = ret->site.defaulthost.n ? ret->site.defaulthost : ret->site.me;
    str admin = ret->settings.admin;
    struct registry_post post = {
        .host = host,
        .admin = str_find(admin, '@') >= 0
                     ? admin
                     : arena_printf(c->arena, "%.*s@%.*s", STR_ARG(admin), STR_ARG(host)),
    };
    e = registry_open(c->root_dir, &ret->settings, &post, &ret->registry);
    if (failed(e))
        return ctl_fail_err(c, "cannot open the registrations", e);
    return CTL_OK;
}

static err send_letter(void *ctx, str recipient, str message)
{
    struct gate *g = ctx;
    struct envelope env;
    struct submit_outcome done;
    envelope_init(&env, S("")); /* the bounce of such a letter would help nobody */
    envelope_add(&env, recipient);
    queue_submit(g->ctl, &env, message, &done);
    envelope_done(&env);
    if (done.code == 0)
        return OK_ERR;
    if (done.text[0] == 'D') { /* this one will never leave; the next may */
        (void)ctl_fail(g->ctl, 0, "a letter to %.*s: %s", STR_ARG(recipient), done.text + 1);
        return OK_ERR;
    }
    return err_new(ERR_TEMP, "the queue does not take letters now");
}

int gate_close(struct gate *g, int code)
{
    if (!g->registry)
        return code;
    err e = registry_flush(g->registry, send_letter, g);
    if (failed(e))
        (void)ctl_fail(g->ctl, 0, "letters wait for the next run: %s", err_text(e));
    registry_close(g->registry);
    g->registry = NULL;
    return code;
}

int gate_program(struct ctl *c, const char *const *words, size_t n)
{
    const char *argv[32] = {"twinpost-gate", "--root", c->root};
    size_t k = 3;
    for (size_t i = 0; i < n && k < 31; i++)
        argv[k++] = words[i];
    const char *fault_file = getenv("TWP_FAULT_FILE"); /* os/fault.h: crash tests */
    const char *env[3] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL, NULL};
    if (fault_file)
        env[1] = arena_printf(c->arena, "TWP_FAULT_FILE=%s", fault_file).p;
    struct child_fd fds[] = {{0, 0}, {1, 1}, {2, 2}};
    struct child_spec spec = {
        .path = program_of_house(c, "gate"), .argv = argv, .envp = env, .fds = fds, .n_fds = 3};
    pid_t pid;
    int status = 0;
    err e = child_start(&spec, &pid);
    if (!failed(e))
        e = child_wait(pid, DEADLINE_NEVER, &status);
    if (failed(e))
        return ctl_fail_err(c, "cannot run twinpost-gate", e);
    return WIFEXITED(status) ? WEXITSTATUS(status) : CTL_TEMPORARY;
}

bool gate_word(const char *text, struct arena *a, struct card *card)
{
    str w = str_from(text), name, value;
    enum card_key key;
    (void)str_skip(&w, S("--"));
    if (!str_cut(w, '=', &name, &value) || !card_key_find(name, &key))
        return false;
    if (card->at[key].p && key == CARD_AUTHORIZED_KEYS)
        card->at[key] = arena_printf(a, "%.*s\n%.*s", STR_ARG(card->at[key]), STR_ARG(value));
    else
        card->at[key] = arena_copy(a, value);
    return true;
}

int gate_act(struct gate *g, const struct reg_act *act, struct card *ret_card)
{
    enum card_key key;
    err e = registry_act(g->registry, act, g->ctl->arena, ret_card, &key);
    if (!failed(e))
        return CTL_OK;
    int code = e.kind == ERR_TEMP || e.kind == ERR_SYS ? CTL_TEMPORARY : CTL_PERMANENT;
    if (key < CARD_KEYS)
        return ctl_fail(g->ctl, code, "%s: %s", card_key_name(key), err_text(e));
    return ctl_fail(g->ctl, code, "%s", err_text(e));
}

err gate_password(struct arena *a, str *ret_password, str *ret_hash)
{
    /* Without what looks alike: 32 characters, 5 bits each, 14 of them. */
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t bytes[14];
    char text[sizeof bytes];
    auto_buf struct buf hash;
    buf_init(&hash, PASSWORD_STORED_MAX);
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        text[i] = letters[bytes[i] % 32];
    *ret_password = arena_copy(a, str_of(text, sizeof text));
    err e = password_make(PASSWORD_YESCRYPT, *ret_password, &hash);
    if (!failed(e))
        *ret_hash = arena_copy(a, buf_str(&hash));
    return e;
}
