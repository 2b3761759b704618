//! What the edge counts of itself.

use actix_web::http::StatusCode;
use callboard_actors::message::Counter;

/// Requests by the class of their answer.
#[derive(Debug, Default)]
pub(super) struct HttpCounters {
    pub(super) requests: Counter,
    pub(super) client_errors: Counter,
    pub(super) server_errors: Counter,
    pub(super) auth_failures: Counter,
}

impl HttpCounters {
    pub(super) fn count(&self, status: StatusCode) {
        self.requests.inc();
        if status.is_client_error() {
            self.client_errors.inc();
        } else if status.is_server_error() {
            self.server_errors.inc();
        }
    }
}
