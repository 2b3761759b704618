//! Query parameters of lists.

use actix_web::HttpRequest;
use actix_web::web::Query;
use callboard_actors::message::Code;

use super::error::ApiError;

/// How many items a page may have.
pub(super) const PAGE_ITEMS_MAX: usize = 1000;

/// The parameters of a request, in their order; what is not known is not looked at.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// It is not one.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let query =
            query.map_err(|error| ApiError::new(Code::InvalidRequest, format!("the query is not readable: {error}")))?;
        Ok(Self(query.into_inner()))
    }

    /// Returns a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns how many items are wanted, 1 to 1000.
    ///
    /// # Errors
    /// It is not such a number.
    pub(super) fn limit(&self) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(None) };
        match text.parse() {
            Ok(limit @ 1..=PAGE_ITEMS_MAX) => Ok(Some(limit)),
            _ => Err(ApiError::field("limit", format!("`limit` must be a number from 1 to {PAGE_ITEMS_MAX}"))),
        }
    }
}
