# SPDX-License-Identifier: GPL-3.0-or-later
# What ulp and ulp-packer have in common to speak the user's language; the catalogues are in po/.
noinst_LTLIBRARIES += libi18n.la
libi18n_la_SOURCES = i18n/i18n.c i18n/i18n.h
libi18n_la_CPPFLAGS = $(AM_CPPFLAGS) -DLOCALEDIR='"$(localedir)"'
libi18n_la_CFLAGS = $(TOOL_CFLAGS)
