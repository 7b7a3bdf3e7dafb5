/* SPDX-License-Identifier: ISC */
#include "ipc/keeper.h"

static const struct ipc_field keeper_nothing_fields[] = {
    IPC_NUM(struct keeper_nothing, unused),
};
const struct ipc_schema keeper_news_schema =
    IPC_SCHEMA(IPC_KEEPER_NEWS, "keeper news", keeper_nothing_fields);
static const struct ipc_field keeper_done_fields[] = {
    IPC_NUM(struct keeper_done, outcome),
    IPC_TEXT(struct keeper_done, text, KEEPER_TEXT_MAX),
};
const struct ipc_schema keeper_done_schema =
    IPC_SCHEMA(IPC_KEEPER_DONE, "keeper done", keeper_done_fields);
const struct ipc_schema keeper_list_schema =
    IPC_SCHEMA(IPC_KEEPER_LIST, "keeper list", keeper_nothing_fields);
static const struct ipc_field keeper_data_fields[] = {
    IPC_NUM(struct keeper_data, outcome),
    IPC_TEXT(struct keeper_data, text, KEEPER_TEXT_MAX),
    IPC_TEXT(struct keeper_data, data, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_folders_schema =
    IPC_SCHEMA(IPC_KEEPER_FOLDERS, "keeper folders", keeper_data_fields);
static const struct ipc_field keeper_folder_op_ask_fields[] = {
    IPC_NUM(struct keeper_folder_op_ask, op),
    IPC_TEXT(struct keeper_folder_op_ask, name, KEEPER_NAME_MAX),
    IPC_TEXT(struct keeper_folder_op_ask, to, KEEPER_NAME_MAX),
};
const struct ipc_schema keeper_folder_op_schema =
    IPC_SCHEMA(IPC_KEEPER_FOLDER_OP, "keeper folder op", keeper_folder_op_ask_fields);
static const struct ipc_field keeper_name_fields[] = {
    IPC_TEXT(struct keeper_name, name, KEEPER_NAME_MAX),
};
const struct ipc_schema keeper_status_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_STATUS_ASK, "keeper status ask", keeper_name_fields);
static const struct ipc_field keeper_status_fields[] = {
    IPC_NUM(struct keeper_status, outcome),  IPC_TEXT(struct keeper_status, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_status, messages), IPC_NUM(struct keeper_status, recent),
    IPC_NUM(struct keeper_status, unseen),   IPC_NUM(struct keeper_status, deleted),
    IPC_NUM(struct keeper_status, uidnext),  IPC_NUM(struct keeper_status, uidvalidity),
    IPC_NUM(struct keeper_status, size),     IPC_NUM(struct keeper_status, deleted_size),
    IPC_NUM(struct keeper_status, highest),  IPC_TEXT(struct keeper_status, id, KEEPER_ID_MAX),
};
const struct ipc_schema keeper_status_schema =
    IPC_SCHEMA(IPC_KEEPER_STATUS, "keeper status", keeper_status_fields);
static const struct ipc_field keeper_open_fields[] = {
    IPC_TEXT(struct keeper_open, name, KEEPER_NAME_MAX),
    IPC_NUM(struct keeper_open, mode),
    IPC_NUM(struct keeper_open, modseqs),
};
const struct ipc_schema keeper_open_schema =
    IPC_SCHEMA(IPC_KEEPER_OPEN, "keeper open", keeper_open_fields);
static const struct ipc_field keeper_box_fields[] = {
    IPC_NUM(struct keeper_box, outcome),
    IPC_TEXT(struct keeper_box, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_box, messages),
    IPC_NUM(struct keeper_box, uidvalidity),
    IPC_NUM(struct keeper_box, uidnext),
    IPC_NUM(struct keeper_box, writable),
    IPC_NUM(struct keeper_box, first_recent),
    IPC_NUM(struct keeper_box, recent),
    IPC_NUM(struct keeper_box, unseen),
    IPC_NUM(struct keeper_box, first_unseen),
    IPC_NUM(struct keeper_box, rights),
    IPC_NUM(struct keeper_box, version),
    IPC_NUM(struct keeper_box, highest),
    IPC_TEXT(struct keeper_box, keywords, KEEPER_KEYWORDS_MAX),
    IPC_TEXT(struct keeper_box, id, KEEPER_ID_MAX),
    IPC_TEXT(struct keeper_box, changes, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_box_schema =
    IPC_SCHEMA(IPC_KEEPER_BOX, "keeper box", keeper_box_fields);
const struct ipc_schema keeper_close_schema =
    IPC_SCHEMA(IPC_KEEPER_CLOSE, "keeper close", keeper_nothing_fields);
static const struct ipc_field keeper_sync_ask_fields[] = {
    IPC_NUM(struct keeper_sync_ask, version),
};
const struct ipc_schema keeper_sync_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_SYNC_ASK, "keeper sync ask", keeper_sync_ask_fields);
static const struct ipc_field keeper_sync_fields[] = {
    IPC_NUM(struct keeper_sync, outcome),
    IPC_TEXT(struct keeper_sync, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_sync, version),
    IPC_NUM(struct keeper_sync, highest),
    IPC_NUM(struct keeper_sync, messages),
    IPC_NUM(struct keeper_sync, uidnext),
    IPC_NUM(struct keeper_sync, first_recent),
    IPC_NUM(struct keeper_sync, reload),
    IPC_NUM(struct keeper_sync, lost),
    IPC_TEXT(struct keeper_sync, keywords, KEEPER_KEYWORDS_MAX),
    IPC_TEXT(struct keeper_sync, changes, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_sync_schema =
    IPC_SCHEMA(IPC_KEEPER_SYNC, "keeper sync", keeper_sync_fields);
static const struct ipc_field keeper_flags_fields[] = {
    IPC_NUM(struct keeper_flags, op),
    IPC_NUM(struct keeper_flags, flags),
    IPC_NUM(struct keeper_flags, unchanged_since),
    IPC_TEXT(struct keeper_flags, keywords, KEEPER_KEYWORDS_MAX),
    IPC_TEXT(struct keeper_flags, set, KEEPER_SET_MAX),
};
const struct ipc_schema keeper_flags_schema =
    IPC_SCHEMA(IPC_KEEPER_FLAGS, "keeper flags", keeper_flags_fields);
static const struct ipc_field keeper_expunge_fields[] = {
    IPC_NUM(struct keeper_expunge, mode),
    IPC_TEXT(struct keeper_expunge, set, KEEPER_SET_MAX),
};
const struct ipc_schema keeper_expunge_schema =
    IPC_SCHEMA(IPC_KEEPER_EXPUNGE, "keeper expunge", keeper_expunge_fields);
static const struct ipc_field keeper_copy_fields[] = {
    IPC_NUM(struct keeper_copy, mode),
    IPC_TEXT(struct keeper_copy, target, KEEPER_NAME_MAX),
    IPC_TEXT(struct keeper_copy, set, KEEPER_SET_MAX),
};
const struct ipc_schema keeper_copy_schema =
    IPC_SCHEMA(IPC_KEEPER_COPY, "keeper copy", keeper_copy_fields);
static const struct ipc_field keeper_copied_fields[] = {
    IPC_NUM(struct keeper_copied, outcome),
    IPC_TEXT(struct keeper_copied, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_copied, uidvalidity),
    IPC_TEXT(struct keeper_copied, pairs, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_copied_schema =
    IPC_SCHEMA(IPC_KEEPER_COPIED, "keeper copied", keeper_copied_fields);
static const struct ipc_field keeper_fetch_fields[] = {
    IPC_TEXT(struct keeper_fetch, uids, KEEPER_FETCH_MAX * 4),
};
const struct ipc_schema keeper_fetch_schema =
    IPC_SCHEMA(IPC_KEEPER_FETCH, "keeper fetch", keeper_fetch_fields);
static const struct ipc_field keeper_bodies_fields[] = {
    IPC_NUM(struct keeper_bodies, outcome),
    IPC_TEXT(struct keeper_bodies, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_bodies, found),
};
const struct ipc_schema keeper_bodies_schema =
    IPC_SCHEMA(IPC_KEEPER_BODIES, "keeper bodies", keeper_bodies_fields);
const struct ipc_schema keeper_names_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_NAMES_ASK, "keeper names ask", keeper_nothing_fields);
const struct ipc_schema keeper_names_schema =
    IPC_SCHEMA(IPC_KEEPER_NAMES, "keeper names", keeper_data_fields);
const struct ipc_schema keeper_settle_schema =
    IPC_SCHEMA(IPC_KEEPER_SETTLE, "keeper settle", keeper_nothing_fields);
const struct ipc_schema keeper_spool_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_SPOOL_ASK, "keeper spool ask", keeper_name_fields);
static const struct ipc_field keeper_spool_fields[] = {
    IPC_NUM(struct keeper_spool, outcome),
    IPC_TEXT(struct keeper_spool, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_spool, spool),
};
const struct ipc_schema keeper_spool_schema =
    IPC_SCHEMA(IPC_KEEPER_SPOOL, "keeper spool", keeper_spool_fields);
static const struct ipc_field keeper_spool_drop_fields[] = {
    IPC_NUM(struct keeper_spool_drop, spool),
};
const struct ipc_schema keeper_spool_drop_schema =
    IPC_SCHEMA(IPC_KEEPER_SPOOL_DROP, "keeper spool drop", keeper_spool_drop_fields);
static const struct ipc_field keeper_append_fields[] = {
    IPC_TEXT(struct keeper_append, folder, KEEPER_NAME_MAX),
    IPC_NUM(struct keeper_append, flags),
    IPC_TEXT(struct keeper_append, keywords, KEEPER_KEYWORDS_MAX),
    IPC_NUM(struct keeper_append, date),
    IPC_TEXT(struct keeper_append, message, KEEPER_INLINE_MAX),
    IPC_NUM(struct keeper_append, spool),
    IPC_NUM(struct keeper_append, step),
    IPC_NUM(struct keeper_append, replaces),
};
const struct ipc_schema keeper_append_schema =
    IPC_SCHEMA(IPC_KEEPER_APPEND, "keeper append", keeper_append_fields);
static const struct ipc_field keeper_appended_fields[] = {
    IPC_NUM(struct keeper_appended, outcome),
    IPC_TEXT(struct keeper_appended, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_appended, uidvalidity),
    IPC_NUM(struct keeper_appended, uid),
    IPC_NUM(struct keeper_appended, count),
};
const struct ipc_schema keeper_appended_schema =
    IPC_SCHEMA(IPC_KEEPER_APPENDED, "keeper appended", keeper_appended_fields);
static const struct ipc_field keeper_pick_fields[] = {
    IPC_TEXT(struct keeper_pick, folder, KEEPER_NAME_MAX),
    IPC_NUM(struct keeper_pick, uidvalidity),
    IPC_NUM(struct keeper_pick, uid),
};
const struct ipc_schema keeper_pick_schema =
    IPC_SCHEMA(IPC_KEEPER_PICK, "keeper pick", keeper_pick_fields);
const struct ipc_schema keeper_attributes_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_ATTRIBUTES_ASK, "keeper attributes ask", keeper_name_fields);
const struct ipc_schema keeper_attributes_schema =
    IPC_SCHEMA(IPC_KEEPER_ATTRIBUTES, "keeper attributes", keeper_data_fields);
const struct ipc_schema keeper_rights_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_RIGHTS_ASK, "keeper rights ask", keeper_name_fields);
static const struct ipc_field keeper_rights_fields[] = {
    IPC_NUM(struct keeper_rights, outcome),
    IPC_TEXT(struct keeper_rights, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_rights, rights),
};
const struct ipc_schema keeper_rights_schema =
    IPC_SCHEMA(IPC_KEEPER_RIGHTS, "keeper rights", keeper_rights_fields);
const struct ipc_schema keeper_acl_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_ACL_ASK, "keeper acl ask", keeper_name_fields);
const struct ipc_schema keeper_acl_schema =
    IPC_SCHEMA(IPC_KEEPER_ACL, "keeper acl", keeper_data_fields);
static const struct ipc_field keeper_acl_set_fields[] = {
    IPC_TEXT(struct keeper_acl_set, folder, KEEPER_NAME_MAX),
    IPC_NUM(struct keeper_acl_set, op),
    IPC_NUM(struct keeper_acl_set, kind),
    IPC_NUM(struct keeper_acl_set, negative),
    IPC_NUM(struct keeper_acl_set, rights),
    IPC_TEXT(struct keeper_acl_set, name, KEEPER_NAME_MAX),
};
const struct ipc_schema keeper_acl_set_schema =
    IPC_SCHEMA(IPC_KEEPER_ACL_SET, "keeper acl set", keeper_acl_set_fields);
static const struct ipc_field keeper_kept_ask_fields[] = {
    IPC_NUM(struct keeper_kept_ask, wish),
    IPC_TEXT(struct keeper_kept_ask, folder, KEEPER_NAME_MAX),
    IPC_NUM(struct keeper_kept_ask, since),
};
const struct ipc_schema keeper_kept_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_KEPT_ASK, "keeper kept ask", keeper_kept_ask_fields);
const struct ipc_schema keeper_kept_schema =
    IPC_SCHEMA(IPC_KEEPER_KEPT, "keeper kept", keeper_data_fields);
static const struct ipc_field keeper_attributes_set_fields[] = {
    IPC_TEXT(struct keeper_attributes_set, folder, KEEPER_NAME_MAX),
    IPC_TEXT(struct keeper_attributes_set, removed, KEEPER_INLINE_MAX),
    IPC_TEXT(struct keeper_attributes_set, set, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_attributes_set_schema =
    IPC_SCHEMA(IPC_KEEPER_ATTRIBUTES_SET, "keeper attributes set", keeper_attributes_set_fields);
const struct ipc_schema keeper_words_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_WORDS_ASK, "keeper words ask", keeper_nothing_fields);
const struct ipc_schema keeper_words_schema =
    IPC_SCHEMA(IPC_KEEPER_WORDS, "keeper words", keeper_done_fields);
static const struct ipc_field keeper_stored_fields[] = {
    IPC_NUM(struct keeper_stored, outcome),
    IPC_TEXT(struct keeper_stored, text, KEEPER_TEXT_MAX),
    IPC_TEXT(struct keeper_stored, modified, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_stored_schema =
    IPC_SCHEMA(IPC_KEEPER_STORED, "keeper stored", keeper_stored_fields);
static const struct ipc_field keeper_column_ask_fields[] = {
    IPC_NUM(struct keeper_column_ask, which),
};
const struct ipc_schema keeper_column_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_COLUMN_ASK, "keeper column ask", keeper_column_ask_fields);
const struct ipc_schema keeper_column_schema =
    IPC_SCHEMA(IPC_KEEPER_COLUMN, "keeper column", keeper_data_fields);
static const struct ipc_field keeper_vanished_ask_fields[] = {
    IPC_NUM(struct keeper_vanished_ask, since),
};
const struct ipc_schema keeper_vanished_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_VANISHED_ASK, "keeper vanished ask", keeper_vanished_ask_fields);
static const struct ipc_field keeper_vanished_fields[] = {
    IPC_NUM(struct keeper_vanished, outcome),
    IPC_TEXT(struct keeper_vanished, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_vanished, complete),
    IPC_TEXT(struct keeper_vanished, uids, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_vanished_schema =
    IPC_SCHEMA(IPC_KEEPER_VANISHED, "keeper vanished", keeper_vanished_fields);
static const struct ipc_field keeper_digests_ask_fields[] = {
    IPC_TEXT(struct keeper_fetch, uids, KEEPER_DIGESTS_MAX * 4),
};
const struct ipc_schema keeper_digests_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_DIGESTS_ASK, "keeper digests ask", keeper_digests_ask_fields);
const struct ipc_schema keeper_digests_schema =
    IPC_SCHEMA(IPC_KEEPER_DIGESTS, "keeper digests", keeper_data_fields);
static const struct ipc_field keeper_remember_fields[] = {
    IPC_NUM(struct keeper_remember, uid),
    IPC_TEXT(struct keeper_remember, digest, KEEPER_INLINE_MAX),
};
const struct ipc_schema keeper_remember_schema =
    IPC_SCHEMA(IPC_KEEPER_REMEMBER, "keeper remember", keeper_remember_fields);
static const struct ipc_field keeper_index_ask_fields[] = {
    IPC_NUM(struct keeper_index_ask, wish),
};
const struct ipc_schema keeper_index_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_INDEX_ASK, "keeper index ask", keeper_index_ask_fields);
static const struct ipc_field keeper_index_fields[] = {
    IPC_NUM(struct keeper_index, outcome), IPC_TEXT(struct keeper_index, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_index, done),    IPC_NUM(struct keeper_index, total),
    IPC_NUM(struct keeper_index, off),     IPC_NUM(struct keeper_index, unwilling),
};
const struct ipc_schema keeper_index_schema =
    IPC_SCHEMA(IPC_KEEPER_INDEX, "keeper index", keeper_index_fields);
const struct ipc_schema keeper_quota_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_QUOTA_ASK, "keeper quota ask", keeper_nothing_fields);
static const struct ipc_field keeper_quota_fields[] = {
    IPC_NUM(struct keeper_quota, outcome),    IPC_TEXT(struct keeper_quota, text, KEEPER_TEXT_MAX),
    IPC_NUM(struct keeper_quota, bytes),      IPC_NUM(struct keeper_quota, messages),
    IPC_NUM(struct keeper_quota, most_bytes), IPC_NUM(struct keeper_quota, most_messages),
};
const struct ipc_schema keeper_quota_schema =
    IPC_SCHEMA(IPC_KEEPER_QUOTA, "keeper quota", keeper_quota_fields);
static const struct ipc_field keeper_watch_fields[] = {
    IPC_TEXT(struct keeper_watch, folders, KEEPER_INLINE_MAX),
    IPC_NUM(struct keeper_watch, tree),
};
const struct ipc_schema keeper_watch_schema =
    IPC_SCHEMA(IPC_KEEPER_WATCH, "keeper watch", keeper_watch_fields);
const struct ipc_schema keeper_notice_schema =
    IPC_SCHEMA(IPC_KEEPER_NOTICE, "keeper notice", keeper_nothing_fields);
const struct ipc_schema keeper_notices_ask_schema =
    IPC_SCHEMA(IPC_KEEPER_NOTICES_ASK, "keeper notices ask", keeper_nothing_fields);
const struct ipc_schema keeper_notices_schema =
    IPC_SCHEMA(IPC_KEEPER_NOTICES, "keeper notices", keeper_data_fields);
