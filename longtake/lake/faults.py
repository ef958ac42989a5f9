"""What the error codes of S3 and of folders mean for whoever gave the place: a sentence each that says what to do."""

import errno

CREDENTIALS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the pod's identity"
_RIGHTS = "these credentials may not do that; give them the bucket's list, read and write rights"
_REGION = "the bucket is in another region; set AWS_REGION"

S3_SENTENCES = {
    "NoSuchBucket": "there is no such bucket; make it, or correct its name",
    "InvalidAccessKeyId": f"the server does not know this access key; {CREDENTIALS}",
    "SignatureDoesNotMatch": f"the secret key is wrong; {CREDENTIALS}",
    "ExpiredToken": f"the credentials have expired; {CREDENTIALS}",
    "InvalidToken": f"the session token is wrong; {CREDENTIALS}",
    "AccessDenied": _RIGHTS,
    "403": _RIGHTS,
    "PermanentRedirect": _REGION,
    "301": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "RequestTimeTooSkewed": "the clock of this machine is wrong; set it",
}
"""By the code that the server answers; all of them are the user's mistake, trying again is useless."""

FOLDER_ERRNOS = {
    errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EROFS, errno.ELOOP,
    errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL,
}  # fmt: skip
"""What the system says of a wrong path or missing rights; anything else (full disk, stale mount) may pass."""
