/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a file by libbfd, which must not print anything. */
#ifndef ULP_PACKER_BFD_OPEN_H
#define ULP_PACKER_BFD_OPEN_H

#include <bfd.h>

/* The object file, NULL if libbfd cannot read it.  Close with bfd_close(). */
bfd *bfd_open_object(const char *path);

#endif
