// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * x86-64: the entry is one 5-byte NOP inside one aligned 8-byte word, so that a
 * single aligned store turns it into `jmp rel32` (container/entry.h, ULP_ENTRY_NOP5):
 *
 *	without landing pad       with endbr64             endbr64, function aligned by hand
 *	  0 mod 8: function:        4 mod 8: function:       0 mod 8: function:
 *	  0..4     NOP              4..7     endbr64         0..3     endbr64
 *	                            8..12    NOP             4..7     4-byte NOP
 *	                                                     8..12    NOP
 *
 * Where GCC would align the function to more, it stands at 4 modulo that.
 *
 * Without optimisation a frame that is set up and given up at once comes first:
 *
 *	  0 mod 8: function:        0 mod 8: function:
 *	  0..4     frame            0..3     endbr64
 *	  5..7     3-byte NOP       4..8     frame
 *	  8..12    NOP              9..13    NOP
 *
 * It has no effect but one: gdb takes a function for one without a frame, and stops
 * before its arguments are stored, unless the first bytes are these (gdb's
 * amd64_analyze_prologue()).  At other levels gdb knows from the debug information
 * where the arguments are, and looks at no bytes.
 */
#include "gcc-plugin/arch.h"

#include "debug.h"
#include "insn-attr.h"
#include "predict.h"

/*
 * The assembler is free in how it encodes a NOP, hence the prefix that forces the
 * displacement.  Bytes (.byte) would be no instructions to it: the line number
 * information of the function would begin behind them.
 */
struct instructions {
	const char *push, *mov, *pop; /* 55, 48 89 e5, 5d */
	const char *nop3;	      /* 0f 1f 00 */
	const char *nop4;	      /* 0f 1f 40 00 */
	const char *entry;	      /* 0f 1f 44 00 00 */
};

static const struct instructions att = {
	.push = "pushq %rbp",
	.mov = "movq %rsp, %rbp",
	.pop = "popq %rbp",
	.nop3 = "nopl (%rax)",
	.nop4 = "{disp8} nopl 0(%rax)",
	.entry = "{disp8} nopl 0(%rax,%rax)",
};

static const struct instructions intel = {
	.push = "push rbp",
	.mov = "mov rbp, rsp",
	.pop = "pop rbp",
	.nop3 = "nop DWORD PTR [rax]",
	.nop4 = "{disp8} nop DWORD PTR [rax+0]",
	.entry = "{disp8} nop DWORD PTR [rax+rax+0]",
};

#define WORD 8	   /* bytes that one aligned store changes at once */
#define WORD_LOG 3 /* log2 of it */
#define ENDBR 4	   /* bytes of endbr64 */

const unsigned char arch_filler = 0x90;

const char *const arch_no_entry_attributes[] = {
	"naked",	    /* the function is the author's assembly from its first byte on */
	"ms_hook_prologue", /* promises other first bytes */
	"interrupt",	    /* entered by the hardware, not by calls */
	NULL,
};

void arch_check_options(void)
{
	if (!TARGET_64BIT || TARGET_X32)
		error("the plugin %<ulp%> supports x86-64 code only, not %<-m32%>, %<-m16%> or "
		      "%<-mx32%>");
	/*
	 * Where GCC was configured so, -pg alone implies -mfentry; plain -pg calls
	 * mcount after the prologue and is no obstacle.
	 */
	if (flag_fentry > 0 && (profile_flag || global_options_set.x_flag_fentry))
		error("%<-mfentry%> puts a call at the entry of each function, where the "
		      "plugin %<ulp%> puts its NOP; use %<-mno-fentry%>");
}

/* The endbr64 that GCC's own pass has put before this block, if any. */
static bool follows_endbr(rtx_insn *head)
{
	rtx_insn *insn = PREV_INSN(head);

	while (insn && !INSN_P(insn))
		insn = PREV_INSN(insn);
	return insn && GET_CODE(PATTERN(insn)) == UNSPEC_VOLATILE &&
	       XINT(PATTERN(insn), 1) == UNSPECV_NOP_ENDBR;
}

static unsigned hard_alignment(void)
{
	return symtab_node::get(current_function_decl)->definition_alignment() / BITS_PER_UNIT;
}

/*
 * Would the function begin with `push %rbp; mov %rsp,%rbp` without us?  The unwind
 * information must be able to follow: the assembler's can, GCC's own is written already.
 * Nothing here may depend on -g, which must not change the code.
 */
static bool begins_with_frame(void)
{
	return !optimize && frame_pointer_needed && !flag_split_stack && flag_dwarf2_cfi_asm;
}

/*
 * Log2 of the alignment that GCC would give the function for speed
 * (assemble_start_function() in GCC's varasm.c).  One that is subject to a limit of
 * padding stays GCC's own business.
 */
static unsigned alignment_for_speed(void)
{
	const align_flags_tuple &level = align_functions.levels[0];
	bool unlimited = level.maxskip + 1 >= 1 << level.log && !flag_limit_function_alignment;

	if (DECL_USER_ALIGN(current_function_decl) || !optimize_function_for_speed_p(cfun))
		return 0;
	return unlimited ? level.log : 0;
}

static struct arch_place place_behind_endbr(void)
{
	unsigned log = alignment_for_speed();

	/* Both alignments, one after the other, would cost the offset once more. */
	if (log >= WORD_LOG)
		DECL_USER_ALIGN(current_function_decl) = 1;
	else
		log = WORD_LOG;
	return arch_place{log, WORD - ENDBR};
}

/* DWARF number of %rbp (System V psABI for x86-64, figure "DWARF Register Number Mapping"). */
#define DWARF_RBP "6"

static std::string frame(const struct instructions *insns)
{
	bool cfi = dwarf2out_do_cfi_asm();
	std::string text = insns->push;

	if (cfi)
		text += "\n\t.cfi_adjust_cfa_offset 8\n\t.cfi_rel_offset " DWARF_RBP ", 0";
	text += std::string("\n\t") + insns->mov + "\n\t" + insns->pop + "\n\t";
	if (cfi)
		text += ".cfi_adjust_cfa_offset -8\n\t.cfi_restore " DWARF_RBP "\n\t";
	return text;
}

struct arch_place arch_emit_entry(unsigned nr)
{
	rtx_insn *head = BB_HEAD(ENTRY_BLOCK_PTR_FOR_FN(cfun)->next_bb);
	const struct instructions *insns = ix86_asm_dialect == ASM_INTEL ? &intel : &att;
	struct arch_place place = {WORD_LOG, 0};
	bool endbr = follows_endbr(head);
	std::string text;

	if (begins_with_frame())
		text = frame(insns) + (endbr ? "" : std::string(insns->nop3) + "\n\t");
	else if (endbr && hard_alignment() >= WORD)
		text = std::string(insns->nop4) + "\n\t";
	else if (endbr)
		place = place_behind_endbr();
	text += ".Lulp" + std::to_string(nr) + ":\n\t" + insns->entry;
	/*
	 * The location inside the pattern must be a known one (final asks for its
	 * file), the instruction's own is the prologue's: a line of its own would
	 * make debuggers take the entry for the end of the prologue.
	 */
	rtx body = gen_rtx_ASM_INPUT_loc(VOIDmode, ggc_strdup(text.c_str()), BUILTINS_LOCATION);
	emit_insn_before_setloc(body, head, prologue_location);
	return place;
}

unsigned long arch_code_size(void)
{
	unsigned long size = 0;

	for (rtx_insn *insn = get_insns(); insn; insn = NEXT_INSN(insn))
		if (NONDEBUG_INSN_P(insn))
			size += get_attr_length(insn);
	return size;
}
