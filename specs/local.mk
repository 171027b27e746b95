# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += docs/real-fixes.md
EXTRA_DIST += \
	specs/openssl/CVE-2025-15467.fix specs/openssl/CVE-2025-15467.yaml \
	specs/openssl/CVE-2025-69418.fix specs/openssl/CVE-2025-69418.yaml \
	specs/openssl/CVE-2025-69420.fix specs/openssl/CVE-2025-69420.yaml \
	specs/openssl/CVE-2025-9230.fix specs/openssl/CVE-2025-9230.yaml \
	specs/openssl/CVE-2025-9232.fix specs/openssl/CVE-2025-9232.yaml \
	specs/openssl/CVE-2026-22795.fix specs/openssl/CVE-2026-22795.yaml \
	specs/openssl/CVE-2026-34182.fix specs/openssl/CVE-2026-34182.yaml \
	specs/openssl/CVE-2026-45447.fix specs/openssl/CVE-2026-45447.yaml \
	specs/openssl/CVE-2026-54874.fix specs/openssl/CVE-2026-54874.yaml \
	specs/openssl/CVE-2026-9076.fix specs/openssl/CVE-2026-9076.yaml
EXTRA_DIST += \
	specs/glibc/CVE-2025-15281.fix specs/glibc/CVE-2025-15281.yaml \
	specs/glibc/CVE-2025-8058.fix specs/glibc/CVE-2025-8058.yaml \
	specs/glibc/CVE-2026-0861.fix specs/glibc/CVE-2026-0861.yaml
EXTRA_DIST += specs/example.yaml
# For editors and for programs that read the answers.
dist_pkgdata_DATA = specs/ulp-output.schema.json specs/ulp-spec.schema.json
