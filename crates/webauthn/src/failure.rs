//! How a ceremony fails: the `DOMException` a page would see, and why.

use std::fmt;

use softhello_ctap::{Denied, Status, Step};

use crate::{create, get};

/// The name of the exception that a page's script would catch.
///
/// `TypeError` and `SyntaxError` of `JSON.parse` are JavaScript's own exceptions and not `DOMException`s; they stand
/// here because a page catches them at the same place.
///
/// Source: Web IDL §2.8.1, "DOMException names"; WebAuthn Level 3 §5.1.3 and §5.1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DomException {
    /// The ceremony was aborted through its `AbortSignal`.
    AbortError,
    /// No authenticator can do what the options require.
    ConstraintError,
    /// A member is not base64url.
    EncodingError,
    /// A credential of `excludeCredentials` is on the authenticator.
    InvalidStateError,
    /// The user declined, nothing fits, or time ran out.
    NotAllowedError,
    /// None of the algorithms, or not this extension input, is supported.
    NotSupportedError,
    /// The origin may not use this RP ID.
    SecurityError,
    /// The text is not JSON.
    SyntaxError,
    /// A member is missing or cannot be converted.
    TypeError,
    /// The authenticator answered something that cannot be understood.
    UnknownError,
}

impl DomException {
    /// The name as scripts see it, in `error.name`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AbortError => "AbortError",
            Self::ConstraintError => "ConstraintError",
            Self::EncodingError => "EncodingError",
            Self::InvalidStateError => "InvalidStateError",
            Self::NotAllowedError => "NotAllowedError",
            Self::NotSupportedError => "NotSupportedError",
            Self::SecurityError => "SecurityError",
            Self::SyntaxError => "SyntaxError",
            Self::TypeError => "TypeError",
            Self::UnknownError => "UnknownError",
        }
    }
}

impl fmt::Display for DomException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A ceremony that ended without a credential.
///
/// It displays as `NotAllowedError: the user declined`. The cause's words are in `reason` already, so the cause is no
/// [`source`](std::error::Error::source): a chain of sources would say everything twice.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
#[non_exhaustive]
pub struct Failure {
    /// What a page would catch.
    pub name: DomException,
    /// The client's step that ended the ceremony.
    pub step: &'static Step,
    /// Why, for people; a page is never told.
    pub reason: String,
    /// The authenticator's status, if it was the authenticator that refused.
    pub status: Option<Status>,
    /// The reason behind that status, if the authenticator is in this process.
    pub cause: Option<Denied>,
}

impl Failure {
    /// Whether it is that the authenticator could not verify its user, or did not, where that was required.
    pub fn is_unverified(&self) -> bool {
        [&create::USER_VERIFICATION, &get::USER_VERIFICATION].into_iter().any(|step| step == self.step)
    }

    /// A failure that the client found by itself.
    pub(crate) fn new(name: DomException, step: &'static Step, reason: impl Into<String>) -> Self {
        Self { name, step, reason: reason.into(), status: None, cause: None }
    }

    /// A refusal of the authenticator.
    pub(crate) fn refused(
        name: DomException,
        step: &'static Step,
        status: Status,
        cause: Option<Denied>,
    ) -> Self {
        let reason = match &cause {
            Some(cause) => cause.to_string(),
            None => format!("the authenticator answered {status}"),
        };
        Self { name, step, reason, status: Some(status), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static STEP: Step = Step { section: "5.1.3", number: "22", rule: "try the authenticators" };

    #[test]
    fn it_displays_as_name_and_reason() {
        let denied = Failure::refused(
            DomException::NotAllowedError,
            &STEP,
            Status::OperationDenied,
            Some(Denied::UserDeclined),
        );
        insta::assert_snapshot!(denied, @"NotAllowedError: the user declined");
        let remote = Failure::refused(DomException::NotAllowedError, &STEP, Status::OperationDenied, None);
        insta::assert_snapshot!(
            remote,
            @"NotAllowedError: the authenticator answered CTAP2_ERR_OPERATION_DENIED (0x27)"
        );
    }
}
