/* SPDX-License-Identifier: ISC */
/* sieved: speaks ManageSieve (RFC 5804). Three lives, one program:
 *  - the warm parent forks a session for each client that front passes on;
 *  - a session before its login has the client's socket, a door to auth and one to init, and
 *    no files; it ends when init takes the login over;
 *  - the session of a user, as that user: the client's socket, and files below his home.
 * Gets: front's channel, doors to auth and init; or IPC_INIT_SESSION. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "ipc/warm.h"
#include "log/event.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "sieved/facts.h"
#include "sieved/login.h"
#include "sieved/user.h"

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

static void serve_user(const struct sieved_facts *facts)
{
    int home = -1;
    must(dir_open(AT_FDCWD, ".", &home), "open the home");
    must(sandbox_enter(&(struct sandbox){
             .files_read = true, .files_write = true, .read_dirs = {home}, .write_dirs = {home}}),
         "confine a user's session");
    must(user_run(facts, home), "serve a user");
}

int main(void)
{
    static struct boot boot;
    static struct sieved_facts facts;
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    log_open("sieved", LOG_FD);
    must(boot_receive(&boot), "start");
    must(sieved_read_site(&facts, &boot), "read the site");
    if (boot.is_session) {
        serve_user(&facts);
        return 0;
    }
    must(sandbox_enter(&(struct sandbox){.fork = true, .signals = true}), "confine the parent");
    must(boot_ready(&boot), "say that we serve");
    must(warm_run(&(struct warm){&boot, &facts, sieved_read_site, stranger, problem}),
         "wait for clients");
    return 0;
}
