/* SPDX-License-Identifier: ISC */
#include "ipc/init.h"

static const struct ipc_field init_site_fields[] = {
    IPC_NUM(struct init_site, generation),
    IPC_NUM(struct init_site, real_users),
};
const struct ipc_schema init_site_schema = IPC_SCHEMA(IPC_INIT_SITE, "init site", init_site_fields);

static const struct ipc_field init_door_fields[] = {
    IPC_NUM(struct init_door, service),
};
const struct ipc_schema init_door_schema = IPC_SCHEMA(IPC_INIT_DOOR, "init door", init_door_fields);

static const struct ipc_field init_clients_fields[] = {
    IPC_NUM(struct init_clients, program),
};
const struct ipc_schema init_clients_schema =
    IPC_SCHEMA(IPC_INIT_CLIENTS, "init clients", init_clients_fields);
const struct ipc_schema init_events_schema =
    IPC_SCHEMA(IPC_INIT_EVENTS, "init events", init_clients_fields);

static const struct ipc_field init_listen_fields[] = {
    IPC_NUM(struct init_listen, service),
    IPC_TEXT(struct init_listen, address, 63),
};
const struct ipc_schema init_listen_schema =
    IPC_SCHEMA(IPC_INIT_LISTEN, "init listen", init_listen_fields);

static const struct ipc_field init_dir_fields[] = {
    IPC_TEXT(struct init_dir, name, 15),
};
const struct ipc_schema init_dir_schema = IPC_SCHEMA(IPC_INIT_DIR, "init dir", init_dir_fields);

static const struct ipc_field init_nothing_fields[] = {
    IPC_NUM(struct init_nothing, unused),
};
const struct ipc_schema init_go_schema = IPC_SCHEMA(IPC_INIT_GO, "init go", init_nothing_fields);
const struct ipc_schema init_ready_schema =
    IPC_SCHEMA(IPC_INIT_READY, "init ready", init_nothing_fields);
const struct ipc_schema init_drain_schema =
    IPC_SCHEMA(IPC_INIT_DRAIN, "init drain", init_nothing_fields);

static const struct ipc_field init_worker_ask_fields[] = {
    IPC_NUM(struct init_worker_ask, program),     IPC_TEXT(struct init_worker_ask, user, 255),
    IPC_NUM(struct init_worker_ask, uid),         IPC_NUM(struct init_worker_ask, gid),
    IPC_TEXT(struct init_worker_ask, home, 1023),
};
const struct ipc_schema init_worker_ask_schema =
    IPC_SCHEMA(IPC_INIT_WORKER_ASK, "init worker ask", init_worker_ask_fields);

static const struct ipc_field init_worker_fields[] = {
    IPC_NUM(struct init_worker, ok),
    IPC_TEXT(struct init_worker, text, 512),
};
const struct ipc_schema init_worker_schema =
    IPC_SCHEMA(IPC_INIT_WORKER, "init worker", init_worker_fields);

static const struct ipc_field init_promote_fields[] = {
    IPC_TEXT(struct init_promote, sid, 64),      IPC_NUM(struct init_promote, service),
    IPC_TEXT(struct init_promote, start, 8192),  IPC_TEXT(struct init_promote, input, 65536),
    IPC_TEXT(struct init_promote, answer, 2048),
};
const struct ipc_schema init_promote_schema =
    IPC_SCHEMA(IPC_INIT_PROMOTE, "init promote", init_promote_fields);

static const struct ipc_field init_granted_fields[] = {
    IPC_TEXT(struct init_granted, sid, 64),   IPC_NUM(struct init_granted, service),
    IPC_TEXT(struct init_granted, user, 255), IPC_NUM(struct init_granted, uid),
    IPC_NUM(struct init_granted, gid),        IPC_TEXT(struct init_granted, home, 1023),
};
const struct ipc_schema init_granted_schema =
    IPC_SCHEMA(IPC_INIT_GRANTED, "init granted", init_granted_fields);

static const struct ipc_field init_session_fields[] = {
    IPC_TEXT(struct init_session, user, 255),    IPC_NUM(struct init_session, uid),
    IPC_NUM(struct init_session, gid),           IPC_TEXT(struct init_session, home, 1023),
    IPC_TEXT(struct init_session, start, 8192),  IPC_TEXT(struct init_session, input, 65536),
    IPC_TEXT(struct init_session, answer, 2048),
};
const struct ipc_schema init_session_schema =
    IPC_SCHEMA(IPC_INIT_SESSION, "init session", init_session_fields);

static const struct ipc_field init_keeper_fields[] = {
    IPC_TEXT(struct init_keeper, user, 255),
    IPC_TEXT(struct init_keeper, home, 1023),
};
const struct ipc_schema init_keeper_schema =
    IPC_SCHEMA(IPC_INIT_KEEPER, "init keeper", init_keeper_fields);

static const struct ipc_field init_visit_fields[] = {
    IPC_TEXT(struct init_visit, owner, 255),
};
const struct ipc_schema init_visit_schema =
    IPC_SCHEMA(IPC_INIT_VISIT, "init visit", init_visit_fields);
static const struct ipc_field init_visited_fields[] = {
    IPC_NUM(struct init_visited, outcome),
};
const struct ipc_schema init_visited_schema =
    IPC_SCHEMA(IPC_INIT_VISITED, "init visited", init_visited_fields);
const struct ipc_schema init_shared_ask_schema =
    IPC_SCHEMA(IPC_INIT_SHARED_ASK, "init shared ask", init_nothing_fields);
static const struct ipc_field init_shared_fields[] = {
    IPC_TEXT(struct init_shared, owners, INIT_SHARED_MAX),
};
const struct ipc_schema init_shared_schema =
    IPC_SCHEMA(IPC_INIT_SHARED, "init shared", init_shared_fields);
static const struct ipc_field init_shares_fields[] = {
    IPC_TEXT(struct init_shares, with, INIT_SHARES_MAX),
};
const struct ipc_schema init_shares_schema =
    IPC_SCHEMA(IPC_INIT_SHARES, "init shares", init_shares_fields);
static const struct ipc_field init_kept_fields[] = {
    IPC_NUM(struct init_kept, due),
};
const struct ipc_schema init_kept_schema = IPC_SCHEMA(IPC_INIT_KEPT, "init kept", init_kept_fields);
