/* SPDX-License-Identifier: ISC */
/* ctl: the command line. Runs as whoever called it and can do what that user can; what needs
 * the running house is asked of it through its local sockets, which know the caller's uid. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "os/file.h"

/* "/x/house/var/qmail/bin/sendmail" belongs to the house /x/house, and so does gate's folder. */
static const char *root_of_old_name(struct ctl *c, const char *argv0)
{
    const char *at = strstr(argv0, "/var/qmail/bin/");
    at = at ? at : strstr(argv0, "/usr/local/gate/sbin/");
    if (!at || at == argv0)
        return NULL;
    return arena_cstr(c->arena, str_of(argv0, (size_t)(at - argv0)));
}

/* "/x/house/usr/lib/twinpost/twinpost", found by PATH, too. */
static const char *root_of_program(struct ctl *c)
{
    str self = str_from(c->self);
    ptrdiff_t at = str_find_str(self, S("/usr/lib/twinpost/"));
    return at > 0 ? arena_cstr(c->arena, str_slice(self, 0, (size_t)at)) : NULL;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool speaks_japanese(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return str_starts(str_from(v), S("ja"));
    }
    return false;
}

int main(int argc, char **argv)
{
    struct ctl c = {
        .arena = arena_new("command", 256 << 20), .root = getenv("TWINPOST_ROOT"), .root_dir = -1};
    static char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    c.self = n > 0 ? self : "twinpost";
    c.japanese = speaks_japanese();
    c.name = argc > 0 ? last_part(argv[0]) : "twinpost";
    if (!c.root && argc > 0)
        c.root = root_of_old_name(&c, argv[0]);
    if (!c.root)
        c.root = root_of_program(&c);
    const struct command *command = command_find(old_names, c.name);
    int skip = 0;
    if (!command) {
        skip = 1;
        for (; skip + 1 < argc && strcmp(argv[skip], "--root") == 0; skip += 2)
            c.root = argv[skip + 1];
        command = command_find(admin_commands, skip < argc ? argv[skip] : "help");
        if (!command) /* `twinpost qmail-inject …` works like the old name */
            command = command_find(old_names, argv[skip]);
        if (!command)
            return ctl_fail(&c, CTL_PERMANENT, "no command %s; `twinpost help` lists them",
                            argv[skip]);
        c.name = command->name;
    }
    c.root = c.root ? c.root : "/";
    err e = dir_open(AT_FDCWD, c.root, &c.root_dir);
    if (failed(e))
        return ctl_fail_err(&c, c.root, e);
    return command->run(&c, skip < argc ? argc - skip : 0, argv + skip);
}
