# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += specs/openssl/CVE-2025-69418.fix specs/openssl/CVE-2025-69418.yaml
EXTRA_DIST += \
	specs/glibc/CVE-2025-15281.fix specs/glibc/CVE-2025-15281.yaml \
	specs/glibc/CVE-2026-0861.fix specs/glibc/CVE-2026-0861.yaml
EXTRA_DIST += specs/example.yaml specs/ulp-spec.schema.json
