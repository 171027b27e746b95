// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Follows the functions through the compilation.  GCC inlines in two steps:
 *
 * Early, function by function, callees first.  A call that is to be inlined gets a
 * call graph node of its own, marked by inlined_to, which is removed when the body
 * has been merged: so the removal hook sees each.  What was inlined early belongs to
 * the function for good: it is in every later copy, clone and part of it.
 *
 * Later for the whole unit.  These nodes are all there when GCC has finished its
 * interprocedural passes; the bodies are merged after that.
 */
#include "gcc-plugin/facts.h"
#include "gcc-plugin/settings.h"

static ulp_known_map known;

/* Whether the removal of an inlined node still tells of early inlining. */
static bool is_early;

/* Where a node that was inlined into an early inlined one stands: by node, a place. */
static std::map<int, unsigned> early_place;

static decltype(targetm.asm_out.function_prologue) gcc_prologue;

/* --- functions ------------------------------------------------------------------- */

/*
 * The name as in the symbol table.  Asking for the assembler name would number a
 * nested function that has none yet, and so change the names of those that follow.
 */
static std::string symbol_name(tree decl)
{
	tree id = DECL_NAME(decl);

	if (DECL_ASSEMBLER_NAME_SET_P(decl) || TREE_PUBLIC(decl) || DECL_FILE_SCOPE_P(decl))
		id = DECL_ASSEMBLER_NAME(decl);
	const char *name = id ? IDENTIFIER_POINTER(id) : "";
	return *name == '*' ? name + 1 : name; /* '*': asm("name"), to be taken literally */
}

static enum ulp_facts_linkage linkage_of(tree decl)
{
	if (!TREE_PUBLIC(decl))
		return ULP_FACTS_LOCAL;
	if (DECL_VISIBILITY(decl) == VISIBILITY_HIDDEN ||
	    DECL_VISIBILITY(decl) == VISIBILITY_INTERNAL)
		return ULP_FACTS_HIDDEN;
	return ULP_FACTS_EXPORTED;
}

/* What the declaration itself tells, which IPA passes may still change. */
static void describe(struct ulp_known *f, tree decl)
{
	expanded_location where = expand_location(DECL_SOURCE_LOCATION(decl));
	bool is_known = DECL_SOURCE_LOCATION(decl) > BUILTINS_LOCATION && where.file;

	f->name = symbol_name(decl);
	f->linkage = linkage_of(decl);
	f->file = is_known ? where.file : "";
	f->line = is_known ? (unsigned)where.line : 0;
	f->flags &= ~(ULP_FACTS_FUNCTION_WEAK | ULP_FACTS_FUNCTION_COMDAT);
	f->flags |= DECL_WEAK(decl) ? ULP_FACTS_FUNCTION_WEAK : 0;
	f->flags |= DECL_ONE_ONLY(decl) ? ULP_FACTS_FUNCTION_COMDAT : 0;
}

static struct ulp_known *know(tree decl)
{
	auto at = known.find(DECL_UID(decl));

	if (at == known.end()) {
		at = known.insert(std::make_pair(DECL_UID(decl), ulp_known())).first;
		describe(&at->second, decl);
	}
	return &at->second;
}

static void set_origin(struct ulp_known *f, enum ulp_facts_kind kind, tree origin)
{
	f->kind = kind;
	f->origin = DECL_UID(origin);
}

/* --- early inlining, clones and parts ---------------------------------------------- */

static void note_merged_body(struct cgraph_node *node, void *)
{
	struct cgraph_node *root = node->inlined_to;

	/* Other removals, such as of what cannot be reached, happen outside of the function. */
	if (!is_early || !root || current_function_decl != root->decl)
		return;
	struct ulp_known *f = know(node->decl), *into = know(root->decl);
	auto via = early_place.find(node->get_uid());
	unsigned place =
		into->early.add(DECL_UID(node->decl), via == early_place.end() ? 0 : via->second);

	into->early.add_all(f->early, place);
	/* With attribute flatten whole trees are merged, the outer bodies first. */
	for (struct cgraph_edge *e = node->callees; e; e = e->next_callee)
		if (e->callee->inlined_to)
			early_place[e->callee->get_uid()] = place;
	early_place.erase(node->get_uid());
}

/* Copies for inlining keep the declaration; clones get a new one. */
static void note_clone(struct cgraph_node *from, struct cgraph_node *to, void *)
{
	if (from->decl == to->decl)
		return;
	struct ulp_known *origin = know(from->decl), *f = know(to->decl);

	set_origin(f, ULP_FACTS_CLONE, from->decl);
	f->before_lto = false;
	f->early = origin->early;
	f->declared = origin->declared;
}

/*
 * Splitting a function (.part), and making versions of it, is seen here only.  How
 * the inlined bodies are shared out between the pieces GCC does not tell, so each
 * piece is taken to have all of them: rather too many than one missed.
 */
static void note_new_function(struct cgraph_node *node, void *)
{
	tree origin = DECL_ABSTRACT_ORIGIN(node->decl);

	if (!origin || TREE_CODE(origin) != FUNCTION_DECL || origin == node->decl)
		return;
	/* The abstract origin of a constructor's part is the constructor as declared. */
	if (current_function_decl && DECL_ORIGIN(current_function_decl) == origin)
		origin = current_function_decl;
	struct ulp_known *from = know(origin), *f = know(node->decl);

	/* Whether it is a part is not marked yet; finish_passes() looks again. */
	set_origin(f, is_early ? ULP_FACTS_PART : ULP_FACTS_CLONE, origin);
	f->before_lto = is_early;
	f->early = from->early;
	f->all = from->all; /* for those that are made late: versions for SIMD */
	f->declared = from->declared;
}

void ulp_facts_note_merged(unsigned function, unsigned into)
{
	auto f = known.find(function);

	if (f == known.end() || known.find(into) == known.end())
		return;
	f->second.kind = ULP_FACTS_MERGED;
	f->second.origin = into;
}

/* --- the call graph before and after the interprocedural passes ---------------------- */

static void start_passes(void *, void *)
{
	struct cgraph_node *node;

	is_early = true;
	/* Not earlier: a precompiled header replaces the symbol table. */
	symtab->add_cgraph_removal_hook(note_merged_body, NULL);
	symtab->add_cgraph_duplication_hook(note_clone, NULL);
	symtab->add_cgraph_insertion_hook(note_new_function, NULL);
	FOR_EACH_FUNCTION(node)
	{
		if (!node->definition || node->alias)
			continue;
		/* LTO no longer knows which of the flags were found. */
		know(node->decl)->declared = in_lto_p ? 0 : ulp_facts_declared(node->decl);
	}
}

/* Adds what is inlined into the node, at the place via of the list. */
static void add_inlined(struct ulp_copies *copies, unsigned via, struct cgraph_node *node)
{
	for (struct cgraph_edge *e = node->callees; e; e = e->next_callee) {
		unsigned place = via;

		if (e->inline_failed)
			continue;
		/* A thunk that was inlined has no body, only its callee has. */
		if (!e->callee->thunk) {
			const struct ulp_known *f = know(e->callee->decl);

			place = copies->add(DECL_UID(e->callee->decl), via);
			copies->add_all(f->early, place);
		}
		add_inlined(copies, place, e->callee);
	}
}

/* Some thunks become functions on the way, into which the origin may be inlined. */
static void note_thunk(struct ulp_known *f, struct cgraph_node *node)
{
	f->kind = ULP_FACTS_THUNK;
	if (!node->callees)
		return;
	struct cgraph_node *origin = node->callees->callee->ultimate_alias_target();

	know(origin->decl);
	f->origin = DECL_UID(origin->decl);
}

static void note_part_from_lto(struct ulp_known *f, tree origin)
{
	f->kind = ULP_FACTS_PART;
	if (!origin || TREE_CODE(origin) != FUNCTION_DECL)
		return;
	know(origin);
	f->origin = DECL_UID(origin);
}

static void note_kind(struct ulp_known *f, struct cgraph_node *node)
{
	struct cgraph_node *from = node->clone_of;

	if (node->thunk || node->former_thunk_p()) {
		note_thunk(f, node);
		return;
	}
	/* In the second half of LTO no hook has told of clones and parts. */
	if (f->origin == ULP_NO_UID && from && from->decl != node->decl) {
		note_kind(know(from->decl), from);
		set_origin(f, ULP_FACTS_CLONE, from->decl);
	}
	if (f->origin == ULP_NO_UID && in_lto_p && node->split_part)
		note_part_from_lto(f, DECL_ABSTRACT_ORIGIN(node->decl));
	if (f->kind == ULP_FACTS_PART && !node->split_part)
		f->kind = ULP_FACTS_CLONE;
}

static void note_alias(struct cgraph_node *node)
{
	struct cgraph_node *target;

	if (!node->analyzed || node->weakref || node->transparent_alias)
		return;
	target = node->get_alias_target_tree() ? node->ultimate_alias_target() : NULL;
	if (!target || !target->definition)
		return;
	struct ulp_known *f = know(node->decl);

	describe(f, node->decl);
	know(target->decl);
	set_origin(f, node->icf_merged ? ULP_FACTS_MERGED : ULP_FACTS_ALIAS, target->decl);
	f->entry = ULP_FACTS_OTHER_ENTRY;
}

static void finish_passes(void *, void *)
{
	struct cgraph_node *node;

	is_early = false;
	FOR_EACH_FUNCTION(node)
	{
		if (node->alias) {
			note_alias(node);
			continue;
		}
		if (!node->definition)
			continue;
		struct ulp_known *f = know(node->decl);

		note_kind(f, node);
		if (node->inlined_to)
			continue;
		describe(f, node->decl);
		f->all = f->early;
		add_inlined(&f->all, 0, node);
	}
}

/* --- code --------------------------------------------------------------------------- */

/*
 * Puts a label at each function's code.  The function's own name would not do: that
 * of a weak one, or of one in a COMDAT group, may come to mean another object's.
 */
static void label_code(FILE *file)
{
	static unsigned last_label;
	struct ulp_known *f = know(current_function_decl);

	describe(f, current_function_decl);
	f->label = ++last_label;
	if (crtl->has_bb_partition)
		f->flags |= ULP_FACTS_FUNCTION_COLD;
	if (ulp_settings.keep_ipa)
		f->relies = ulp_facts_relies_on_body() & ~f->declared;
	fprintf(file, ".Lulp_code%u:\n", f->label);
	gcc_prologue(file);
}

void ulp_facts_note_entry(enum ulp_facts_entry entry)
{
	if (ulp_settings.facts)
		know(current_function_decl)->entry = entry;
}

static void start_unit(void *, void *)
{
	gcc_prologue = targetm.asm_out.function_prologue;
	targetm.asm_out.function_prologue = label_code;
}

/* An alias is where its origin is; some were made in case of need, and never printed. */
static void note_printed_alias(struct ulp_known *alias, struct cgraph_node *node)
{
	auto origin = known.find(alias->origin);

	if (origin != known.end() && (TREE_ASM_WRITTEN(node->decl) || node->symver))
		alias->label = origin->second.label;
}

/* What is known only when the code has been printed. */
static void note_printed_code(void)
{
	struct cgraph_node *node;

	FOR_EACH_FUNCTION(node)
	{
		auto at = known.find(DECL_UID(node->decl));

		if (at == known.end())
			continue;
		if (node->alias)
			note_printed_alias(&at->second, node);
		else if (ulp_settings.keep_ipa && at->second.label)
			at->second.relies |= ulp_facts_relies_on_code(node);
	}
}

static void finish_unit(void *, void *)
{
	unsigned flags = ulp_settings.keep_ipa ? ULP_FACTS_UNIT_IPA_KEPT : 0;

	if (!asm_out_file || seen_error() || flag_wpa || known.empty())
		return;
	note_printed_code();
	if (flag_lto && !in_lto_p)
		ulp_facts_print(known, flags | ULP_FACTS_UNIT_BEFORE_LTO);
	if (in_lto_p)
		ulp_facts_print(known, flags | ULP_FACTS_UNIT_PARTITION);
	else if (!flag_lto || flag_fat_lto_objects)
		ulp_facts_print(known, flags);
}

void ulp_facts_init(const char *plugin_name)
{
	register_callback(plugin_name, PLUGIN_START_UNIT, start_unit, NULL);
	register_callback(plugin_name, PLUGIN_ALL_IPA_PASSES_START, start_passes, NULL);
	register_callback(plugin_name, PLUGIN_ALL_IPA_PASSES_END, finish_passes, NULL);
	register_callback(plugin_name, PLUGIN_FINISH_UNIT, finish_unit, NULL);
	if (ulp_settings.keep_ipa)
		ulp_facts_watch_merging(plugin_name);
}
