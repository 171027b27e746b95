/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libopcodes prints.  Every address that an instruction refers to goes through a
 * function of ours on the way, which puts "@" into the text instead.
 */
#include "config.h"

#include "packer/disassemble.h"

#include "container/patch.h"
#include "packer/bfd_open.h"

#include <dis-asm.h>
#include <stdio.h>
#include <string.h>

/* An instruction's text is far shorter. */
#define MAX_TEXT 256u

struct disassembler {
	const struct target *target;
	disassembler_ftype decode;
	struct disassemble_info info;
	uint64_t wanted;
	bool found;
	char text[MAX_TEXT]; /* of the current instruction */
	size_t len;	     /* of text */
};

static int append(struct disassembler *d, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static int append(struct disassembler *d, const char *fmt, va_list args)
{
	const int len = vsnprintf(d->text + d->len, sizeof(d->text) - d->len, fmt, args);

	if (len > 0)
		d->len = d->len + (size_t)len < sizeof(d->text) ? d->len + (size_t)len
								: sizeof(d->text) - 1;
	return len;
}

static int print(void *stream, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int print(void *stream, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = append(stream, fmt, args);
	va_end(args);
	return len;
}

#ifdef HAVE_ENUM_DISASSEMBLER_STYLE
static int print_styled(void *stream, enum disassembler_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int print_styled(void *stream, enum disassembler_style style, const char *fmt, ...)
{
	va_list args;
	int len;

	(void)style;
	va_start(args, fmt);
	len = append(stream, fmt, args);
	va_end(args);
	return len;
}

static void init_info(struct disassemble_info *info, struct disassembler *d)
{
	init_disassemble_info(info, d, print, print_styled);
}
#else
static void init_info(struct disassemble_info *info, struct disassembler *d)
{
	init_disassemble_info(info, d, print);
}
#endif

static void see_address(bfd_vma address, struct disassemble_info *info)
{
	struct disassembler *d = info->application_data;

	if (address == d->wanted)
		d->found = true;
	(void)print(d, "@");
}

static void ignore_memory_error(int status, bfd_vma address, struct disassemble_info *info)
{
	(void)status;
	(void)address;
	(void)info;
}

struct disassembler *disassembler_create(struct pool *pool, const struct target *target)
{
	struct disassembler *d = pool_alloc(pool, 1, sizeof(*d));
	bfd *abfd = bfd_open_object(target->library.file.path);

	if (!abfd)
		return NULL;
	init_info(&d->info, d);
	d->info.arch = bfd_get_arch(abfd);
	d->info.mach = bfd_get_mach(abfd);
	d->info.endian = bfd_big_endian(abfd) ? BFD_ENDIAN_BIG : BFD_ENDIAN_LITTLE;
	d->info.endian_code = d->info.endian;
	d->info.application_data = d;
	d->info.print_address_func = see_address;
	d->info.memory_error_func = ignore_memory_error;
	d->decode = disassembler(d->info.arch, bfd_big_endian(abfd), d->info.mach, abfd);
	bfd_close(abfd);
	if (!d->decode)
		return NULL;
	disassemble_init_for_target(&d->info);
	d->target = target;
	return d;
}

/* The interface takes no const; buffer_read_memory() only reads. */
static void use_bytes(struct disassembler *d, const unsigned char *bytes, uint64_t vaddr,
		      uint64_t len)
{
	d->info.buffer = (bfd_byte *)(uintptr_t)bytes;
	d->info.buffer_vma = vaddr;
	d->info.buffer_length = len;
	d->info.section = NULL;
}

/* Bytes of the instruction at `at`, 0 if it cannot be decoded; its text is in d->text. */
static uint64_t decode(struct disassembler *d, uint64_t at)
{
	int step;

	d->len = 0;
	d->text[0] = 0;
	step = d->decode(at, &d->info);
	return step > 0 ? (uint64_t)step : 0;
}

bool disassembler_refers(struct disassembler *d, uint64_t vaddr, uint64_t len, uint64_t wanted)
{
	const unsigned char *bytes = ulp_elf_at_vaddr(&d->target->library.file.elf, vaddr, len);

	if (!bytes)
		return true;
	use_bytes(d, bytes, vaddr, len);
	d->wanted = wanted;
	d->found = false;
	for (uint64_t at = vaddr, step; at < vaddr + len && !d->found; at += step) {
		step = decode(d, at);
		if (!step)
			return true;
	}
	return d->found;
}

static bool sum_bytes(struct disassembler *d, const unsigned char *bytes, uint64_t len,
		      uint64_t *sum)
{
	*sum = ulp_checksum(NULL, 0);
	use_bytes(d, bytes, 0, len);
	for (uint64_t at = 0, step; at < len; at += step) {
		step = decode(d, at);
		if (!step)
			return false;
		d->target->arch->normalise(d->text);
		*sum = ulp_checksum_more(*sum, d->text, strlen(d->text));
	}
	return true;
}

bool disassembler_sum_target(struct disassembler *d, const struct elf_symbol *function,
			     uint64_t *sum)
{
	const unsigned char *bytes =
		ulp_elf_at_vaddr(&d->target->library.file.elf, function->value, function->size);

	return bytes && function->size && sum_bytes(d, bytes, function->size, sum);
}

bool disassembler_sum_object(struct disassembler *d, const struct object *object, size_t symbol,
			     uint64_t *sum)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(object, symbol);

	return section && section->bytes && s->value <= section->len &&
	       s->size <= section->len - s->value &&
	       sum_bytes(d, section->bytes + s->value, s->size, sum);
}
