//! The teaching hook: steps of the specification and what became of them.

use crate::{Answer, Denied, Status};

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

/// What became of a step.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The step applied and the command goes on.
    Passed,
    /// The step applied and chose something.
    Chose(&'a str),
    /// The step did not apply.
    Skipped(&'a str),
    /// The step ended the command.
    Refused(&'a Denied),
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
        /// What became of it, as a sentence.
        outcome: String,
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
        request: String,
        /// What it answered, as `2 credentials`.
        answer: String,
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
