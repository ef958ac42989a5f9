"""Whether longtake can work here: every problem at once, each with its fix.

Read `finding` (what a look gives), `examination` (which looks there are), then any look: `machine` (Python, processors,
memory), `space` (shared memory, scratch, home), `packages`, `media` (codecs and the guarded worker), `accelerators`,
`places` (tables, raw, data root), `kubeflow`, `cluster`; `page` writes it down.
"""

from longtake.doctor.examination import examine, plan
from longtake.doctor.finding import Finding, exit_code
from longtake.doctor.page import report

__all__ = ["Finding", "examine", "exit_code", "plan", "report"]
