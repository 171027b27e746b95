/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "container/glance.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the packer makes has some thirty sections, whose names take a few hundred bytes. */
#define MAX_SECTIONS 128u
#define MAX_NAMES 8192u /* bytes */

/* All of [off, off + len), or nothing. */
static bool read_at(int fd, uint64_t off, void *buf, size_t len)
{
	ssize_t n;

	if (off > INT64_MAX - len)
		return false;
	do
		n = pread(fd, buf, len, (off_t)off);
	while (n < 0 && errno == EINTR);
	return n >= 0 && (size_t)n == len;
}

static bool header_read(int fd, Elf64_Ehdr *ehdr)
{
	static const unsigned char ident[] = {ELFMAG0,	  ELFMAG1,     ELFMAG2,	  ELFMAG3,
					      ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

	return read_at(fd, 0, ehdr, sizeof(*ehdr)) &&
	       memcmp(ehdr->e_ident, ident, sizeof(ident)) == 0 && ehdr->e_type == ET_DYN &&
	       ehdr->e_shentsize == sizeof(Elf64_Shdr) && ehdr->e_shnum <= MAX_SECTIONS &&
	       ehdr->e_shstrndx < ehdr->e_shnum;
}

/* The section .ulp. */
static bool section_find(int fd, Elf64_Shdr *ret)
{
	Elf64_Ehdr ehdr;
	Elf64_Shdr sections[MAX_SECTIONS];
	char names[MAX_NAMES];
	const Elf64_Shdr *strings;

	if (!header_read(fd, &ehdr) ||
	    !read_at(fd, ehdr.e_shoff, sections, ehdr.e_shnum * sizeof(*sections)))
		return false;
	strings = &sections[ehdr.e_shstrndx];
	if (strings->sh_size > sizeof(names) ||
	    !read_at(fd, strings->sh_offset, names, strings->sh_size))
		return false;
	for (size_t i = 1; i < ehdr.e_shnum; i++) {
		const uint32_t name = sections[i].sh_name;

		if (name < strings->sh_size && strings->sh_size - name >= sizeof(ULP_SECTION) &&
		    memcmp(names + name, ULP_SECTION, sizeof(ULP_SECTION)) == 0) {
			*ret = sections[i];
			return true;
		}
	}
	return false;
}

/* The record of the target, whose place the table of contents tells. */
static bool target_read(int fd, const Elf64_Shdr *section, struct ulp_wire_target *ret)
{
	struct ulp_wire_chunk chunks[ULP_NR_CHUNK_IDS];
	struct ulp_wire_header header;

	if (section->sh_size < sizeof(header) ||
	    !read_at(fd, section->sh_offset, &header, sizeof(header)) ||
	    memcmp(header.magic, ULP_MAGIC, sizeof(header.magic)) != 0 ||
	    header.header_len != sizeof(header) || header.nr_chunks > ULP_NR_CHUNK_IDS ||
	    !read_at(fd, section->sh_offset + sizeof(header), chunks,
		     header.nr_chunks * sizeof(*chunks)))
		return false;
	for (size_t i = 0; i < header.nr_chunks; i++)
		if (chunks[i].id == ULP_CHUNK_TARGET)
			return chunks[i].len == sizeof(*ret) &&
			       read_at(fd, section->sh_offset + chunks[i].off, ret, sizeof(*ret));
	return false;
}

bool ulp_container_glance(int fd, struct ulp_build_id *target)
{
	struct ulp_wire_target record;
	Elf64_Shdr section;

	if (!section_find(fd, &section) || !target_read(fd, &section, &record) ||
	    record.build_id_len == 0 || record.build_id_len > sizeof(record.build_id))
		return false;
	*target = (struct ulp_build_id){.len = record.build_id_len};
	memcpy(target->bytes, record.build_id, record.build_id_len);
	return true;
}
