# SPDX-License-Identifier: GPL-3.0-or-later
dist_man_MANS += man/ulp.1 man/libpulp.7
dist_doc_DATA += docs/architecture.md
dist_man_MANS += man/ulp-container.5
dist_man_MANS += man/ulp-packer.1 man/ulp-spec.5
dist_man_MANS += man/ulp-facts.5
dist_man_MANS += man/ulp-cflags.1
