/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/unwind_images.h"

#include "engine/injected.h"
#include "trigger/memory.h"
#include "trigger/remote_space.h"

#include <stdlib.h>
#include <string.h>

/* More than the code and tables of any fix; a process that claims more is not read. */
#define MAX_LEN (16u << 20) /* bytes of one image */
#define MAX_PHDRS 32u

struct image {
	uint64_t start; /* address of its ELF header */
	uint64_t end;
	unsigned char *bytes; /* as a file; owned; NULL until it is asked for */
	size_t len;
};

struct unwind_images {
	const struct process *proc; /* borrowed */
	struct image *list;
	size_t nr;
};

/* The headers that count, as they are in memory: at its beginning. */
struct headers {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdrs[MAX_PHDRS];
};

static bool headers_read(const struct process *proc, uint64_t at, struct headers *h)
{
	return memory_read(proc, at, &h->ehdr, sizeof(h->ehdr), NULL) == ULP_OK &&
	       h->ehdr.e_phnum <= MAX_PHDRS && h->ehdr.e_phentsize == sizeof(Elf64_Phdr) &&
	       memory_read(proc, at + h->ehdr.e_phoff, h->phdrs,
			   h->ehdr.e_phnum * sizeof(h->phdrs[0]), NULL) == ULP_OK;
}

static bool is_loaded(const Elf64_Phdr *ph)
{
	return ph->p_type == PT_LOAD && ph->p_memsz != 0;
}

/* Both as in a file and in memory no segment is beyond the limit. */
static bool makes_sense(const Elf64_Phdr *ph)
{
	return ph->p_vaddr <= MAX_LEN && ph->p_memsz <= MAX_LEN && ph->p_offset <= MAX_LEN &&
	       ph->p_filesz <= ph->p_memsz;
}

/* false: it is no image that can be read.  *memory_len, *file_len: bytes. */
static bool lengths(const struct headers *h, uint64_t *memory_len, uint64_t *file_len)
{
	*memory_len = 0;
	*file_len = h->ehdr.e_phoff + sizeof(h->phdrs);
	if (h->ehdr.e_phoff > MAX_LEN)
		return false;
	for (size_t i = 0; i < h->ehdr.e_phnum; i++) {
		const Elf64_Phdr *ph = &h->phdrs[i];

		if (!is_loaded(ph))
			continue;
		if (!makes_sense(ph))
			return false;
		if (ph->p_vaddr + ph->p_memsz > *memory_len)
			*memory_len = ph->p_vaddr + ph->p_memsz;
		if (ph->p_offset + ph->p_filesz > *file_len)
			*file_len = ph->p_offset + ph->p_filesz;
	}
	return *memory_len != 0;
}

static void image_report(struct unwind_images *images, Dwfl *dwfl, uint64_t at)
{
	struct headers h;
	uint64_t memory_len;
	uint64_t file_len;

	if (!headers_read(images->proc, at, &h) || !lengths(&h, &memory_len, &file_len) ||
	    !dwfl_report_module(dwfl, UNWIND_IMAGE_NAME, at, at + memory_len))
		return;
	images->list[images->nr++] = (struct image){.start = at, .end = at + memory_len};
}

struct unwind_images *unwind_images_report(const struct process *proc, Dwfl *dwfl)
{
	struct unwind_images *images = calloc(1, sizeof(*images));
	struct injected_image *found = NULL;
	struct remote_space rs;
	struct reader reader;
	size_t nr = 0;

	if (images == NULL)
		return NULL;
	images->proc = proc;
	remote_space_init(&rs, proc);
	if (reader_init(&reader, &rs.space, NULL) != ULP_OK) {
		unwind_images_destroy(images);
		return NULL;
	}
	if (injected_images(&reader, &found, &nr, NULL) == ULP_OK)
		images->list = calloc(nr + 1, sizeof(*images->list));
	for (size_t i = 0; i < nr && images->list != NULL; i++)
		image_report(images, dwfl, found[i].bias);
	free(found);
	reader_deinit(&reader);
	return images;
}

void unwind_images_destroy(struct unwind_images *images)
{
	if (images == NULL)
		return;
	for (size_t i = 0; i < images->nr; i++)
		free(images->list[i].bytes);
	free(images->list);
	free(images);
}

/* Puts the segments where the file had them.  There are no sections in memory. */
static bool bytes_read(const struct process *proc, struct image *image)
{
	struct headers h;
	uint64_t memory_len;
	uint64_t file_len;

	if (!headers_read(proc, image->start, &h) || !lengths(&h, &memory_len, &file_len))
		return false;
	image->bytes = calloc(1, file_len);
	if (image->bytes == NULL)
		return false;
	image->len = file_len;
	for (size_t i = 0; i < h.ehdr.e_phnum; i++) {
		const Elf64_Phdr *ph = &h.phdrs[i];

		if (is_loaded(ph) &&
		    memory_read(proc, image->start + ph->p_vaddr, image->bytes + ph->p_offset,
				ph->p_filesz, NULL) != ULP_OK)
			return false;
	}
	h.ehdr.e_shoff = 0;
	h.ehdr.e_shnum = 0;
	h.ehdr.e_shstrndx = 0;
	memcpy(image->bytes, &h.ehdr, sizeof(h.ehdr));
	memcpy(image->bytes + h.ehdr.e_phoff, h.phdrs, h.ehdr.e_phnum * sizeof(h.phdrs[0]));
	return true;
}

Elf *unwind_image_elf(struct unwind_images *images, Dwarf_Addr start)
{
	for (size_t i = 0; images != NULL && i < images->nr; i++) {
		struct image *image = &images->list[i];

		if (image->start != start || image->bytes != NULL)
			continue;
		if (!bytes_read(images->proc, image))
			return NULL;
		return elf_memory((char *)image->bytes, image->len);
	}
	return NULL;
}
