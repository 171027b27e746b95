/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Included by the small sources that tests of the packer compile: a library
 * with patchable entries without the GCC plugin, and relocations that C does
 * not give.  Each function `name` is an entry in front of the C function
 * name_body.
 */
#define BODY __attribute__((used, noinline)) static

#define ENTRY_AS(name, linkage, section)                                      \
	__asm__(".pushsection .text\n" linkage ".type " #name ", @function\n" \
		".balign 16\n" #name ":\n.Lulp_" #name ":\n"                  \
		".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"                        \
		"jmp " #name "_body\n"                                        \
		".size " #name ", . - " #name "\n"                            \
		".pushsection " section "\n"                                  \
		".long .Lulp_" #name " - .\n"                                 \
		".popsection\n"                                               \
		".popsection\n")

#define ENTRIES ".ulp.entries, \"ao\", @progbits, .text"
#define ENTRY(name) ENTRY_AS(name, ".globl " #name "\n", ENTRIES)
#define STATIC_ENTRY(name) ENTRY_AS(name, "", ENTRIES)

/*
 * As the first statement of a function, which then is one for debug information too:
 * the entry of that function.
 */
#define ENTRY_HERE(name)                                        \
	__asm__ volatile(".balign 8\n.Lulp_" #name ":\n"        \
			 ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n" \
			 ".pushsection " ENTRIES "\n"           \
			 ".long .Lulp_" #name " - .\n"          \
			 ".popsection\n" ::                     \
				 : "memory")

/* As -fpatchable-function-entry leaves it: NOPs before the function, and at it. */
#define PFE_ENTRY_AS(name, align, before, at)                                              \
	__asm__(".pushsection .text\n.globl " #name "\n.type " #name ", @function\n" align \
		"\n.Lulp_" #name ":\n" before "\n" #name ":\n" at "\n"                     \
		"jmp " #name "_body\n"                                                     \
		".size " #name ", . - " #name "\n"                                         \
		".pushsection __patchable_function_entries, \"awo\", @progbits, .text\n"   \
		".balign 8\n.quad .Lulp_" #name "\n.popsection\n"                          \
		".popsection\n")

#define PFE_ENTRY(name) PFE_ENTRY_AS(name, ".balign 16", ".fill 14, 1, 0x90", ".byte 0x90, 0x90")
#define PFE_ENDBR_ENTRY(name)                                 \
	PFE_ENTRY_AS(name, ".balign 16", ".fill 14, 1, 0x90", \
		     ".byte 0xf3, 0x0f, 0x1e, 0xfa, 0x66, 0x90")
/* Its two bytes are in two aligned words. */
#define PFE_CROSSING_ENTRY(name) \
	PFE_ENTRY_AS(name, ".balign 16\nret", ".fill 14, 1, 0x90", ".byte 0x90, 0x90")
/* Another layout of the same option: =16,0. */
#define PFE_OTHER_ENTRY(name) PFE_ENTRY_AS(name, ".balign 16", "", ".fill 16, 1, 0x90")

/* The entry's bytes are not those of a NOP. */
#define WRONG_ENTRY(name)                                                            \
	__asm__(".pushsection .text\n.globl " #name "\n.type " #name ", @function\n" \
		".balign 16\n" #name ":\n.Lulp_" #name ":\n"                         \
		".byte 0x90, 0x90, 0x90, 0x90, 0x90\n"                               \
		"jmp " #name "_body\n"                                               \
		".size " #name ", . - " #name "\n"                                   \
		".pushsection " ENTRIES "\n.long .Lulp_" #name " - .\n.popsection\n" \
		".popsection\n")

/* A reference that depends on the load address. */
#define ABSOLUTE_REFERENCE(name) __asm__ volatile("movl $" #name ", %%eax" ::: "eax")

/* A distance in read-only data to two variables of one section, which C does not give. */
#define DISTANCES_IN_DATA                                                      \
	__asm__(".pushsection .data\n"                                         \
		".type one, @object\none: .long 1\n.size one, 4\n"             \
		".type two, @object\ntwo: .long 2\n.size two, 4\n"             \
		".popsection\n"                                                \
		".pushsection .rodata.distance, \"a\", @progbits\n"            \
		".globl distance\n.hidden distance\n.type distance, @object\n" \
		"distance: .long two - .\n.size distance, 4\n"                 \
		".popsection\n")
