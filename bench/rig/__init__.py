# SPDX-License-Identifier: Apache-2.0
"""What the benches stand on: the namespace, pinned processes, the proxies, the load, the report."""
