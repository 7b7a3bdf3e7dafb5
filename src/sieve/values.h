/* SPDX-License-Identifier: ISC */
/* sieve/values.h -- what strings in a script may say: names of comparators, parts of a date,
 * mailboxes, flags, addresses. Shared by the checker and the interpreter.
 */
#pragma once
#include "base/base.h"

enum comparator { CMP_ASCII, CMP_OCTET, CMP_NUMERIC, CMP_UNICODE, CMP_UNKNOWN };
enum comparator comparator_find(str name);

enum relation { REL_GT, REL_GE, REL_LT, REL_LE, REL_EQ, REL_NE, REL_UNKNOWN };
enum relation relation_find(str name);

bool is_address_header(str name);   /* RFC 5228 5.1 */
bool is_protected_header(str name); /* RFC 5293 6 */
enum envelope_part { ENVELOPE_FROM, ENVELOPE_TO, ENVELOPE_AUTH, ENVELOPE_UNKNOWN };
enum envelope_part envelope_part_find(str name);
enum date_part {
    DATE_YEAR,
    DATE_MONTH,
    DATE_DAY,
    DATE_DATE,
    DATE_JULIAN,
    DATE_HOUR,
    DATE_MINUTE,
    DATE_SECOND,
    DATE_TIME,
    DATE_ISO8601,
    DATE_STD11,
    DATE_ZONE,
    DATE_WEEKDAY,
    DATE_UNKNOWN,
};
enum date_part date_part_find(str name);
bool zone_parse(str s, int *ret_minutes); /* "+0900" */
bool mailbox_is_valid(str name);
bool flag_is_valid(str name); /* a keyword, or \Seen and the like; not \Recent */
bool address_is_valid(str s); /* "local@domain" and nothing else */
/* "taro" or "global.taro": *ret_global. */
bool variable_name_parse(str s, bool *ret_global, str *ret_name);
/* "mailto:…": the addresses, percent-decoded. */
bool mailto_parse(struct arena *a, str uri, str *ret_to, str *ret_subject, str *ret_body);
