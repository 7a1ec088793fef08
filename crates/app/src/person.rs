//! Someone who is asked: by an authenticator for gestures, by a platform for PINs.

use std::{future::Future, pin::Pin, sync::Arc};

use softhello_ctap::{Gesture, PinVerifier};
use softhello_device::{Prompt, PromptAnswer, Script};
use softhello_webauthn::{PinEntry, PinHash, PinRequest};
use tokio::sync::Mutex;

/// Someone who is asked, by one after the other.
#[derive(Clone)]
pub(crate) struct Person(Arc<Mutex<Box<dyn Prompt>>>);

impl Person {
    pub(crate) fn new(prompt: Box<dyn Prompt>) -> Self {
        Self(Arc::new(Mutex::new(prompt)))
    }

    async fn answer(&self, gesture: Gesture<'_>, wants_pin: bool) -> PromptAnswer {
        self.0.lock().await.ask(gesture, wants_pin).await
    }
}

impl Prompt for Person {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(self.answer(gesture, wants_pin))
    }
}

/// A user at the keyboard of the platform, where an authenticator leaves its PIN to that.
pub(crate) struct Keyboard {
    user: AtKeyboard,
    /// The PIN that the authenticator has, for those who know it.
    pin: Option<PinVerifier>,
}

pub(crate) enum AtKeyboard {
    Script(Script),
    Person(Person),
}

impl Keyboard {
    pub(crate) fn new(user: AtKeyboard, pin: Option<PinVerifier>) -> Self {
        Self { user, pin }
    }

    /// A script types once: a wrong PIN costs one attempt, as at Windows Hello.
    fn typed(&self, script: Script, again: bool) -> Option<PinHash> {
        let right = self.pin.as_ref().filter(|_| !again)?.hash;
        match script {
            Script::Approve => Some(PinHash::from(right)),
            Script::WrongPin => Some(PinHash::from(right.map(|byte| !byte))),
            Script::Decline | Script::Timeout => None,
        }
    }
}

impl PinEntry for Keyboard {
    fn enter<'a>(
        &'a self,
        request: PinRequest<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<PinHash>> + Send + 'a>> {
        Box::pin(async move {
            let person = match &self.user {
                AtKeyboard::Script(script) => return self.typed(*script, request.again),
                AtKeyboard::Person(person) => person,
            };
            let after = request.attempts_left.saturating_sub(1);
            let gesture = Gesture::Verify {
                rp_id: Some(request.rp_id),
                attempts_left: u8::try_from(after).unwrap_or(u8::MAX),
            };
            match person.answer(gesture, true).await {
                PromptAnswer::Pin(typed) => Some(PinHash::of(&typed)),
                PromptAnswer::As(script) => self.typed(script, request.again),
                _ => None,
            }
        })
    }
}
