/* SPDX-License-Identifier: ISC */
/* ipc/ban.h -- bans at the door: an administrator (by init's control socket) or a program with a
 * door to front asks for them.
 *
 * ADD and LIFT are answered by DONE; LIST by one ENTRY per ban in force, then DONE. An address is
 * one ("192.0.2.1", an IPv6 one stands for its /64) or a network ("192.0.2.0/24"). front
 * remembers bans in memory: whoever wants them to outlive it asks again.
 */
#pragma once
#include "ipc/channel.h"

struct ban_add {
    str address;
    uint64_t seconds; /* 0: until it is lifted */
    uint32_t drop;    /* 1: end the sessions that it has now */
    str reason;       /* for people: who asked, why */
};
extern const struct ipc_schema ban_add_schema;
struct ban_lift {
    str address; /* as it was banned */
};
extern const struct ipc_schema ban_lift_schema;
struct ban_list {
    uint32_t unused;
};
extern const struct ipc_schema ban_list_schema;
struct ban_entry {
    str address;
    uint64_t seconds; /* left; 0: until it is lifted */
    uint32_t by_rule; /* 1: front's own, for `bans` times of misbehaviour */
    uint32_t bans;
    str reason;
};
extern const struct ipc_schema ban_entry_schema;
struct ban_done {
    uint32_t ok;
    uint32_t dropped; /* sessions that were ended */
    str text;         /* when not ok: why, for a person */
};
extern const struct ipc_schema ban_done_schema;
