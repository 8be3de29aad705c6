"""What to do about Personalize's one-line texts: of a job that failed, or of a call that was refused.

The gists of the texts are those of the developer guide, page `error-messages`, and of the operations' own pages.
"""

from __future__ import annotations

import re

_HINTS: tuple[tuple[str, str], ...] = (
    (r"insufficient privileges|access ?denied|not authorized|permission",
     "give the role in import.role s3:GetObject and s3:ListBucket on the exports, give the service "
     "personalize.amazonaws.com the same in the bucket's policy (`personalize-assets deploy` makes both), and, if the "
     "bucket has a KMS key, kms:Decrypt to both in the key's policy; a bucket for one VPC alone cannot be read"),
    (r"invalid data ?location|data location.*(invalid|not exist|not found)|no ?such ?(key|bucket)",
     "the file or folder is not there, or the role may not read it: look at the export in the destination, and "
     "export again if it was deleted; the bucket must be in Personalize's region"),
    (r"(csv|input|dataset|file).*(missing|lacks?|does not contain|not (found|present)).*column|"
     r"(missing|lacks?|without) (the )?(required )?columns?|columns? .*(missing|not (found|present))|header",
     "the header of the CSV is not the schema's: the file or the schema was changed outside of personalize_assets; "
     "export and import again"),
    (r"length.*(exceed|greater|longer|more than)|exceeds? .*(length|characters)|too long",
     "a value is longer than Personalize takes: the checks of the export's asset have the rows, and "
     "docs/reference/limits.md the limits"),
    (r"more than \d+ resources with pending or in_progress",
     "five import jobs of this region are pending or running, which no quota raises; wait for one to end"),
    (r"(fewer|less) than 25 users|25 (unique )?users",
     "training needs 25 users with two interactions each: import more days, or look at the rejects"),
    (r"(at least|minimum|fewer than|less than).{0,20}1,?000|1,?000 .*(interactions|records|rows)",
     "an import of interactions needs 1,000 rows: import more days"),
    (r"(size|bytes|gb|gigabytes?).*(limit|exceed|maximum|at most)|too large",
     "the file is larger than a job takes: 100 GB, and 1 GB as an increment (page limits); AWS raises both on request, "
     "and datasets.interactions.last_days makes the export smaller"),
    (r"(null|empty|missing) (value|field|cell)|not nullable|non-?nullable|cannot be (null|empty)",
     "a column without `required` has an empty cell where the schema takes none: the dataset's schema was not made by "
     "this config; look at its fields in the console"),
    (r"(number ?format|parse|pars(e|ing)|convert|invalid value|data type|not (a valid|of type))",
     "a cell is not of the type in the schema: the file or the schema was changed outside of personalize_assets; "
     "export and import again"),
    (r"kms|encryption key|decrypt",
     "give the role and personalize.amazonaws.com kms:Decrypt, GenerateDataKey, DescribeKey, CreateGrant and "
     "ListGrants in the policy of the bucket's key; for imports that policy alone counts"),
    (r"only full import|full import.*(first|before)|first import",
     "an increment needs a full import before it; run with --mode full once"),
    (r"role.*(assum|trust|not exist|invalid)|assume.*role|passrole",
     "the role must exist, trust personalize.amazonaws.com, and iam:PassRole on it be allowed to what runs this"),
    (r"schema.*(domain)|domain.*(schema|mismatch|match)",
     "the schema and the dataset group are of different domains; correct dataset_group.domain, which is fixed once the "
     "group is made, or choose another dataset_group.name"),
    (r"internal (server |service )?(error|failure)|try again|service unavailable",
     "this is Personalize's own fault: import again"),
)  # fmt: skip
_OWN_FAULT = re.compile(r"internal (server |service )?(error|failure)|try again|service unavailable", re.IGNORECASE)


def hint_for(message: str) -> str:
    """What to do about a text of Personalize; empty if that is not known."""
    return next((hint for pattern, hint in _HINTS if re.search(pattern, message, re.IGNORECASE | re.DOTALL)), "")


def reason_of(failure: str) -> str:
    """Personalize's own text about a failure, or that there is none."""
    return failure.strip() or "Personalize gives no reason"


def is_own_fault(message: str) -> bool:
    """Whether a job failed by a fault of Personalize itself, so that the same job may succeed."""
    return bool(_OWN_FAULT.search(message))
