/* SPDX-License-Identifier: ISC */
/* ctl/cmd_move.c -- `twinpost import` and `twinpost export`. */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "crypt/secret.h"
#include "ctl/ctl.h"
#include "ctl/mailbox.h"
#include "ctl/progress.h"
#include "ctl/typed.h"
#include "moving/moving.h"
#include "os/file.h"

#define NOTES "var/lib/twinpost/moving"

enum { EXPORT_FOLDERS_MAX = 1000, CONNECT_MS = 30000, SERVER_MS = 120000, PORTS = 65535 };

struct move {
    struct ctl *c;
    struct progress bar;
    struct store *store;
    struct moving_result result;
    /* import */
    const char *user, *place, *password_file;
    bool list, any_certificate;
    struct import_options import;
    struct imap_client *client;
    struct imap_client_options server;
    char password[TYPED_MAX];
    /* export */
    struct export_options export;
    str folders[EXPORT_FOLDERS_MAX];
};

static void on_progress(void *ctx, str folder, size_t done, size_t total)
{
    struct move *m = ctx;
    progress_show(&m->bar, folder, done, total);
}

static void on_problem(void *ctx, str folder, str key, const char *why)
{
    struct move *m = ctx;
    progress_clear(&m->bar);
    if (key.n)
        (void)ctl_fail(m->c, 0, "%.*s: message %.*s: %s", STR_ARG(folder), STR_ARG(key), why);
    else
        (void)ctl_fail(m->c, 0, "folder %.*s: %s", STR_ARG(folder), why);
}

static int finish(struct move *m, const char *doing, err e)
{
    const struct moving_result *r = &m->result;
    progress_end(&m->bar);
    bool ja = m->c->japanese;
    (void)ctl_print(
        m->c, arena_printf(m->c->arena,
                           ja ? "%zu フォルダ: %zu 通を移し、%zu 通は既にあり、問題は %zu 件\n"
                              : "%zu folders: %zu messages moved, %zu were there already, "
                                "%zu problems\n",
                           r->folders, r->moved, r->before, r->problems));
    if (failed(e)) {
        (void)ctl_fail(m->c, 0,
                       ja ? "途中で止まりました。同じコマンドで続きから始まります"
                          : "it stopped before the end; the same command goes on from there");
        if (r->why.n)
            return ctl_fail(m->c, CTL_TEMPORARY, "%s: %.*s", doing, STR_ARG(r->why));
        return ctl_fail_err(m->c, doing, e);
    }
    return r->problems ? CTL_FOUND : CTL_OK;
}

/* ---- where from ---- */

/* imap://LOGIN@HOST[:PORT]; the login may hold an '@' itself. */
static bool split_url(struct move *m, str *ret_host, uint16_t *ret_port)
{
    str rest = str_from(m->place);
    uint64_t port = 0;
    if (str_skip(&rest, S("imaps://")))
        m->server.tls = IMAP_CLIENT_TLS;
    else if (str_skip(&rest, S("imap://")))
        m->server.tls = IMAP_CLIENT_STARTTLS;
    else
        return false;
    if (str_ends(rest, S("/")))
        rest.n--;
    ptrdiff_t at = str_rfind(rest, '@');
    if (at <= 0)
        return false;
    m->server.user = str_slice(rest, 0, (size_t)at);
    str host = str_from_at(rest, (size_t)at + 1);
    ptrdiff_t colon = str_rfind(host, ':');
    if (colon >= 0 && str_find(host, ']') < colon) {
        if (!str_u64(str_from_at(host, (size_t)colon + 1), &port) || port == 0 || port > PORTS)
            return false;
        host = str_slice(host, 0, (size_t)colon);
    }
    if (str_starts(host, S("[")) && str_ends(host, S("]")))
        host = str_slice(host, 1, host.n - 1);
    *ret_host = host;
    *ret_port = (uint16_t)(port ? port : m->server.tls == IMAP_CLIENT_TLS ? 993 : 143);
    return host.n > 0;
}

static bool read_password(struct move *m)
{
    if (!m->password_file)
        return typed_line(m->c->japanese ? "移行元のパスワード: " : "Password over there: ",
                          m->password, sizeof m->password);
    str text;
    if (failed(file_read(AT_FDCWD, m->password_file, TYPED_MAX - 1, m->c->arena, &text)))
        return false;
    str line = S("");
    (void)str_line(&text, &line); /* an empty file: no password */
    (void)snprintf(m->password, sizeof m->password, "%.*s", STR_ARG(line)); /* fits */
    return line.n > 0;
}

static err connect_to(struct move *m, str host, uint16_t port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port); /* fits */
    if (getaddrinfo(arena_cstr(m->c->arena, host), service, &hints, &found) != 0)
        return err_new(ERR_NOTFOUND, "that host has no address");
    err e = err_new(ERR_NOTFOUND, "that host has no address");
    for (struct addrinfo *i = found; i; i = i->ai_next) {
        struct net_address to = {.n = i->ai_addrlen};
        memcpy(&to.ss, i->ai_addr, i->ai_addrlen);
        /* To this machine itself a connection needs no protection. */
        if (m->server.tls == IMAP_CLIENT_STARTTLS && net_address_is_loopback(&to))
            m->server.tls = IMAP_CLIENT_PLAIN;
        imap_client_free(m->client);
        m->client = NULL;
        e = imap_client_open(&to, &m->server, &m->client);
        if (!failed(e) || m->client)
            break; /* it answered: another address would say the same */
    }
    freeaddrinfo(found);
    return e;
}

static err open_server(struct move *m, struct moving_source **ret)
{
    str host;
    uint16_t port;
    if (!split_url(m, &host, &port))
        return err_new(ERR_SYNTAX, "expected imap://LOGIN@HOST[:PORT] or imaps://…");
    if (!read_password(m))
        return err_new(ERR_SYNTAX, "no password was given");
    m->server.password = str_from(m->password);
    m->server.host = host;
    m->server.connect_ms = CONNECT_MS;
    m->server.command_ms = SERVER_MS;
    m->server.any_certificate = m->any_certificate;
    struct tls_client_options options = {0};
    err e = tls_client_new(&options, &m->server.side);
    if (!failed(e))
        e = connect_to(m, host, port);
    if (!failed(e))
        e = source_open_imap(m->client, m->c->arena, ret);
    if (failed(e) && m->client)
        m->result.why = imap_client_said(m->client);
    return e;
}

/* One file of notes a user and source. */
static err open_notes(struct move *m, struct notes **ret)
{
    auto_fd int dir = -1;
    char hex[2 * HASH_SIZE_MAX + 1];
    char *real = realpath(m->place, NULL);
    str place = str_from(real ? real : m->place);
    str key = arena_printf(m->c->arena, "%.*s\n%.*s", STR_ARG(place), STR_ARG(m->import.into));
    free(real);
    struct digest d = hash_of(HASH_SHA256, key);
    digest_hex(&d, hex);
    hex[16] = '\0';
    err e = dir_make_all(m->c->root_dir, NOTES, 0700);
    if (!failed(e))
        e = dir_open(m->c->root_dir, NOTES, &dir);
    str name = arena_printf(m->c->arena, "%s.%s", m->user, hex);
    return failed(e) ? e : notes_open(dir, arena_cstr(m->c->arena, name), ret);
}

static int list_source(struct move *m, const struct moving_source *from)
{
    for (size_t i = 0; i < from->n_folders; i++)
        if (!ctl_print(m->c,
                       arena_printf(m->c->arena, "%.*s\t%.*s\n", STR_ARG(from->folders[i].name),
                                    STR_ARG(from->folders[i].place))))
            return CTL_TEMPORARY;
    return CTL_OK;
}

static int import_from(struct move *m, struct moving_source *from)
{
    struct notes *j;
    if (m->list)
        return list_source(m, from);
    err e = ctl_mailbox(m->c, str_from(m->user), &m->store);
    if (failed(e))
        return ctl_fail_err(m->c, "cannot reach that user's mail", e);
    e = open_notes(m, &j);
    if (failed(e))
        return ctl_fail_err(m->c, "cannot keep notes in " NOTES, e);
    progress_begin(&m->bar);
    e = moving_import(m->store, from, j, &m->import, &m->result);
    notes_close(j);
    return finish(m, "import", e);
}

static bool import_words(struct move *m, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0)
            m->list = true;
        else if (strcmp(argv[i], "--any-certificate") == 0)
            m->any_certificate = true;
        else if (strcmp(argv[i], "--into") == 0 && i + 1 < argc)
            m->import.into = str_from(argv[++i]);
        else if (strcmp(argv[i], "--password-file") == 0 && i + 1 < argc)
            m->password_file = argv[++i];
        else
            return false;
    }
    if (i + 2 != argc)
        return false;
    m->user = argv[i];
    m->place = argv[i + 1];
    return strchr(m->user, '/') == NULL;
}

int cmd_import(struct ctl *c, int argc, char **argv)
{
    static struct move m; /* holds an array of folders: not for the stack */
    m.c = c;
    struct moving_source *from = NULL;
    m.import.watch =
        (struct moving_watch){.progress = on_progress, .problem = on_problem, .ctx = &m};
    if (!import_words(&m, argc, argv))
        return ctl_usage(c, command_find(admin_commands, "import")->usage);
    (void)signal(SIGPIPE, SIG_IGN); /* a server that went away shows at the next write */
    err e = strncmp(m.place, "imap", 4) == 0 && strstr(m.place, "://")
                ? open_server(&m, &from)
                : source_open_path(m.place, c->arena, &from);
    int code = failed(e) && m.result.why.n ? ctl_fail(c, CTL_PERMANENT, "%s: %s: %.*s", m.place,
                                                      err_text(e), STR_ARG(m.result.why))
               : failed(e)                 ? ctl_fail_err(c, m.place, e)
                                           : import_from(&m, from);
    if (from)
        from->free(from);
    imap_client_free(m.client);
    tls_side_free(m.server.side);
    store_free(m.store);
    secret_wipe(m.password, sizeof m.password);
    return code;
}

/* ---- where to ---- */

static bool export_words(struct move *m, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--mbox") == 0)
            m->export.format = EXPORT_MBOX;
        else if (strcmp(argv[i], "--folder") == 0 && i + 1 < argc &&
                 m->export.n_folders < EXPORT_FOLDERS_MAX)
            m->folders[m->export.n_folders++] = str_from(argv[++i]);
        else
            return false;
    }
    m->export.folders = m->folders;
    if (i + 2 != argc)
        return false;
    m->user = argv[i];
    m->place = argv[i + 1];
    return true;
}

int cmd_export(struct ctl *c, int argc, char **argv)
{
    struct move *m = NEW(c->arena, struct move);
    auto_fd int dir = -1;
    m->c = c;
    m->export.watch =
        (struct moving_watch){.progress = on_progress, .problem = on_problem, .ctx = m};
    if (!export_words(m, argc, argv))
        return ctl_usage(c, command_find(admin_commands, "export")->usage);
    err e = dir_make_all(AT_FDCWD, m->place, 0700);
    if (!failed(e))
        e = dir_open(AT_FDCWD, m->place, &dir);
    if (failed(e))
        return ctl_fail_err(c, m->place, e);
    e = ctl_mailbox(c, str_from(m->user), &m->store);
    if (failed(e))
        return ctl_fail_err(c, "cannot reach that user's mail", e);
    progress_begin(&m->bar);
    e = moving_export(m->store, dir, &m->export, &m->result);
    int code = finish(m, "export", e);
    store_free(m->store);
    return code;
}
