/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decoding of the plugin's facts, in two passes by the same code: the first one
 * checks everything and counts, the second one fills arrays of that size.  The caller
 * sees nothing of a section that fails anywhere.
 */
#include "config.h"

#include "container/facts_path.h"
#include "container/facts_store.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The least lengths of what the format has numbers of, in bytes: they bound the numbers. */
#define MIN_FILE_LEN 1	    /* the NUL */
#define MIN_FUNCTION_LEN 10 /* 4 bytes, the NUL of the name, 5 ulebs */
#define MIN_INLINED_LEN 2   /* 2 ulebs */
#define MIN_CONSTANT_LEN 1  /* the NUL */

#define ALL_UNIT_FLAGS \
	(ULP_FACTS_UNIT_IPA_KEPT | ULP_FACTS_UNIT_BEFORE_LTO | ULP_FACTS_UNIT_PARTITION)
#define ALL_FUNCTION_FLAGS                                                             \
	(ULP_FACTS_FUNCTION_CODE | ULP_FACTS_FUNCTION_COLD | ULP_FACTS_FUNCTION_WEAK | \
	 ULP_FACTS_FUNCTION_COMDAT)

#define COUNT_ROW(name, ...) COUNT_##name,
enum { ULP_FACTS_KINDS(COUNT_ROW) NR_KINDS };
enum { ULP_FACTS_LINKAGES(COUNT_ROW) NR_LINKAGES };
#undef COUNT_ROW

/* A unit's path and the hash of what it means. */
struct file_ref {
	const char *path;
	uint64_t hash;
};

struct reader {
	const unsigned char *bytes;
	size_t pos;
	size_t end; /* of what may be read now: the section or the unit */
	size_t unit_start;
	bool linked;
	enum ulp_code code; /* of the first failure; from then on all reads give 0 */
	struct ulp_err *err;

	struct facts_store *store; /* NULL in the first pass */
	struct file_ref *files;	   /* of this unit; NULL in the first pass */
	size_t max_files;	   /* the most that a unit has */
	uint32_t nr_units;
	uint32_t nr_functions;
	uint32_t nr_inlined;
	uint32_t nr_constants;
	struct facts_folder folder; /* where the unit's compiler ran */
};

/* Keeps the first failure only: what comes after it is a consequence. */
__attribute__((format(printf, 4, 5))) static void fail(struct reader *r, enum ulp_code code,
						       size_t off, const char *fmt, ...)
{
	va_list args;

	if (r->code != ULP_OK)
		return;
	va_start(args, fmt);
	r->code = ulp_vfail(r->err, code, fmt, args);
	va_end(args);
	(void)ulp_err_at(r->err, ULP_FACTS_SECTION "+0x%zx", off);
}

#define DAMAGED(r, off, ...) fail(r, ULP_EFORMAT, off, __VA_ARGS__)

/* --- numbers and strings --------------------------------------------------- */

/* what: of this and the others the text for the user, as ulp_err_text() takes it. */

/* A little-endian number of len bytes. */
static uint64_t get_fixed(struct reader *r, size_t len, const char *what)
{
	uint64_t value = 0;

	if (r->code != ULP_OK)
		return 0;
	if (r->end - r->pos < len) {
		DAMAGED(r, r->pos, "%s is cut off", ulp_err_text(what));
		return 0;
	}
	for (size_t i = len; i-- > 0;)
		value = value << 8 | r->bytes[r->pos + i];
	r->pos += len;
	return value;
}

/* Unsigned LEB128 of at most 5 bytes, below 2^32. */
static uint32_t get_uleb(struct reader *r, const char *what)
{
	size_t start = r->pos;
	uint64_t value = 0;

	if (r->code != ULP_OK)
		return 0;
	for (unsigned shift = 0; shift < 35; shift += 7) {
		unsigned char byte;

		if (r->pos == r->end) {
			DAMAGED(r, start, "%s is cut off", ulp_err_text(what));
			return 0;
		}
		byte = r->bytes[r->pos++];
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0 && value <= UINT32_MAX)
			return (uint32_t)value;
	}
	DAMAGED(r, start, "%s is a number that does not fit into 32 bits", ulp_err_text(what));
	return 0;
}

/* A number of things that take at least min_len bytes each. */
static uint32_t get_count(struct reader *r, size_t min_len, const char *what)
{
	size_t start = r->pos;
	uint32_t nr = get_uleb(r, what);

	if (r->code == ULP_OK && nr > (r->end - r->pos) / min_len) {
		DAMAGED(r, start, "%s (%u) is more than the unit has room for", ulp_err_text(what),
			nr);
		return 0;
	}
	return nr;
}

/* Strings go to terminals and into line-wise output: no control characters. */
static const char *get_string(struct reader *r, const char *what)
{
	const char *start = (const char *)r->bytes + r->pos;
	size_t len;

	if (r->code != ULP_OK)
		return "";
	len = strnlen(start, r->end - r->pos);
	if (len == r->end - r->pos) {
		DAMAGED(r, r->pos, "%s does not end inside the unit", ulp_err_text(what));
		return "";
	}
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)start[i] < 0x20 || start[i] == 0x7f) {
			DAMAGED(r, r->pos + i, "%s holds a control character", ulp_err_text(what));
			return "";
		}
	r->pos += len + 1;
	return start;
}

/* Paths of sources are also compared, which takes time and room by their length. */
static const char *get_path(struct reader *r, const char *what)
{
	size_t start = r->pos;
	const char *path = get_string(r, what);

	if (r->code == ULP_OK && r->pos - start > PATH_MAX) {
		DAMAGED(r, start, "%s is longer than a path can be", ulp_err_text(what));
		return "";
	}
	return path;
}

/* --- functions -------------------------------------------------------------- */

static void read_inlined(struct reader *r, uint32_t first_function, uint32_t nr_functions,
			 struct ulp_facts_function *f)
{
	f->first_inlined = r->nr_inlined;
	f->nr_inlined = get_count(r, MIN_INLINED_LEN, "the number of inlined functions");
	for (uint32_t i = 0; i < f->nr_inlined && r->code == ULP_OK; i++) {
		size_t off = r->pos;
		uint32_t function = get_uleb(r, "an inlined function");
		uint32_t via = get_uleb(r, "the place of an inlined function");

		if (function >= nr_functions)
			DAMAGED(r, off, "inlined is function %u of %u", function, nr_functions);
		else if (via > i)
			DAMAGED(r, off, "inlined via number %u, which is no earlier one", via);
		else if (r->store != NULL)
			r->store->inlined[r->nr_inlined] = (struct ulp_facts_inlined){
				.function = first_function + function,
				.via = via == 0 ? ULP_FACTS_NONE : f->first_inlined + via - 1,
			};
		r->nr_inlined++;
	}
}

/* Checks what one function's fields say against one another. */
static void check_function(struct reader *r, size_t off, const struct ulp_facts_function *f,
			   uint16_t unit_flags)
{
	if (f->kind >= NR_KINDS)
		DAMAGED(r, off, "a function is of the unknown kind %u", f->kind);
	else if (f->linkage >= NR_LINKAGES)
		DAMAGED(r, off, "a function has the unknown linkage %u", f->linkage);
	else if ((f->flags & ~ALL_FUNCTION_FLAGS) != 0)
		DAMAGED(r, off, "a function has unknown flags (0x%x)", f->flags);
	else if ((f->flags & ULP_FACTS_FUNCTION_CODE) != 0 &&
		 (unit_flags & ULP_FACTS_UNIT_BEFORE_LTO) != 0)
		DAMAGED(r, off, "a function has code before LTO");
}

static void read_origin(struct reader *r, uint32_t first_function, uint32_t nr_functions,
			struct ulp_facts_function *f)
{
	size_t off = r->pos;
	uint32_t origin = get_uleb(r, "a function's origin");

	f->origin = origin == 0 ? ULP_FACTS_NONE : first_function + origin - 1;
	if (origin > nr_functions)
		DAMAGED(r, off, "a function's origin is number %u of %u", origin, nr_functions);
	else if (origin != 0 && f->kind == ULP_FACTS_FUNCTION)
		DAMAGED(r, off, "a function that is no clone has an origin");
}

static void read_file(struct reader *r, uint32_t nr_files, struct ulp_facts_function *f)
{
	size_t off = r->pos;
	uint32_t file = get_uleb(r, "a function's file");

	if (file > nr_files) {
		DAMAGED(r, off, "a function's file is number %u of %u", file, nr_files);
	} else if (r->store != NULL) {
		f->file = r->files[file].path;
		r->store->paths[r->nr_functions] = r->files[file].hash;
	}
}

static void read_function(struct reader *r, const struct ulp_facts_unit *unit, uint32_t nr_files)
{
	struct ulp_facts_function f = {.unit = r->nr_units};
	size_t off = r->pos;
	uint64_t vaddr = 0;

	f.kind = (uint8_t)get_fixed(r, 1, "a function's kind");
	f.linkage = (uint8_t)get_fixed(r, 1, "a function's linkage");
	f.entry = (uint8_t)get_fixed(r, 1, "a function's entry");
	f.flags = (uint8_t)get_fixed(r, 1, "a function's flags");
	if ((f.flags & ULP_FACTS_FUNCTION_CODE) != 0)
		vaddr = get_fixed(r, 8, "a function's address");
	f.vaddr = r->linked ? vaddr : 0;
	f.name = get_string(r, "a function's name");
	if (r->code == ULP_OK)
		check_function(r, off, &f, unit->flags);
	read_file(r, nr_files, &f);
	f.line = get_uleb(r, "a function's line");
	read_origin(r, unit->first_function, unit->nr_functions, &f);
	f.relies = get_uleb(r, "what callers rely on");
	read_inlined(r, unit->first_function, unit->nr_functions, &f);
	if (r->code == ULP_OK && r->store != NULL)
		r->store->functions[r->nr_functions] = f;
	r->nr_functions++;
}

/*
 * No function may be its own origin, over however many others: who follows origins
 * must come to an end.  Each function is walked over once: marks say in whose walk.
 */
static void check_origins(struct reader *r, const struct ulp_facts_unit *unit)
{
	struct ulp_facts_function *functions = r->store->functions;
	uint32_t *marks = r->store->identity; /* not in use yet, all 0 */

	for (uint32_t i = 0; i < unit->nr_functions; i++) {
		uint32_t first = unit->first_function + i;
		uint32_t f = first;

		while (f != ULP_FACTS_NONE && marks[f] == 0) {
			marks[f] = first + 1;
			f = functions[f].origin;
		}
		if (f != ULP_FACTS_NONE && marks[f] == first + 1) {
			DAMAGED(r, r->unit_start, "function %u of the unit is its own origin",
				f - unit->first_function);
			return;
		}
	}
}

/* --- units ------------------------------------------------------------------ */

static void read_constants(struct reader *r, struct ulp_facts_unit *unit)
{
	unit->nr_constants = get_count(r, MIN_CONSTANT_LEN, "the number of constants");
	for (uint32_t i = 0; i < unit->nr_constants && r->code == ULP_OK; i++) {
		const char *name = get_string(r, "a constant's name");

		if (r->store != NULL)
			r->store->constants[r->nr_constants] = name;
		r->nr_constants++;
	}
}

/* File 0 is the unit's source. */
static void keep_file(struct reader *r, uint32_t i, const char *path)
{
	if (r->store == NULL || r->code != ULP_OK)
		return;
	r->files[i].path = path;
	r->files[i].hash = facts_path_hash(&r->folder, path);
}

static uint32_t read_files(struct reader *r, const struct ulp_facts_unit *unit)
{
	uint32_t nr;

	if (r->store != NULL)
		facts_folder_init(&r->folder, unit->directory);
	keep_file(r, 0, unit->source);
	nr = get_count(r, MIN_FILE_LEN, "the number of files");
	if (nr > r->max_files)
		r->max_files = nr;
	for (uint32_t i = 0; i < nr && r->code == ULP_OK; i++)
		keep_file(r, i + 1, get_path(r, "a file's path"));
	return nr;
}

/* What is left of the unit behind its length. */
static void read_unit_content(struct reader *r)
{
	struct ulp_facts_unit unit = {.first_function = r->nr_functions,
				      .first_constant = r->nr_constants};
	size_t off = r->pos;
	uint16_t version = (uint16_t)get_fixed(r, 2, "a unit's version");
	uint32_t nr_files;

	if (version < ULP_FACTS_OLDEST_VERSION || version > ULP_FACTS_VERSION)
		fail(r, ULP_EVERSION, off, "facts of version %u; this program reads %u to %u",
		     version, ULP_FACTS_OLDEST_VERSION, ULP_FACTS_VERSION);
	off = r->pos;
	unit.flags = (uint16_t)get_fixed(r, 2, "a unit's flags");
	if ((unit.flags & ~ALL_UNIT_FLAGS) != 0)
		DAMAGED(r, off, "a unit has unknown flags (0x%x)", unit.flags);
	unit.producer = get_string(r, "a unit's producer");
	unit.directory = get_path(r, "a unit's directory");
	unit.source = get_path(r, "a unit's source");
	unit.command = get_string(r, "a unit's command");
	nr_files = read_files(r, &unit);
	unit.nr_functions = get_count(r, MIN_FUNCTION_LEN, "the number of functions");
	for (uint32_t i = 0; i < unit.nr_functions && r->code == ULP_OK; i++)
		read_function(r, &unit, nr_files);
	if (version >= ULP_FACTS_VERSION_CONSTANTS)
		read_constants(r, &unit);
	if (r->pos != r->end)
		DAMAGED(r, r->pos, "%zu bytes are left over in a unit", r->end - r->pos);
	if (r->code != ULP_OK || r->store == NULL)
		return;
	check_origins(r, &unit);
	r->store->units[r->nr_units] = unit;
}

/* All units; counts and, with a store, fills. */
static enum ulp_code read_units(struct reader *r, size_t len)
{
	r->pos = 0;
	r->nr_units = r->nr_functions = r->nr_inlined = r->nr_constants = 0;
	while (r->pos != len && r->code == ULP_OK) {
		uint64_t unit_len;

		r->unit_start = r->pos;
		r->end = len;
		unit_len = get_fixed(r, 4, "a unit's length");
		if (r->code == ULP_OK && unit_len > len - r->pos)
			DAMAGED(r, r->unit_start, "a unit reaches past the end of the section");
		if (r->code != ULP_OK)
			break;
		r->end = r->pos + (size_t)unit_len;
		read_unit_content(r);
		r->nr_units++;
	}
	return r->code;
}

/* --- the whole -------------------------------------------------------------- */

/* An array that is there even if it is empty. */
static void *new_array(size_t nr, size_t size)
{
	return calloc(nr != 0 ? nr : 1, size);
}

static void store_free(struct facts_store *store)
{
	if (store == NULL)
		return;
	facts_index_free(store);
	free(store->identity);
	free(store->paths);
	free(store->constants);
	free(store->inlined);
	free(store->functions);
	free(store->units);
	free(store->bytes);
	free(store);
}

static enum ulp_code no_memory(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ENOMEM, "no memory for the facts");
}

/* A store with a copy of the section, so that nothing is borrowed. */
static struct facts_store *store_create(const void *bytes, size_t len)
{
	struct facts_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->bytes = malloc(len != 0 ? len : 1);
	if (store->bytes == NULL) {
		store_free(store);
		return NULL;
	}
	if (len != 0)
		memcpy(store->bytes, bytes, len);
	return store;
}

/* The second pass, and the index. */
static enum ulp_code fill(struct reader *r, size_t len, struct facts_store *store,
			  struct ulp_facts *facts)
{
	enum ulp_code code;

	store->units = new_array(r->nr_units, sizeof(*store->units));
	store->functions = new_array(r->nr_functions, sizeof(*store->functions));
	store->inlined = new_array(r->nr_inlined, sizeof(*store->inlined));
	store->constants = new_array(r->nr_constants, sizeof(*store->constants));
	store->paths = new_array(r->nr_functions, sizeof(*store->paths));
	store->identity = new_array(r->nr_functions, sizeof(*store->identity));
	r->files = new_array(r->max_files + 1, sizeof(*r->files));
	if (!store->units || !store->functions || !store->inlined || !store->constants ||
	    !store->paths || !store->identity || !r->files) {
		free(r->files);
		return no_memory(r->err);
	}
	r->store = store;
	code = read_units(r, len);
	free(r->files);
	if (code != ULP_OK)
		return code;
	*facts = (struct ulp_facts){
		.units = store->units,
		.functions = store->functions,
		.inlined = store->inlined,
		.nr_units = r->nr_units,
		.nr_functions = r->nr_functions,
		.nr_inlined = r->nr_inlined,
		.constants = store->constants,
		.nr_constants = r->nr_constants,
		.storage = store,
	};
	return facts_index_build(store, facts, r->err);
}

enum ulp_code ulp_facts_read(const void *bytes, size_t len, bool linked, struct ulp_facts *facts,
			     struct ulp_err *err)
{
	struct reader r = {.linked = linked, .err = err};
	struct facts_store *store;
	struct ulp_facts result;
	enum ulp_code code;

	if (len > ULP_FACTS_MAX_LEN) {
		DAMAGED(&r, 0, "the section is longer than %u MiB", ULP_FACTS_MAX_LEN >> 20);
		return r.code;
	}
	store = store_create(bytes, len);
	if (store == NULL)
		return no_memory(err);
	store->linked = linked;
	r.bytes = store->bytes;
	code = read_units(&r, len);
	if (code == ULP_OK)
		code = fill(&r, len, store, &result);
	if (code != ULP_OK) {
		store_free(store);
		return code;
	}
	*facts = result;
	return ULP_OK;
}

void ulp_facts_free(struct ulp_facts *facts)
{
	store_free(facts->storage);
	*facts = (struct ulp_facts){0};
}
