/* SPDX-License-Identifier: ISC */
#include "list/weed.h"

#include <string.h>

#include "wire/header.h"
#include "wire/params.h"

/* Compared as ezmlm-weed does: with case, at the beginning of a line of the header. */
static const char *const chaff[] = {
    "Subject: success notice",
    "Subject: deferral notice",
    "Subject: Message status - delivered",
    "Subject: Message status - opened",
    "Subject: Out of Office AutoReply:",
    "Subject: AutoResponse -",
    "Precedence: bulk",
    "Precedence: junk",
    "Precedence: list",
    "Mailing-List:",
    "List-ID:",
    "X-Mailing-List:",
    "X-ML-Name:",
    "List-Help:",
    "List-Unsubscribe:",
    "List-Subscribe:",
    "List-Post:",
    "List-Owner:",
    "List-Archive:",
    "X-Amazon-Auto-Reply:",
    "X-Mailer: KANA Response",
    "Thread-Topic: AutoResponse",
};

static bool has_chaff_line(str header, bool also_automatic)
{
    str line;
    while (str_line(&header, &line)) {
        if (also_automatic && str_starts(line, S("Auto-Submitted:")))
            return true;
        for (size_t i = 0; i < sizeof chaff / sizeof chaff[0]; i++)
            if (str_starts(line, str_from(chaff[i])))
                return true;
    }
    return false;
}

enum report { REPORT_NONE, REPORT_FAILED, REPORT_OTHER };

static bool is_delivery_report(str header, struct arena *a, str *ret_boundary)
{
    struct header_field f;
    str rest;
    if (!header_find(header, S("Content-Type"), &f))
        return false;
    str type = params_token(f.value, &rest);
    if (!str_ieq(type, S("multipart/report")))
        return false;
    struct params p = params_parse(a, rest);
    *ret_boundary = params_get(&p, S("boundary"));
    return str_ieq(params_get(&p, S("report-type")), S("delivery-status")) && ret_boundary->n;
}

/* The first Action: line decides; a report that closes without one says nothing. */
static enum report read_report(str header, str body, struct arena *a)
{
    str boundary, line;
    if (!is_delivery_report(header, a, &boundary))
        return REPORT_NONE;
    while (str_line(&body, &line)) {
        if (str_iskip(&line, S("Action:")))
            return str_ieq(str_trim(line), S("failed")) ? REPORT_FAILED : REPORT_OTHER;
        if (str_skip(&line, S("--")) && str_skip(&line, boundary) && str_starts(line, S("--")))
            return REPORT_OTHER;
    }
    return REPORT_NONE; /* truncated: better kept */
}

/* Old sendmail says "still trying" between two rows of stars. */
static bool is_sendmail_warning(str header, str body)
{
    struct header_field f;
    if (!header_find(header, S("From"), &f) ||
        !str_starts(str_trim(f.value), S("Mail Delivery Subsystem <MAILER-DAEMON@")) ||
        !header_find(header, S("Subject"), &f) || !str_istarts(str_trim(f.value), S("warning: ")))
        return false;
    str line;
    for (unsigned i = 0; i < 8 && str_line(&body, &line); i++)
        if (str_starts(line, S("    **********************************************")) ||
            str_find_str(line, S("THIS IS A WARNING MESSAGE ONLY")) >= 0)
            return true;
    return false;
}

bool weed_is_chaff(str message, unsigned flags)
{
    struct header_split m = header_split(message, 0);
    bool strict = flags & WEED_STRICT;
    struct arena *a = arena_new("weed", 1 << 20);
    enum report report = read_report(m.header, m.body, a);
    arena_free(a);
    if (!strict && report == REPORT_FAILED)
        return false;
    if (has_chaff_line(m.header, true))
        return true;
    return report == REPORT_OTHER || is_sendmail_warning(m.header, m.body);
}
