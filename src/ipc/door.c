/* SPDX-License-Identifier: ISC */
#include "ipc/door.h"

#include "os/fd.h"

static const struct ipc_field door_knock_fields[] = {
    IPC_NUM(struct door_knock, program),
    IPC_NUM(struct door_knock, uid),
    IPC_NUM(struct door_knock, pid),
    IPC_TEXT(struct door_knock, visitor, 255),
};
const struct ipc_schema door_knock_schema = IPC_SCHEMA(IPC_DOOR_KNOCK, "knock", door_knock_fields);

err door_pass(int door_fd, const struct door_knock *who, int fd)
{
    return packet_send(door_fd, &door_knock_schema, 0, who, &fd, 1);
}

err door_open(int door_fd, struct channel **ret_channel)
{
    auto_fd int mine = -1, theirs = -1;
    err e = fd_pair(FD_PAIR_PACKET, &mine, &theirs);
    if (failed(e))
        return e;
    e = door_pass(door_fd, &(struct door_knock){0}, theirs);
    if (failed(e))
        return e;
    *ret_channel = channel_new(fd_take(&mine));
    return OK_ERR;
}

err door_answer(struct channel *door, struct door_knock *ret_who, int *ret_fd)
{
    struct packet p;
    err e = channel_try_recv(door, &p);
    if (failed(e))
        return e;
    struct door_knock who;
    e = ipc_decode(&door_knock_schema, p.bytes, &who);
    if (failed(e))
        return e;
    if (p.n_fds != 1)
        return err_new(ERR_SYNTAX, "a knock without a channel");
    *ret_who = who;
    *ret_fd = fd_take(&p.fds[0]);
    return OK_ERR;
}
