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
 */
#include "gcc-plugin/arch.h"

#include "insn-attr.h"

/*
 * The assembler is free in how it encodes a NOP, hence the prefix that forces the
 * displacement.  Bytes (.byte) would be no instructions to it: the line number
 * information of the function would begin behind them.
 */
struct nops {
	const char *filler; /* 0f 1f 40 00 */
	const char *entry;  /* 0f 1f 44 00 00 */
};

static const struct nops att = {
	"{disp8} nopl 0(%rax)",
	"{disp8} nopl 0(%rax,%rax)",
};

static const struct nops intel = {
	"{disp8} nop DWORD PTR [rax+0]",
	"{disp8} nop DWORD PTR [rax+rax+0]",
};

/* Bytes that one aligned store changes at once. */
#define WORD 8

static const char align_0_mod_8[] = "\t.p2align 3\n";

/*
 * 4 mod 8 from any place, with the least padding that alignment directives alone
 * can give: the first one moves 4..7 to 0 and leaves 1..3 alone, the NOP (never
 * executed) gives 1..4, the last one rounds these up to 4.
 */
static const char align_4_mod_8[] = "\t.p2align 3,,4\n\tnop\n\t.p2align 2\n";

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

const char *arch_emit_entry(unsigned nr)
{
	rtx_insn *head = BB_HEAD(ENTRY_BLOCK_PTR_FOR_FN(cfun)->next_bb);
	bool endbr = follows_endbr(head);
	bool filler = endbr && hard_alignment() >= WORD;
	const struct nops *nops = ix86_asm_dialect == ASM_INTEL ? &intel : &att;
	char text[128];

	snprintf(text, sizeof(text), "%s%s.Lulp%u:\n\t%s", filler ? nops->filler : "",
		 filler ? "\n" : "", nr, nops->entry);
	/*
	 * The location inside the pattern must be a known one (final asks for its
	 * file), the instruction's own is the prologue's: a line of its own would
	 * make debuggers take the entry for the end of the prologue.
	 */
	rtx body = gen_rtx_ASM_INPUT_loc(VOIDmode, ggc_strdup(text), BUILTINS_LOCATION);
	emit_insn_before_setloc(body, head, prologue_location);
	return endbr && !filler ? align_4_mod_8 : align_0_mod_8;
}

unsigned long arch_code_size(void)
{
	unsigned long size = 0;

	for (rtx_insn *insn = get_insns(); insn; insn = NEXT_INSN(insn))
		if (NONDEBUG_INSN_P(insn))
			size += get_attr_length(insn);
	return size;
}
