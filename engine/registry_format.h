/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry: the record, inside the patched process, of what is applied.
 * Its head is a variable of libpulp.so.0; each container that was ever applied
 * has one patch record, in the same mapping as its code.  The tool reads all
 * of it by copy and trusts none of it; the runtime reads it in place
 * (runtime/unwind.c), without a lock.
 *
 *   ulp_registry (in libpulp.so.0)
 *     .patches --> ulp_reg_patch --next--> ulp_reg_patch --next--> 0
 *                    functions[], strings
 *
 * What an entry's word must hold follows from the records alone: the redirect
 * of the applied patch with the highest sequence that replaces the function,
 * else the original bytes.  So a commit is
 *   1. write next_state of every patch that changes (and link new records)
 *   2. registry.commit = ULP_COMMIT_DECIDED       <- the point of no return
 *   3. state = next_state everywhere; write the words; adjust sequences
 *      (redirects first, then originals; of an entry of two words, what is
 *      led to comes first and goes last: no entry ever leads to what is not there)
 *   4. registry.commit = ULP_COMMIT_IDLE
 * and whoever finds a registry left by a killed tool either forgets next_state
 * (IDLE) or goes through 3 and 4 again (DECIDED), which is idempotent.
 *
 * The list may be walked by the target's own threads, in signal handlers too,
 * and a thread may be stopped for a commit in the middle of its walk.  So
 *  - the list changes only while all threads are stopped;
 *  - a record joins it at the head, whole, and its `next` never changes;
 *  - a record that a running thread may have seen stays in the list and stays
 *    mapped, reverted ones included: frames in their functions may be live.
 * Whatever a walk has begun with is valid until it ends.
 *
 * All members are in the byte order of the machine; addresses are 64 bits.
 * A fork's child inherits everything; no process or thread id is kept but that of `holder`.
 */
#ifndef ULP_ENGINE_REGISTRY_FORMAT_H
#define ULP_ENGINE_REGISTRY_FORMAT_H

#include "container/format.h"

#include <stdint.h>

#define ULP_RUNTIME_SONAME "libpulp.so.0"
#define ULP_REGISTRY_SYMBOL "ulp_registry"
#define ULP_REGISTRY_MAGIC "ULPREGY" /* eight bytes with the NUL */
/*
 * 1 had no containers_start, phdrs and link_map, 2 no relations, consistency and inside, 3 no
 * pending, debug, imports and ULP_PATCH_UNLOADED, 4 no holder
 */
#define ULP_REGISTRY_VERSION 5
#define ULP_REG_PATCH_MAGIC "ULPRPAT" /* eight bytes with the NUL */

#define ULP_MESSAGES_LEN 8192u /* bytes */
#define ULP_REG_MAX_LABELS 1024u
#define ULP_REG_MAX_RECORD (16u << 20) /* bytes */

enum ulp_commit_state {
	ULP_COMMIT_IDLE = 0,
	ULP_COMMIT_DECIDED = 1,
};

enum ulp_patch_state {
	ULP_PATCH_REVERTED = 0, /* mapped, not in use; used again by the next apply */
	ULP_PATCH_APPLIED = 1,
	/*
	 * The library was unloaded since the patch was applied.  As reverted, but the container's
	 * data belongs to a copy of the library that is gone.
	 */
	ULP_PATCH_UNLOADED = 2,
};

/*
 * Memory that a tool is about to map, or has mapped, for a container whose record is not in the
 * list yet.  Written before it is mapped and cleared (len) when the record is in the list or the
 * memory unmapped: so the next tool finds what a killed one has left (engine/pending.h).
 */
struct ulp_reg_pending {
	uint64_t start;
	uint64_t record; /* address of the record in it */
	uint64_t len;	 /* bytes; 0: there is none.  Written last */
};

/*
 * A copy of the dynamic linker's struct r_debug_extended (<link.h>, glibc 2.35): the containers
 * as a namespace of their own, which debuggers find behind the linker's (engine/debug_list.h).
 */
struct ulp_reg_debug {
	int32_t version; /* 2 once it is in use */
	uint32_t pad1;
	uint64_t map; /* address of the first struct ulp_reg_link_map, 0 for none */
	uint64_t brk;
	int32_t state; /* RT_CONSISTENT, which is 0 */
	uint32_t pad2;
	uint64_t ldbase;
	uint64_t next; /* the dynamic linker appends its own here */
};

struct ulp_registry {
	uint8_t magic[8];  /* written last by the runtime's constructor: there = usable */
	uint32_t version;  /* ULP_REGISTRY_VERSION */
	uint32_t size;	   /* sizeof(struct ulp_registry) */
	uint32_t disabled; /* not 0: this process does not want to be patched */
	uint32_t commit;   /* enum ulp_commit_state */
	uint64_t sequence; /* of the latest apply, counts up from 1 */

	uint64_t patches; /* address of the newest struct ulp_reg_patch, 0 for none */
	/*
	 * The containers of all records are in [start, end); end 0: there are none.
	 * For code outside, which is most, unwinders need not walk the list.
	 */
	uint64_t containers_start;
	uint64_t containers_end;

	/*
	 * For the borrowed thread (trigger/): code that executes one system call
	 * and then returns through the signal frame at the stack pointer, and
	 * memory for that frame (its extended state is as large as XSAVE's).
	 */
	uint64_t syscall_code;
	uint64_t frame;
	uint64_t frame_len;

	/*
	 * The thread by which a tool keeps others out, 0 for none (trigger/lock.c); its number is
	 * that of the process's own namespace.  Without a tool that traces it it means nothing,
	 * so that it does not matter that a fork's child has it, too.
	 */
	uint32_t holder;
	uint32_t pad;

	struct ulp_reg_pending pending;
	struct ulp_reg_debug debug;

	/* A ring of text lines; messages_end counts every byte ever written. */
	uint64_t messages_end;
	char messages[ULP_MESSAGES_LEN];
};

/*
 * A replaced function and a word of its entry.  Of an entry that is in two words there
 * are two of these, in the order of engine/arch.h.
 */
struct ulp_reg_function {
	uint64_t word_addr;  /* the aligned 8-byte word that changes */
	uint8_t original[8]; /* as in the target's file */
	uint8_t redirect[8]; /* with the jump into this container */
	uint64_t old_addr;
	uint64_t old_size; /* bytes */
	uint64_t new_addr;
	uint64_t new_size; /* bytes */
	uint32_t name;	   /* string: name in the target */
	/* Bit i: byte i is inside of an instruction of redirect; see engine/arch.h. */
	uint32_t inside;
};

/* What a patch says about another one of the same target. */
struct ulp_reg_relation {
	uint32_t name; /* string: of the other patch */
	uint32_t kind; /* enum ulp_relation_kind of container/patch.h */
};

/*
 * The public part of the dynamic linker's struct link_map (<link.h>), for
 * those who ask what a container is.  All of them are in the list of
 * struct ulp_reg_debug, the oldest first, so that a new one takes one write.
 */
struct ulp_reg_link_map {
	uint64_t addr;	  /* the load bias */
	uint64_t name;	  /* address of the container's path */
	uint64_t dynamic; /* address of its dynamic section, 0 for none */
	uint64_t next;	  /* that of the next newer record, 0 for none */
	uint64_t prev;	  /* that of the next older record, 0 for none; never changes */
};

/*
 * Followed by functions[nr_functions], relations[nr_relations], then strings_len
 * bytes of strings.  A string is an offset into the strings, NUL-terminated, 0 the
 * empty string.
 */
struct ulp_reg_patch {
	uint8_t magic[8];
	uint32_t version; /* ULP_REGISTRY_VERSION */
	uint32_t size;	  /* bytes, with functions and strings */
	uint64_t next;	  /* address of the next older record, 0 for none */
	uint32_t state;	  /* enum ulp_patch_state */
	uint32_t next_state;
	uint64_t sequence; /* of its last apply */
	uint64_t next_sequence;

	uint64_t map_start; /* the container's mapping, this record included */
	uint64_t map_len;   /* bytes */
	uint64_t load_bias; /* address = load_bias + vaddr of the container */
	uint64_t target_bias;

	/* For unwinders. */
	uint64_t eh_frame_hdr; /* address, 0 for none that has a table to search */
	uint64_t eh_frame_hdr_len;
	uint64_t phdrs; /* address of the program headers, 0 if they are not loaded */
	uint64_t nr_phdrs;
	struct ulp_reg_link_map link_map;

	uint32_t build_id_len; /* of the container */
	uint32_t target_build_id_len;
	uint8_t build_id[ULP_BUILD_ID_MAX];
	uint8_t target_build_id[ULP_BUILD_ID_MAX];

	uint32_t name;	      /* of the patch, from the spec */
	uint32_t file;	      /* base name of the container file */
	uint32_t path;	      /* of the container file, as `ulp` found it */
	uint32_t soname;      /* of the target */
	uint32_t target_path; /* as the dynamic linker has it */
	uint32_t labels;      /* nr_labels strings, one after the other */
	uint32_t nr_labels;
	uint32_t nr_functions;
	uint32_t nr_relations;
	uint32_t strings_len;
	uint32_t consistency; /* enum ulp_consistency of container/patch.h */
	uint32_t reserved;
	uint64_t imports; /* checksum of the addresses that the imports were bound to */
};
_Static_assert(sizeof(struct ulp_reg_debug) == 48, "size");
_Static_assert(sizeof(struct ulp_reg_function) == 64, "size");
_Static_assert(sizeof(struct ulp_reg_relation) == 8, "size");
_Static_assert(sizeof(struct ulp_reg_patch) % 8 == 0, "functions[] are aligned");

#endif
