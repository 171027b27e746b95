/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small helpers for the answers of --json, over json-c.  ulp(1) describes the schema, and
 * specs/ulp-output.schema.json has it for programs.
 *
 * None of them fails: without memory the program ends with the exit status of ULP_ENOMEM and a
 * line on stderr, for half an answer must not look like one.  Nothing of the answer has been
 * printed until report_finish().
 */
#ifndef ULP_TRIGGER_JSON_H
#define ULP_TRIGGER_JSON_H

#include "container/patch.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* What was made by json-c or malloc(), as it is; ends the program for NULL. */
void *json_checked(void *made);

struct json_object *json_made(void);

/* Takes value; NULL becomes null.  A member of this name is replaced. */
void json_put(struct json_object *object, const char *key, struct json_object *value);

/* Takes value. */
void json_append(struct json_object *array, struct json_object *value);

/* A new object at the array's end; borrowed. */
struct json_object *json_append_object(struct json_object *array);

/* A string: what is harmful in it is shown as quote() does, and it is never cut. */
struct json_object *json_text(const char *text);

/* The same as a member; null for "" and for NULL, which stand for what is not known. */
void json_put_text(struct json_object *object, const char *key, const char *text);

/* The same for what a process says, which may be huge and often: cut as quoted() does. */
void json_put_quoted(struct json_object *object, const char *key, const char *text);

void json_put_number(struct json_object *object, const char *key, uint64_t number);
void json_put_signed(struct json_object *object, const char *key, int64_t number);
void json_put_bool(struct json_object *object, const char *key, bool value);

/* A string "0x" and 16 digits: many readers lose digits of numbers with 64 bits. */
void json_put_address(struct json_object *object, const char *key, uint64_t address);

/* Lower-case hex; null for none. */
void json_put_build_id(struct json_object *object, const char *key, const struct ulp_build_id *id);

/* Bytes as lower-case hex, without spaces. */
void json_put_bytes(struct json_object *object, const char *key, const uint8_t *bytes, size_t len);

/* New and empty, as a member; borrowed. */
struct json_object *json_put_array(struct json_object *object, const char *key);
struct json_object *json_put_object(struct json_object *object, const char *key);

/* "function", "none" or "library"; null for another value. */
void json_put_consistency(struct json_object *object, enum ulp_consistency consistency);

/* code, status, where and text of an error, into the object; where instead of err->where. */
void json_put_error(struct json_object *object, const struct ulp_err *err, const char *where);

#endif
