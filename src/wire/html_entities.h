/* SPDX-License-Identifier: ISC */
/* wire/html_entities.h -- the named characters of HTML 4 (and apos): name to code point. */
#pragma once
#include "base/base.h"

enum { HTML_ENTITY_MAX = 8 }; /* letters of the longest name */

uint32_t html_entity(str name); /* 0: not known; "&Eacute" and "&eacute" are two */
