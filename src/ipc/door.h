/* SPDX-License-Identifier: ISC */
/* ipc/door.h -- how a program gets a private channel to a service.
 *
 * init makes one pair per (client program, service): the client's end is its door to the
 * service, the service's end is where the knocks arrive. To open a channel the client makes
 * a fresh pair and sends one end through the door; many processes (forked sessions) share a
 * door safely, since each knock is one packet. The service knows who knocks from the door it
 * came by (init labels it); only init itself, passing on local commands, states another
 * program, uid and pid in the knock.
 */
#pragma once
#include "ipc/channel.h"

struct door_knock {
    uint32_t program;  /* enum program; 0: as the door's label says */
    uint32_t uid, pid; /* of a local command, as the kernel told init */
    str visitor;       /* init's word: another user's session; until the door's next packet */
};
extern const struct ipc_schema door_knock_schema;

/* Client side: a new channel through the door. */
err door_open(int door_fd, struct channel **ret_channel);
/* Passes an existing end (init does this for accepted local sockets). */
err door_pass(int door_fd, const struct door_knock *who, int fd);
/* Service side: one knock, or ERR_TEMP when there is none; the new channel's end. */
err door_answer(struct channel *door, struct door_knock *ret_who, int *ret_fd);
