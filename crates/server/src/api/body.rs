//! What requests have: bodies that are bounded in size and time and are JSON, paths, and queries. Whatever is wrong with them
//! is told as an [`Error`].

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request},
    http::{Method, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{access, error::Error};

/// The bound of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) bytes: usize,
    pub(crate) patience: Duration,
}

/// The longest body of whoever has no token, in bytes.
const PUBLIC: usize = 64 * 1024;

impl Bound {
    /// The bound of a request. Whoever has no token cannot fill the memory either.
    fn of(self, method: &Method, path: &str) -> usize {
        match (access::is_public(method, path), method) {
            (true, &(Method::GET | Method::HEAD)) => 0,
            (true, _) => self.bytes.min(PUBLIC),
            (false, _) => self.bytes,
        }
    }

    /// Waits until the whole body is there, as long as it is short enough and comes soon enough.
    pub(crate) async fn whole(self, request: Request) -> Result<Request, Error> {
        let (head, body) = request.into_parts();
        let bytes = self.of(&head.method, head.uri.path());
        let too_large = || {
            let hint = match bytes == self.bytes {
                true => "`--max-body` is the limit",
                false => "what needs no token takes little",
            };
            Error::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {bytes} bytes"), hint)
        };
        let length =
            head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: u64| length > bytes as u64) {
            return Err(too_large());
        }
        match timeout(self.patience, to_bytes(body, bytes)).await {
            Ok(Ok(body)) => Ok(Whole(body).of(head)),
            Ok(Err(error)) if is_length_limit(&error) => Err(too_large()),
            Ok(Err(_)) => Err(Error::bad_request("the body broke off", "send all of it")),
            Err(_) => Err(Error::new(
                StatusCode::REQUEST_TIMEOUT,
                "the body took too long to arrive",
                "`--request-timeout` is the limit",
            )),
        }
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    use std::error::Error as _;
    error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// The body of a request, when all of it is there.
#[derive(Clone)]
pub(crate) struct Whole(pub(crate) Bytes);

impl Whole {
    /// The request that has this body.
    pub(crate) fn of(self, mut head: Parts) -> Request {
        head.extensions.insert(self);
        Request::from_parts(head, Body::empty())
    }
}

impl<S: Sync> FromRequestParts<S> for Whole {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        // Without it, the request came by another way than `Bound::whole`.
        parts.extensions.remove().ok_or_else(|| {
            Error::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the body was not read",
                "this is a fault of softhello",
            )
        })
    }
}

/// A body that is text.
pub(crate) struct Text(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Text {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Whole(bytes) = Whole::from_request_parts(parts, state).await?;
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|error| Error::bad_request(format!("the body is no text: {error}"), DESCRIBED))
    }
}

/// A body of JSON. No body is an empty object.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Input<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Whole(bytes) = Whole::from_request_parts(parts, state).await?;
        let bytes = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
        serde_json::from_slice(bytes).map(Self).map_err(|error| wrong_json(&error))
    }
}

pub(crate) fn wrong_json(error: &serde_json::Error) -> Error {
    Error::bad_request(format!("the body is not what this takes: {error}"), DESCRIBED)
}

/// What stands in the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found
            .map(|axum::extract::Path(found)| Self(found))
            .map_err(|error| Error::new(error.status(), error.body_text(), DESCRIBED))
    }
}

/// What stands in the query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|axum::extract::Query(found)| Self(found))
            .map_err(|error| Error::new(error.status(), error.body_text(), DESCRIBED))
    }
}

const DESCRIBED: &str = "GET /openapi.json describes every request";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_needs_no_token_sends_little() {
        let bound = Bound { bytes: 1_000_000, patience: Duration::from_secs(1) };
        for (method, path, bytes) in [
            (Method::POST, "/api/explain", 1_000_000),
            (Method::GET, "/api/devices", 1_000_000),
            (Method::POST, "/demo/api/register", PUBLIC),
            (Method::DELETE, "/demo/api/methods/x", PUBLIC),
            (Method::GET, "/demo/api/state", 0),
            (Method::GET, "/", 0),
            (Method::GET, "/static/api.js", 0),
        ] {
            assert_eq!(bound.of(&method, path), bytes, "{method} {path}");
        }
        let small = Bound { bytes: 10, ..bound };
        assert_eq!(small.of(&Method::POST, "/demo/api/register"), 10);
    }
}
