/* SPDX-License-Identifier: ISC */
/* imapd: speaks IMAP. Three lives, one program:
 *  - the warm parent forks a session for each client that front passes on; it reads no client's
 *    bytes;
 *  - a session before its login has the client's socket, a door to auth and one to init, and
 *    no files; it ends when init takes the login over;
 *  - the session of a user, as that user: the client's socket and a channel to the user's
 *    keeper. It opens nothing but the character set tables of the C library.
 * Gets: front's channel, doors to auth and init; or IPC_INIT_SESSION. */
#include <fcntl.h>
#include <stdlib.h>

#include "imapd/dates.h"
#include "imapd/facts.h"
#include "imapd/login.h"
#include "imapd/user.h"
#include "ipc/warm.h"
#include "log/event.h"
#include "os/file.h"
#include "os/sandbox.h"

static void must(err e, const char *doing)
{
    if (!failed(e))
        return;
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", str_from(doing)), F_ERR(e));
    exit(111);
}

static void stranger(void *ctx, const struct session_start *start, int data, int control)
{
    must(sandbox_enter(&(struct sandbox){0}), "confine a session");
    login_run(ctx, start, data, control);
}

static void problem(void *ctx, err e)
{
    (void)ctx;
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", S("start a session")), F_ERR(e));
}

static void user(struct boot *b, const struct imapd_facts *f)
{
    struct sandbox tables = {.files_read = true};
    int lib = -1;
    if (!failed(dir_open(AT_FDCWD, "/usr/lib", &lib))) /* without it, fewer charsets */
        tables.read_dirs[0] = lib;
    dates_read_zone();
    must(sandbox_enter(&tables), "confine a user's session");
    must(user_run(b, f), "serve a user");
}

int main(void)
{
    struct boot *b = mem_alloc("boot", sizeof *b); /* user_run() gives it back */
    static struct imapd_facts facts;
    log_open("imapd", LOG_FD);
    must(boot_receive(b), "start");
    must(imapd_read_site(&facts, b), "read the site");
    if (b->is_session) {
        user(b, &facts);
        return 0;
    }
    must(sandbox_enter(&(struct sandbox){.fork = true, .signals = true}), "confine the parent");
    must(boot_ready(b), "say that we serve");
    must(warm_run(&(struct warm){b, &facts, imapd_read_site, stranger, problem}),
         "wait for clients");
    return 0;
}
