/* SPDX-License-Identifier: ISC */
/* ctl/cmd_jail.c -- `twinpost jail`: looks at filters and jails without touching the running
 * ones. */
#include <string.h>

#include "ctl/jail.h"

static const struct {
    const char *name;
    int (*run)(struct ctl *c, int argc, char **argv);
} parts[] = {
    {"check", jail_check},
    {"match", jail_match},
    {"try", jail_try},
};

int cmd_jail(struct ctl *c, int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run(c, argc - 1, argv + 1);
    return ctl_usage(c, command_find(admin_commands, "jail")->usage);
}
