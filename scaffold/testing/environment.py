"""The environment variables of the guide's test run (guide.md G36), shared by `test`, `ready` and `finalize`."""

from __future__ import annotations

import os

#: What a slow test needs to download a public checkpoint; a worker's environment has none of it.
_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")


def suite_variables(*, slow: bool) -> dict[str, str]:
    """Variables for `run_worker`; with `slow` those of the slow tests, which reach the Hub and its cache."""
    variables = {
        "NVIDIA_TF32_OVERRIDE": "0",
        "RUN_PT_TF_CROSS_TESTS": "1",
        "TRANSFORMERS_VERBOSITY": "warning",  # the library's own level: common tests read its warnings
    }
    if slow:
        cache = os.environ.get("HF_HOME") or os.path.join(os.path.expanduser("~"), ".cache", "huggingface")
        variables.update(RUN_SLOW="1", HF_HUB_OFFLINE="0", TRANSFORMERS_OFFLINE="0", HF_HOME=cache)
        variables.update({name: os.environ[name] for name in _NETWORK if name in os.environ})
    return variables
