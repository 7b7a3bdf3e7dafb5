/* SPDX-License-Identifier: ISC */
/* gate/build.h -- the new passwd, shadow, group, gshadow and sudoers out of the old ones and the
 * accounts. Pure: text in, text out.
 *
 * The rules are gate's: entries of the system (numbers outside the general range) go through
 * byte for byte; a general user is written if and only if a stable card names him; whoever has
 * a shadow line keeps it byte for byte, so that no password changes. What cannot be right is
 * refused, not mended: a line that cannot be read, a name or number that stands twice, a card
 * and a line that disagree about a number. An administrator looks at such a file first.
 */
#pragma once
#include "gate/accounts.h"

enum { BUILD_MAX = 32 << 20 };

struct build_report {
    str removed[64]; /* general users that would vanish: the first of them */
    size_t removed_n, added_n;
    unsigned line; /* of a refusal; 0: none in particular */
    str name;      /* whose entry it was; a view */
};

err build_passwd(str old, const struct accounts *all, struct buf *out, struct build_report *rep);
/* passwd: the new one, which says who is general. today: days since 1970. */
err build_shadow(str old, str passwd_old, const struct accounts *all, int64_t today,
                 struct buf *out, struct build_report *rep);
err build_group(str old, const struct accounts *all, struct buf *out, struct build_report *rep);
/* group_old says which names of gshadow were general. */
err build_gshadow(str old, str group_old, const struct accounts *all, struct buf *out,
                  struct build_report *rep);

/* The own file below sudoers.d: members act as their group user. */
void build_sudoers_own(const struct accounts *all, struct buf *out);
/* The whole file: the header and the four Defaults lines that sites check by eye, byte for byte,
 * then what the old file says beside (nobody's way to root is lost), then the group users, then
 * sudoers.d. */
void build_sudoers_whole(str old, const struct accounts *all, struct buf *out);
/* Whether a file begins with that header and those four lines, exactly. */
bool sudoers_has_header(str text);

/* Lines that only one side has, "-" and "+"; the second field of a shadow file is not shown. */
void build_diff(const char *name, str old, str fresh, bool secret, struct buf *out);
