# SPDX-License-Identifier: GPL-3.0-or-later
# The catalogues of the messages of ulp and ulp-packer.  After a change of messages: make update-po,
# then translate what po/<language>.po lacks; tests/e2e/translation.sh finds what is missing.
PO_LANGUAGES = de
TRANSLATED_FILES = $(ulp_SOURCES) $(libtrigger_la_SOURCES) $(EXTRA_libtrigger_la_SOURCES) \
	$(libengine_la_SOURCES) $(nodist_libengine_la_SOURCES) \
	$(ulp_packer_SOURCES) $(libpacker_la_SOURCES) \
	$(libfacts_la_SOURCES) $(libcontainer_la_SOURCES)
PO_XGETTEXT = xgettext --from-code=UTF-8 --language=C --sort-by-file --add-comments=TRANSLATORS \
	--package-name=$(PACKAGE_NAME) --keyword=_ --keyword=N_ --keyword=ngettext:1,2 \
	--keyword=ulp_fail:3 --keyword=ulp_fail_errno:3 --keyword=X:4 \
	--keyword=elf_fail:3 --keyword=phdr_fail:4 --keyword=section_fail:3 --keyword=sys_fail:2 \
	--keyword=ulp_frame_fail:5 --keyword=DAMAGED:3 --keyword=fail:4 \
	--keyword=damaged:3 --keyword=not_ours:2 --keyword=ULP_TEXT \
	--keyword=get_fixed:3 --keyword=get_uleb:2 --keyword=get_count:3 \
	--keyword=get_string:2 --keyword=get_path:2 \
	--keyword=report_say:2 --keyword=report_remark:2 --keyword=report_warning:2 \
	--keyword=linked_fail:5 --keyword=spec_fail:5 --keyword=yaml_fail:4 \
	--keyword=object_fail:5 --keyword=dynamic_fail:2 --keyword=symbol_fail:4 \
	--keyword=report_add:4 --keyword=types_found:4
EXTRA_DIST += $(PO_LANGUAGES:%=po/%.po)

if NLS
noinst_DATA = $(PO_LANGUAGES:%=po/%.mo)
CLEANFILES += $(PO_LANGUAGES:%=po/%.mo)

po/%.mo: po/%.po
	$(AM_V_GEN)$(MKDIR_P) po && $(MSGFMT) --check -o $@ $<

install-data-hook: $(PO_LANGUAGES:%=po/%.mo)
	for language in $(PO_LANGUAGES); do \
		folder=$(DESTDIR)$(localedir)/$$language/LC_MESSAGES && \
		$(MKDIR_P) "$$folder" && \
		$(INSTALL_DATA) po/$$language.mo "$$folder/$(PACKAGE_NAME).mo" || exit; \
	done

uninstall-hook:
	for language in $(PO_LANGUAGES); do \
		rm -f "$(DESTDIR)$(localedir)/$$language/LC_MESSAGES/$(PACKAGE_NAME).mo"; \
	done
endif

# All messages of the programs, in the build folder.
po/ulp.pot: $(TRANSLATED_FILES)
	$(AM_V_GEN)$(MKDIR_P) po && here=$$(pwd) && cd $(srcdir) && \
		$(PO_XGETTEXT) -o "$$here/po/ulp.pot" $$(printf '%s\n' $(TRANSLATED_FILES) | sort -u)

update-po: po/ulp.pot
	for language in $(PO_LANGUAGES); do \
		msgmerge --quiet --update --backup=none --no-wrap $(srcdir)/po/$$language.po po/ulp.pot || exit; \
	done
.PHONY: update-po
CLEANFILES += po/ulp.pot
