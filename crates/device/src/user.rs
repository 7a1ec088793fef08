//! Whoever sits before the device.

use std::{future::Future, pin::Pin};

use crate::pin;
use softhello_ctap::{Answer, Gesture, PinVerifier};

/// What a scripted user does at every gesture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Script {
    /// Approves, with the right PIN.
    #[default]
    Approve,
    /// Says no.
    Decline,
    /// Does nothing until time is up.
    Timeout,
    /// Types a wrong PIN, uses the wrong finger, and otherwise approves.
    WrongPin,
}

impl Script {
    /// What is done at this gesture.
    fn answer(self, gesture: Gesture<'_>) -> Answer {
        match self {
            Self::Approve => Answer::Given,
            Self::Decline => Answer::Declined,
            Self::Timeout => Answer::TimedOut,
            // The wrong PIN, the wrong finger, a bad sample of the right one.
            Self::WrongPin => match gesture {
                Gesture::Verify { .. } | Gesture::Sample { .. } => Answer::Wrong,
                _ => Answer::Given,
            },
        }
    }
}

/// What a person answered at a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptAnswer {
    /// Yes; no PIN was asked for.
    Yes,
    /// This PIN.
    Pin(zeroize::Zeroizing<String>),
    /// No.
    No,
    /// Nothing in time.
    Nothing,
    /// The request was cancelled meanwhile.
    Cancelled,
    /// What this script does.
    As(Script),
}

/// Someone who is asked: a terminal, a page, a control socket.
pub trait Prompt: Send {
    /// Asks for one gesture. `wants_pin` tells whether a PIN is to be typed.
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>>;
}

/// Whoever sits before the device.
pub enum User {
    /// Always does the same.
    Script(Script),
    /// Is asked each time.
    Prompt(Box<dyn Prompt>),
}

impl Default for User {
    fn default() -> Self {
        Self::Script(Script::Approve)
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Script(script) => f.debug_tuple("Script").field(script).finish(),
            Self::Prompt(_) => f.write_str("Prompt(..)"),
        }
    }
}

impl User {
    /// What the user does. `pin` is the PIN that verification compares with, where there is one.
    pub(crate) async fn answer(&mut self, gesture: Gesture<'_>, verifier: Option<&PinVerifier>) -> Answer {
        let verifying = matches!(gesture, Gesture::Verify { .. });
        match self {
            Self::Script(script) => script.answer(gesture),
            Self::Prompt(prompt) => {
                let verifier = verifier.filter(|_| verifying);
                match (prompt.ask(gesture, verifier.is_some()).await, verifier) {
                    (PromptAnswer::As(script), _) => script.answer(gesture),
                    (PromptAnswer::Pin(typed), Some(verifier)) if !pin::matches(verifier, &typed) => {
                        Answer::Wrong
                    }
                    (PromptAnswer::Yes, Some(_)) => Answer::Wrong,
                    (PromptAnswer::Yes | PromptAnswer::Pin(_), _) => Answer::Given,
                    (PromptAnswer::No, _) => Answer::Declined,
                    (PromptAnswer::Nothing, _) => Answer::TimedOut,
                    (PromptAnswer::Cancelled, _) => Answer::Cancelled,
                }
            }
        }
    }
}
