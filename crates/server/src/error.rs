//! Errors as HTTP tells them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use softhello_app::{AppError, Exit};
use utoipa::ToSchema;

/// Why something was not done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    /// The `DOMException` that a page would catch, where there is one.
    #[schema(required)]
    pub(crate) name: Option<String>,
    /// What failed, for people.
    pub(crate) message: String,
    /// Every layer's name for it, the innermost first.
    #[schema(required)]
    pub(crate) chain: Option<String>,
    /// What to do about it.
    #[schema(required)]
    pub(crate) hint: Option<String>,
    #[serde(skip)]
    pub(crate) status: StatusCode,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name: None, message: message.into(), chain: None, hint: Some(hint.into()), status }
    }

    pub(crate) fn bad_request(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, hint)
    }

    pub(crate) fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message, hint)
    }

    /// With this status where the operation says only that it was wrong usage.
    #[must_use]
    pub(crate) fn or(self, status: StatusCode) -> Self {
        match self.status {
            StatusCode::BAD_REQUEST => Self { status, ..self },
            _ => self,
        }
    }

    /// A ceremony that was refused. Options that no browser takes are the page's fault, and end there too.
    pub(crate) fn of_ceremony(error: AppError) -> Self {
        let refused = error.exit == Exit::Refused || error.name.is_some();
        let found = Self::from(error);
        match refused {
            true => Self { status: StatusCode::UNPROCESSABLE_ENTITY, ..found },
            false => found,
        }
    }
}

impl From<AppError> for Error {
    fn from(error: AppError) -> Self {
        let status = match error.exit {
            _ if error.missing => StatusCode::NOT_FOUND,
            Exit::Refused => StatusCode::CONFLICT,
            Exit::Usage => StatusCode::BAD_REQUEST,
            Exit::Storage => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { name: error.name, message: error.reason, chain: error.chain, hint: Some(error.hint), status }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
