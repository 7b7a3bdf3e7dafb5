/* SPDX-License-Identifier: ISC */
/* keeper/main.c -- keeps one user's mailboxes, as that user.
 * Gets: 3 the channel to init, 4 the way to the recorder; doors where imapd's and popd's
 * sessions knock; works below the user's home alone. Forks the indexer (indexer.h). */
#include <stdlib.h>
#include <unistd.h>

#include "ipc/boot.h"
#include "keeper/facts.h"
#include "keeper/keeper.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/sandbox.h"

static _Noreturn void die(err e, const char *doing)
{
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", str_from(doing)), F_ERR(e));
    exit(111);
}

int main(void)
{
    struct boot boot;
    struct keeper k;
    int home;
    log_open("keeper", LOG_FD);
    err e = boot_receive(&boot);
    if (failed(e))
        die(e, "receive what init gives");
    e = dir_open(AT_FDCWD, boot.home, &home);
    if (!failed(e) && fchdir(home) < 0)
        e = err_sys("enter the home directory");
    if (failed(e))
        die(e, "open the home directory");
    struct arena *a = arena_new("process", 1 << 20);
    struct log *log = log_new(NULL);
    log_set(log, "user", str_from(boot.user));
    struct keeper_facts facts;
    keeper_read_site(&facts, &boot, a);
    int lib; /* character set tables */
    struct sandbox s = {.files_read = true, .files_write = true, .fork = true, .read_dirs = {home}};
    s.write_dirs[0] = home;
    if (!failed(dir_open(AT_FDCWD, "/usr/lib", &lib))) /* without it, fewer charsets */
        s.read_dirs[1] = lib;
    e = sandbox_enter(&s);
    if (failed(e))
        die(e, "enter the sandbox");
    e = keeper_init(&k, home, facts.delivery, log);
    if (failed(e))
        die(e, "find the mailboxes");
    keeper_set_quota(&k, &facts.quota, str_from(boot.user), facts.host);
    keeper_set_folders(&k, facts.folders, facts.n_folders);
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        if (boot.clients[i])
            keeper_add_door(&k, boot.clients[i]);
    keeper_add_init(&k, boot.init);
    keeper_set_sharing(&k, facts.shares);
    keeper_set_kept(&k, facts.expungedays);
    e = boot_ready(&boot);
    if (!failed(e))
        e = keeper_run(&k);
    if (failed(e))
        die(e, "serve");
    keeper_done(&k);
    return 0;
}
