/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/relations.h"

#include <string.h>

/* The change that is checked: which of the applied patches stay. */
struct check {
	const struct registry *reg;
	const struct ulp_object *target;
	const struct ulp_patch *patch; /* that is applied; NULL: patches only leave */
	const struct relations_leaving *leaving;
	struct ulp_err *err;
};

static const char *name_of(const struct registry_patch *p)
{
	return registry_string(p, p->head.name);
}

/* Whether the patch says this about a patch of that name. */
static bool says(const struct ulp_patch *patch, enum ulp_relation_kind kind, const char *name)
{
	for (size_t i = 0; i < patch->nr_relations; i++)
		if (patch->relations[i].kind == kind && strcmp(patch->relations[i].name, name) == 0)
			return true;
	return false;
}

/* The same, of an applied patch. */
static bool record_says(const struct registry_patch *p, enum ulp_relation_kind kind,
			const char *name)
{
	for (uint32_t i = 0; i < p->head.nr_relations; i++)
		if (p->relations[i].kind == kind &&
		    strcmp(registry_string(p, p->relations[i].name), name) == 0)
			return true;
	return false;
}

bool relations_leaves(const struct relations_leaving *leaving, const struct registry_patch *p)
{
	for (size_t i = 0; i < leaving->nr; i++)
		if (leaving->records[i] == p->at)
			return true;
	return false;
}

bool relations_applied(const struct registry *reg, const struct ulp_object *target,
		       const struct registry_patch *p)
{
	const struct ulp_reg_patch *h = &p->head;

	return registry_patch_applied(reg, p) && h->target_bias == target->bias &&
	       h->target_build_id_len == target->build_id.len &&
	       memcmp(h->target_build_id, target->build_id.bytes, target->build_id.len) == 0;
}

bool relations_superseded(const struct registry *reg, const struct ulp_object *target,
			  const struct ulp_patch *patch, const struct registry_patch *p)
{
	return relations_applied(reg, target, p) &&
	       says(patch, ULP_RELATION_SUPERSEDES, name_of(p));
}

/* Whether the record's patch is applied before and after the change. */
static bool stays(const struct check *c, const struct registry_patch *p)
{
	return relations_applied(c->reg, c->target, p) && !relations_leaves(c->leaving, p);
}

/* Whether a patch of this name is applied before and after the change. */
static bool name_stays(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->reg->nr; i++)
		if (strcmp(name_of(&c->reg->patches[i]), name) == 0 &&
		    stays(c, &c->reg->patches[i]))
			return true;
	return false;
}

/* Whether a patch of this name leaves. */
static bool name_leaves(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->reg->nr; i++)
		if (relations_leaves(c->leaving, &c->reg->patches[i]) &&
		    strcmp(name_of(&c->reg->patches[i]), name) == 0)
			return true;
	return false;
}

/* --- what the patch says of the others ------------------------------------------ */

static enum ulp_code check_own(const struct check *c)
{
	for (size_t i = 0; i < c->patch->nr_relations; i++) {
		const struct ulp_relation *r = &c->patch->relations[i];

		if (r->kind == ULP_RELATION_REQUIRES && name_leaves(c, r->name) &&
		    !name_stays(c, r->name))
			return ulp_fail(c->err, ULP_EREQUIRES,
					"requires the live patch %s, which would leave %s with the "
					"same change",
					r->name, c->patch->soname);
		if (r->kind == ULP_RELATION_REQUIRES && !name_stays(c, r->name))
			return ulp_fail(c->err, ULP_EREQUIRES,
					"requires the live patch %s, which is not applied to %s; "
					"apply that first",
					r->name, c->patch->soname);
		if (r->kind == ULP_RELATION_CONFLICTS && name_stays(c, r->name))
			return ulp_fail(c->err, ULP_ECONFLICT,
					"conflicts with the live patch %s, which is applied to %s; "
					"revert that first",
					r->name, c->patch->soname);
	}
	return ULP_OK;
}

/* --- what the others say of the patch -------------------------------------------- */

/* Whether a patch that is required by this name goes by the change, and none of the name stays. */
static bool takes_away(const struct check *c, const char *name)
{
	return name_leaves(c, name) && !name_stays(c, name) &&
	       (!c->patch || strcmp(c->patch->name, name) != 0);
}

static enum ulp_code check_required(const struct check *c, const struct registry_patch *p)
{
	for (uint32_t i = 0; i < p->head.nr_relations; i++) {
		const char *name = registry_string(p, p->relations[i].name);

		if (p->relations[i].kind != ULP_RELATION_REQUIRES || !takes_away(c, name))
			continue;
		if (!c->patch)
			return ulp_fail(c->err, ULP_EREQUIRED,
					"the live patch %.200s, which is applied to %s, requires "
					"it; revert that first",
					name_of(p), c->target->soname);
		return ulp_fail(c->err, ULP_EREQUIRED,
				"supersedes the live patch %.200s, which %.200s requires, and that "
				"is applied to %s; revert that first",
				name, name_of(p), c->patch->soname);
	}
	return ULP_OK;
}

static enum ulp_code check_other(const struct check *c, const struct registry_patch *p)
{
	if (c->patch && record_says(p, ULP_RELATION_CONFLICTS, c->patch->name))
		return ulp_fail(c->err, ULP_ECONFLICT,
				"the live patch %.200s, which is applied to %s, conflicts with it",
				name_of(p), c->patch->soname);
	if (c->patch && record_says(p, ULP_RELATION_SUPERSEDES, c->patch->name))
		return ulp_fail(c->err, ULP_ECONFLICT,
				"the live patch %.200s, which is applied to %s, supersedes it",
				name_of(p), c->patch->soname);
	return check_required(c, p);
}

static enum ulp_code check_others(const struct check *c)
{
	for (size_t i = 0; i < c->reg->nr; i++) {
		enum ulp_code code;

		if (!stays(c, &c->reg->patches[i]))
			continue;
		code = check_other(c, &c->reg->patches[i]);
		if (code)
			return code;
	}
	return ULP_OK;
}

enum ulp_code relations_check_apply(const struct registry *reg, const struct ulp_object *target,
				    const struct ulp_patch *patch,
				    const struct relations_leaving *leaving, struct ulp_err *err)
{
	const struct check c = {
		.reg = reg,
		.target = target,
		.patch = patch,
		.leaving = leaving,
		.err = err,
	};
	enum ulp_code code = check_own(&c);

	return code ? code : check_others(&c);
}

enum ulp_code relations_check_leave(const struct registry *reg, const struct ulp_object *target,
				    const struct relations_leaving *leaving, struct ulp_err *err)
{
	const struct check c = {
		.reg = reg,
		.target = target,
		.leaving = leaving,
		.err = err,
	};

	return check_others(&c);
}
