# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += specs/openssl/CVE-2025-69418.fix specs/openssl/CVE-2025-69418.yaml
EXTRA_DIST += specs/example.yaml specs/ulp-spec.schema.json
