/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The code by which x86-64 reaches thread-local variables, made cheaper as a linker does it.
 * The sequences have a fixed form so that this is possible: System V ABI, AMD64 supplement,
 * chapter 3.7 "Thread-Local Storage" with its tables of code sequences; U. Drepper, "ELF Handling
 * For Thread-Local Storage", chapter 5.5.
 */
#include "config.h"

#include "packer/arch/x86_64/tls_code.h"

#include <string.h>

static bool is_at(const unsigned char *bytes, uint64_t len, uint64_t off, const void *wanted,
		  size_t wanted_len)
{
	return off <= len && wanted_len <= len - off &&
	       memcmp(bytes + off, wanted, wanted_len) == 0;
}

/*
 *	66 48 8d 3d D		data16 lea x@tlsgd(%rip),%rdi
 *	66 66 48 e8 D		data16 data16 rex64 call __tls_get_addr@plt
 *   or 66 48 ff 15 D		data16 rex64 call *__tls_get_addr@gotpcrel(%rip)
 * becomes
 *	64 48 8b 04 25 0	mov %fs:0,%rax
 *	48 03 05 D		add x@gottpoff(%rip),%rax
 */
static bool pair_to_offset(unsigned char *bytes, uint64_t len, uint64_t off, uint64_t *place)
{
	static const unsigned char lea[] = {0x66, 0x48, 0x8d, 0x3d};
	static const unsigned char call[] = {0x66, 0x66, 0x48, 0xe8};
	static const unsigned char call_slot[] = {0x66, 0x48, 0xff, 0x15};
	static const unsigned char cheaper[] = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0,
						0,    0x48, 0x03, 0x05, 0,    0, 0, 0};

	if (off < sizeof(lea) || !is_at(bytes, len, off - sizeof(lea), lea, sizeof(lea)) ||
	    len - off < 12 ||
	    (!is_at(bytes, len, off + 4, call, sizeof(call)) &&
	     !is_at(bytes, len, off + 4, call_slot, sizeof(call_slot))))
		return false;
	memcpy(bytes + off - sizeof(lea), cheaper, sizeof(cheaper));
	*place = off + 8;
	return true;
}

/*
 *	48 8d 3d D		lea x@tlsld(%rip),%rdi
 *	e8 D			call __tls_get_addr@plt
 *   or ff 15 D			call *__tls_get_addr@gotpcrel(%rip)
 * becomes, padded with prefixes,
 *	64 48 8b 04 25 0	mov %fs:0,%rax
 */
static bool module_to_thread(unsigned char *bytes, uint64_t len, uint64_t off, uint64_t *call)
{
	static const unsigned char lea[] = {0x48, 0x8d, 0x3d}, direct[] = {0xe8},
				   slot[] = {0xff, 0x15};
	static const unsigned char cheaper[] = {0x66, 0x66, 0x66, 0x66, 0x64, 0x48, 0x8b,
						0x04, 0x25, 0,	  0,	0,    0};
	uint64_t end;

	if (off < sizeof(lea) || !is_at(bytes, len, off - sizeof(lea), lea, sizeof(lea)))
		return false;
	if (is_at(bytes, len, off + 4, direct, sizeof(direct)))
		*call = off + 4 + sizeof(direct);
	else if (is_at(bytes, len, off + 4, slot, sizeof(slot)))
		*call = off + 4 + sizeof(slot);
	else
		return false;
	end = *call + 4;
	if (end > len)
		return false;
	off -= sizeof(lea);
	memcpy(bytes + off, cheaper + sizeof(cheaper) - (end - off), end - off);
	return true;
}

/* 48 8d 05 D  lea x@tlsdesc(%rip),%rax  becomes  48 8b 05 D  mov x@gottpoff(%rip),%rax */
static bool descriptor_to_offset(unsigned char *bytes, uint64_t len, uint64_t off)
{
	static const unsigned char lea[] = {0x48, 0x8d, 0x05};

	if (off < sizeof(lea) || !is_at(bytes, len, off - sizeof(lea), lea, sizeof(lea)))
		return false;
	bytes[off - 2] = 0x8b;
	return true;
}

/* ff 10  call *x@tlscall(%rax)  becomes  66 90  a NOP */
static bool descriptor_call_to_nothing(unsigned char *bytes, uint64_t len, uint64_t off)
{
	static const unsigned char call[] = {0xff, 0x10}, nop[] = {0x66, 0x90};

	if (!is_at(bytes, len, off, call, sizeof(call)))
		return false;
	memcpy(bytes + off, nop, sizeof(nop));
	return true;
}

/* Variant II of "ELF Handling For TLS", chapter 3: the program's block ends at the thread pointer.
 */
static int64_t program_offset(const Elf64_Phdr *tls, uint64_t variable)
{
	const uint64_t align = tls->p_align ? tls->p_align : 1;

	return (int64_t)(variable - (tls->p_memsz + align - 1) / align * align);
}

const struct tls_code x86_64_tls_code = {
	.pair_to_offset = pair_to_offset,
	.module_to_thread = module_to_thread,
	.descriptor_to_offset = descriptor_to_offset,
	.descriptor_call_to_nothing = descriptor_call_to_nothing,
	.program_offset = program_offset,
};
