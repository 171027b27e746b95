/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small helpers for the answers of --json.  See json.h. */
#include "config.h"

#include "trigger/json.h"
#include "trigger/report.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

void *json_checked(void *made)
{
	if (made == NULL) {
		fputs("ulp: no memory for the answer\n", stderr);
		exit(ulp_code_status(ULP_ENOMEM));
	}
	return made;
}

struct json_object *json_made(void)
{
	return json_checked(json_object_new_object());
}

void json_put(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		(void)json_checked(NULL);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		(void)json_checked(NULL);
}

struct json_object *json_append_object(struct json_object *array)
{
	struct json_object *object = json_made();

	json_append(array, object);
	return object;
}

struct json_object *json_text(const char *text)
{
	char *whole = json_checked(quote_whole(text));
	struct json_object *string = json_checked(json_object_new_string(whole));

	free(whole);
	return string;
}

void json_put_text(struct json_object *object, const char *key, const char *text)
{
	json_put(object, key, text != NULL && *text != '\0' ? json_text(text) : NULL);
}

void json_put_quoted(struct json_object *object, const char *key, const char *text)
{
	const struct quoted shown = quoted(text);

	json_put(object, key,
		 *shown.text ? json_checked(json_object_new_string(shown.text)) : NULL);
}

void json_put_number(struct json_object *object, const char *key, uint64_t number)
{
	json_put(object, key, json_checked(json_object_new_uint64(number)));
}

void json_put_signed(struct json_object *object, const char *key, int64_t number)
{
	json_put(object, key, json_checked(json_object_new_int64(number)));
}

void json_put_bool(struct json_object *object, const char *key, bool value)
{
	json_put(object, key, json_checked(json_object_new_boolean(value)));
}

void json_put_address(struct json_object *object, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%016" PRIx64, address);
	json_put_text(object, key, text);
}

void json_put_build_id(struct json_object *object, const char *key, const struct ulp_build_id *id)
{
	char text[2 * ULP_BUILD_ID_MAX + 1] = "";

	if (id->len != 0)
		(void)ulp_build_id_format(id, text, sizeof(text));
	json_put_text(object, key, text);
}

void json_put_bytes(struct json_object *object, const char *key, const uint8_t *bytes, size_t len)
{
	char *text = json_checked(calloc(len + 1, 2));

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	json_put_text(object, key, text);
	free(text);
}

struct json_object *json_put_array(struct json_object *object, const char *key)
{
	struct json_object *array = json_checked(json_object_new_array());

	json_put(object, key, array);
	return array;
}

struct json_object *json_put_object(struct json_object *object, const char *key)
{
	struct json_object *made = json_made();

	json_put(object, key, made);
	return made;
}

void json_put_consistency(struct json_object *object, enum ulp_consistency consistency)
{
	static const char *const words[ULP_NR_CONSISTENCIES] = {
		[ULP_CONSISTENCY_FUNCTION] = "function",
		[ULP_CONSISTENCY_NONE] = "none",
		[ULP_CONSISTENCY_LIBRARY] = "library",
	};

	json_put_text(object, "consistency",
		      (size_t)consistency < ULP_NR_CONSISTENCIES ? words[consistency] : NULL);
}

void json_put_error(struct json_object *object, const struct ulp_err *err, const char *where)
{
	json_put_text(object, "code", ulp_code_name(err->code));
	json_put_number(object, "status", (uint64_t)ulp_code_status(err->code));
	json_put_text(object, "where", where);
	json_put_text(object, "text", *err->text ? err->text : ulp_code_text(err->code));
}
