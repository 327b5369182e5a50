"""How the execution of a job may end other than with a verdict."""


class JobStopped(Exception):
    """The runner was asked to stop; the job stays as it is, and whoever claims it next goes on."""


class JobPaused(Exception):
    """Somebody paused the job; what is finished is stored, and a resumed job goes on from there."""


class JobCancelled(Exception):
    """Somebody cancelled the job."""


class JobFailed(Exception):
    """The job cannot reach a verdict; the message says why and becomes the job's error."""
