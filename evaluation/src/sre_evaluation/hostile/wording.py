"""Errors as the libraries of several languages word them. `{}` is the host with its port where one is named."""

from collections.abc import Mapping

REFUSED: Mapping[str, str] = {
    "java": "java.net.ConnectException: Connection refused: {}",
    "python": "HTTPConnectionPool(host='{}'): Max retries exceeded: [Errno 111] Connection refused",
    "go": "dial tcp {}: connect: connection refused",
    "node": "connect ECONNREFUSED {}",
    "dotnet": "System.Net.Http.HttpRequestException: Connection refused ({})",
}
TIMED_OUT: Mapping[str, str] = {
    "java": "java.net.SocketTimeoutException: Read timed out executing request to {}",
    "python": "httpx.ReadTimeout: timed out reading from {}",
    "go": 'Get "http://{}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    "node": "timeout exceeded calling {} (ETIMEDOUT)",
    "dotnet": "System.Threading.Tasks.TaskCanceledException: The request to {} was canceled, HttpClient.Timeout",
}
NO_NAME: Mapping[str, str] = {
    "java": "java.net.UnknownHostException: {}: Temporary failure in name resolution",
    "python": "[Errno -3] Temporary failure in name resolution: {}",
    "go": "dial tcp: lookup {} on 10.96.0.10:53: read udp: i/o timeout",
    "node": "getaddrinfo EAI_AGAIN {}",
    "dotnet": "System.Net.Sockets.SocketException: Name or service not known ({})",
}
EXPIRED: Mapping[str, str] = {
    "java": "javax.net.ssl.SSLHandshakeException: PKIX path validation failed for {}: certificate expired",
    "python": "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired ({})",
    "go": "tls: failed to verify certificate for {}: x509: certificate has expired or is not yet valid",
    "node": "CERT_HAS_EXPIRED: certificate has expired, {}",
    "dotnet": "AuthenticationException: The remote certificate of {} is invalid: NotTimeValid",
}
RESET: Mapping[str, str] = {
    "java": "java.net.SocketException: Connection reset ({})",
    "python": "('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer')) {}",
    "go": "read tcp {}: read: connection reset by peer",
    "node": "read ECONNRESET {}",
    "dotnet": "System.IO.IOException: Unable to read data from the transport connection: {} reset by peer",
}
POOL: Mapping[str, str] = {
    "java": "HikariPool-1 - Connection is not available, request timed out after {}ms.",
    "python": "QueuePool limit of size {} overflow 0 reached, connection timed out",
    "go": "acquire connection: context deadline exceeded, pool of {} in use",
    "node": "TimeoutError: ResourceRequest timed out, pool size {}",
    "dotnet": "Timeout expired. The timeout period elapsed prior to obtaining a connection from the pool (max {})",
}
DEFECT: Mapping[str, str] = {
    "java": 'java.lang.NullPointerException: Cannot invoke "{}.value()" because the return value is null',
    "python": "KeyError: '{}'",
    "go": "runtime error: invalid memory address or nil pointer dereference in {}",
    "node": "TypeError: Cannot read properties of undefined (reading '{}')",
    "dotnet": "System.NullReferenceException: Object reference not set to an instance of an object ({})",
}
NO_SPACE: Mapping[str, str] = {
    "java": "java.io.IOException: No space left on device: /var/data/{}",
    "python": "OSError: [Errno 28] No space left on device: '/var/data/{}'",
    "go": "write /var/data/{}: no space left on device",
    "node": "ENOSPC: no space left on device, write '/var/data/{}'",
    "dotnet": "System.IO.IOException: No space left on device : '/var/data/{}'",
}
INVALID: Mapping[str, str] = {
    "java": "com.fasterxml.jackson.databind.exc.MismatchedInputException: no content to map in the answer of {}",
    "python": "pydantic_core.ValidationError: 1 validation error in the answer of {}: field required",
    "go": "decode answer of {}: unexpected end of JSON input",
    "node": "ZodError: invalid answer of {}: amount expected number, received null",
    "dotnet": "System.Text.Json.JsonException: The JSON value of {} could not be converted",
}
PASSWORD: Mapping[str, str] = {
    "postgresql": 'FATAL: password authentication failed for user "{}"',
    "mysql": "Access denied for user '{}'@'10.2.1.7' (using password: YES)",
    "mongodb": "MongoServerError: Authentication failed for {}",
}
DEADLOCK: Mapping[str, str] = {
    "postgresql": "ERROR: canceling statement due to lock timeout on {}",
    "mysql": "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction ({})",
    "mongodb": "WriteConflict: Unable to acquire lock on {} within 5ms",
}
TOO_MANY: Mapping[str, str] = {
    "postgresql": "FATAL: sorry, too many clients already ({})",
    "mysql": "ERROR 1040 (HY000): Too many connections to {}",
    "mongodb": "MongoServerSelectionError: connection pool for {} cleared",
}
CODES = {404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
         503: "Service Unavailable", 504: "Gateway Timeout"}  # fmt: skip
GRPC = {404: 5, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4}
PORTS = {"postgresql": 5432, "mysql": 3306, "mongodb": 27017}
