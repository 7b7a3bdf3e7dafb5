/* SPDX-License-Identifier: ISC */
/* popd: speaks POP3. Three lives, one program:
 *  - the warm parent forks a session for each client that front passes on;
 *  - a session before its login has the client's socket, a door to auth and one to init, and
 *    no files; it ends when init takes the login over;
 *  - the session of a user, as that user: the client's socket and a channel to the keeper.
 * Gets: front's channel, doors to auth and init; or IPC_INIT_SESSION.
 * Usage: twinpost-popd                started by init
 *        twinpost-popd --maildir DIR  as qmail-pop3d: one session on 0 and 1 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/warm.h"
#include "log/event.h"
#include "os/sandbox.h"
#include "popd/by_hand.h"
#include "popd/facts.h"
#include "popd/login.h"
#include "popd/user.h"

static void must(err e, const char *doing)
{
    if (!failed(e))
        return;
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", str_from(doing)), F_ERR(e));
    exit(111);
}

static void stranger(void *ctx, const struct session_start *start, int data, int control)
{
    struct popd_facts *f = ctx;
    must(sandbox_enter(&(struct sandbox){0}), "confine a session");
    login_run(f->boot, f, start, data, control);
}

static void problem(void *ctx, err e)
{
    (void)ctx;
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", S("start a session")), F_ERR(e));
}

static int by_hand(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "--maildir") != 0)
        return 100;
    must(popd_by_hand(argv[2]), "serve a Maildir");
    return 0;
}

int main(int argc, char **argv)
{
    static struct boot boot;
    static struct popd_facts facts;
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    if (argc > 1)
        return by_hand(argc, argv);
    log_open("popd", LOG_FD);
    must(boot_receive(&boot), "start");
    must(popd_read_site(&facts, &boot), "read the site");
    if (boot.is_session) {
        must(sandbox_enter(&(struct sandbox){0}), "confine a user's session");
        must(user_run(&boot, facts.timeout_ms), "serve a user");
        return 0;
    }
    must(sandbox_enter(&(struct sandbox){.fork = true, .signals = true}), "confine the parent");
    must(boot_ready(&boot), "say that we serve");
    must(warm_run(&(struct warm){&boot, &facts, popd_read_site, stranger, problem}),
         "wait for clients");
    return 0;
}
