//! The teaching hook: steps of the specification and what became of them.

use std::{borrow::Cow, fmt};

use crate::{Answer, Status};

/// A numbered step of the specification that decides something.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The section, as `6.1.2`.
    pub section: &'static str,
    /// The step's number in that section, as `3` or `5.3`.
    pub number: &'static str,
    /// The rule, in our words.
    pub rule: &'static str,
}

/// Declares the steps of a file, and lists them for [`steps`](crate::steps).
macro_rules! steps {
    ($($name:ident = $section:literal $number:literal $rule:literal;)+) => {
        $(static $name: $crate::Step = $crate::Step { section: $section, number: $number, rule: $rule };)+

        pub(crate) static STEPS: &[&$crate::Step] = &[$(&$name),+];
    };
}
pub(crate) use steps;

/// What became of a step. `R` is the reason of a refusal: a [`Denied`](crate::Denied) where the step is taken, its words in
/// an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<R> {
    /// The step applied and the command goes on.
    Passed,
    /// The step applied and chose something.
    Chose(&'static str),
    /// The step did not apply.
    Skipped(&'static str),
    /// The step ended the command.
    Refused(R),
}

impl<R> Outcome<R> {
    /// The same with another form of the reason.
    pub fn map_refused<T>(self, form: impl FnOnce(R) -> T) -> Outcome<T> {
        match self {
            Self::Passed => Outcome::Passed,
            Self::Chose(what) => Outcome::Chose(what),
            Self::Skipped(why) => Outcome::Skipped(why),
            Self::Refused(reason) => Outcome::Refused(form(reason)),
        }
    }
}

/// As a sentence.
impl<R: fmt::Display> fmt::Display for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Chose(what) => f.write_str(what),
            Self::Skipped(why) => write!(f, "does not apply: {why}"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
        }
    }
}

/// Something that happened on an authenticator, for traces and logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request arrived.
    Request(Vec<u8>),
    /// A step was taken.
    Step {
        /// Which.
        step: &'static Step,
        /// What became of it.
        outcome: Outcome<String>,
    },
    /// A response left.
    Response {
        /// Its status byte.
        status: Status,
        /// All its bytes.
        bytes: Vec<u8>,
    },
    /// The container was read or changed.
    Stored {
        /// What was asked of it, as `find the credentials of rp.example`.
        request: Cow<'static, str>,
        /// What it answered, as `2 credentials`.
        answer: Cow<'static, str>,
        /// Whether it refused.
        refused: bool,
    },
    /// The user was asked for a gesture.
    Asked {
        /// Which, as `verify for rp.example`.
        gesture: String,
        /// What the user did.
        answer: Answer,
    },
    /// A U2F message arrived: a command APDU.
    Message(Vec<u8>),
    /// A U2F message was answered: data and a status word.
    MessageResponse(Vec<u8>),
}
