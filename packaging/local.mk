# SPDX-License-Identifier: GPL-3.0-or-later
# What distributions need: the flags in the forms that package builds ask for, and the script that
# packages of live patches run.  The paths are those of "make", for some depend on others.
# Looked for by the name of the program.
bashcompletiondir = $(datadir)/bash-completion/completions
pkgconfigdir = $(libdir)/pkgconfig
rpmmacrodir = $(prefix)/lib/rpm/macros.d
# -fplugin= takes a bare name for what is in GCC's own folder.
plugin_name = $(if $(filter $(PLUGIN_GCC_DIR),$(gccplugindir)),ulp,$(gccplugindir)/ulp.so)

packaging_edit = $(SED) \
	-e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|g' \
	-e 's|@PLUGIN_GCC_VERSION[@]|$(PLUGIN_GCC_VERSION)|g' \
	-e 's|@bindir[@]|$(bindir)|g' \
	-e 's|@exec_prefix[@]|$(exec_prefix)|g' \
	-e 's|@gccplugindir[@]|$(gccplugindir)|g' \
	-e 's|@livepatchdir[@]|$(livepatchdir)|g' \
	-e 's|@pkgdatadir[@]|$(pkgdatadir)|g' \
	-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' \
	-e 's|@plugin_name[@]|$(plugin_name)|g' \
	-e 's|@prefix[@]|$(prefix)|g'

packaging_sources = \
	packaging/livepatchable.mk.in packaging/macros.ulp.in packaging/ulp-cflags.in \
	packaging/ulp.pc.in packaging/livepatches/livepatches.in
packaging_made = $(packaging_sources:.in=)

pkglibexec_SCRIPTS = packaging/livepatches/livepatches
if PLUGIN_ENABLED
bin_SCRIPTS = packaging/ulp-cflags
pkgconfig_DATA = packaging/ulp.pc
pkgdata_DATA = packaging/livepatchable.mk
rpmmacro_DATA = packaging/macros.ulp
endif

completion_made = packaging/completion/ulp packaging/completion/ulp-packer
bashcompletion_DATA = $(completion_made)
CLEANFILES += $(completion_made)
$(completion_made): packaging/completion/ulp.bash
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)cp $(srcdir)/packaging/completion/ulp.bash $@

CLEANFILES += $(packaging_made)
$(packaging_made): Makefile
	@$(MKDIR_P) $(@D)
	@rm -f $@ $@.tmp
	$(AM_V_GEN)$(packaging_edit) $(top_srcdir)/$@.in >$@.tmp
	@case $@ in */ulp-cflags | */livepatches) chmod 755 $@.tmp ;; esac
	@chmod a-w $@.tmp
	@mv $@.tmp $@
packaging/livepatchable.mk: packaging/livepatchable.mk.in
packaging/macros.ulp: packaging/macros.ulp.in
packaging/ulp-cflags: packaging/ulp-cflags.in
packaging/ulp.pc: packaging/ulp.pc.in
packaging/livepatches/livepatches: packaging/livepatches/livepatches.in

dist_doc_DATA += docs/distributions.md
EXTRA_DIST += \
	$(packaging_sources) \
	packaging/build-debs.sh packaging/build-rpms.sh \
	packaging/test-debs.sh packaging/test-rpms.sh \
	packaging/livepatches/dh_livepatches packaging/livepatches/livepatches.pm \
	packaging/livepatches/postinst-livepatches packaging/livepatches/prerm-livepatches \
	packaging/completion/ulp.bash \
	packaging/debian packaging/examples packaging/lib packaging/rpm
