"""A client for the web services of Azure Machine Learning Studio (classic), the emulated and any other of that shape.

Score rows and run batch jobs with :class:`ScoringClient`, manage endpoints and update their models with
:class:`ManagementClient`, and do the whole retraining, resumable, with :class:`Retraining`.
"""

from ._acceptance import Condition, read_evaluation
from ._auth import Anonymous, Auth, Bearer
from ._blobs import BlobReader
from ._client import ServiceClient
from ._clock import Clock, Deadline, SystemClock
from ._diagnosis import CheckResult, Diagnosis, RetrainingSetup, diagnose
from ._endpoints_file import EndpointEntry, EndpointsFile, ServiceEntry, WorkspaceEntry
from ._exceptions import (
    AmlError,
    AnswerLost,
    AnswerTimeout,
    ErrorDetail,
    FlowError,
    JobCancelled,
    JobError,
    JobFailed,
    JobTimeout,
    JournalError,
    NotAccepted,
    NotFound,
    NotSent,
    NotVerified,
    OutcomeUnknown,
    RefusedLocally,
    ServiceError,
    ServiceUnavailable,
    TransportError,
    Unauthorized,
    UnexpectedAnswer,
    WrongCall,
)
from ._failures import KnownFailure, Sighting, known_failure, recognise
from ._flow import Retraining
from ._help import HelpReader, UpdateResourcePage
from ._journal import Journal
from ._management import ManagementClient
from ._models import (
    BlobLocation,
    Cell,
    Endpoint,
    EndpointSettings,
    JobState,
    JobStatus,
    Resource,
    ScoreResult,
    Table,
    WebService,
)
from ._plan import FlowOptions, LocalFile, Observer, RetrainingPlan, RetrainingResult
from ._redaction import mask, redact
from ._retry import RetryPolicy
from ._scoring import ScoringClient
from ._transport import Answer, Call, Transport
from ._upload import upload_file
from ._wsgi import WSGIAdapter, gathered, wsgi_call, wsgi_environ, wsgi_session

__all__ = [
    "AmlError",
    "Anonymous",
    "Answer",
    "AnswerLost",
    "AnswerTimeout",
    "Auth",
    "Bearer",
    "BlobLocation",
    "BlobReader",
    "Call",
    "Cell",
    "CheckResult",
    "Clock",
    "Condition",
    "Deadline",
    "Diagnosis",
    "Endpoint",
    "EndpointEntry",
    "EndpointSettings",
    "EndpointsFile",
    "ErrorDetail",
    "FlowError",
    "FlowOptions",
    "HelpReader",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobState",
    "JobStatus",
    "JobTimeout",
    "Journal",
    "JournalError",
    "KnownFailure",
    "LocalFile",
    "ManagementClient",
    "NotAccepted",
    "NotFound",
    "NotSent",
    "NotVerified",
    "Observer",
    "OutcomeUnknown",
    "RefusedLocally",
    "Resource",
    "Retraining",
    "RetrainingPlan",
    "RetrainingResult",
    "RetrainingSetup",
    "RetryPolicy",
    "ScoreResult",
    "ScoringClient",
    "ServiceClient",
    "ServiceEntry",
    "ServiceError",
    "ServiceUnavailable",
    "Sighting",
    "SystemClock",
    "Table",
    "Transport",
    "TransportError",
    "Unauthorized",
    "UnexpectedAnswer",
    "UpdateResourcePage",
    "WSGIAdapter",
    "WebService",
    "WorkspaceEntry",
    "WrongCall",
    "diagnose",
    "gathered",
    "known_failure",
    "mask",
    "read_evaluation",
    "recognise",
    "redact",
    "upload_file",
    "wsgi_call",
    "wsgi_environ",
    "wsgi_session",
]
