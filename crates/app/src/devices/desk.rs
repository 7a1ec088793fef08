//! The desk at which whoever watches a process answers its questions.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use softhello_ctap::{Gesture, Timestamp};
use softhello_device::{Clock, Prompt, PromptAnswer};
use tokio::sync::oneshot;

use super::{Common, News};
use crate::Secret;

/// A question that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Its number.
    pub id: u64,
    /// Whose question.
    pub device: String,
    /// The account of that device.
    pub account: String,
    /// `presence`, `verify`, `sample`, `touch`, `select` or `reset`.
    pub gesture: &'static str,
    /// For whose ceremony, where that is known.
    pub rp_id: Option<String>,
    /// Attempts left after this one, at a verification.
    pub attempts_left: Option<u8>,
    /// Whether a PIN is to be typed.
    pub wants_pin: bool,
    /// When it was asked, in milliseconds since 1970.
    #[serde(serialize_with = "super::trace::rfc3339")]
    pub asked: u64,
    /// When its ceremony is over.
    #[serde(serialize_with = "super::trace::rfc3339")]
    pub deadline: u64,
    /// The question, for people.
    pub text: String,
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum DeskAnswer {
    /// The gesture is made, with this PIN where one is asked for.
    Yes {
        /// The PIN.
        #[serde(default)]
        pin: Option<Secret<String>>,
    },
    /// The gesture is declined.
    No,
}

/// The questions that are open.
#[derive(Default)]
pub(super) struct Desk(Mutex<Open>);

#[derive(Default)]
struct Open {
    last: u64,
    questions: BTreeMap<u64, (Question, oneshot::Sender<DeskAnswer>)>,
}

impl Desk {
    pub(super) fn open(&self) -> Vec<Question> {
        self.lock().questions.values().map(|(question, _)| question.clone()).collect()
    }

    /// Whether the question was still open.
    pub(super) fn answer(&self, id: u64, answer: DeskAnswer) -> bool {
        let Some((_, waiting)) = self.lock().questions.remove(&id) else { return false };
        waiting.send(answer).is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks at the desk for one device, during one ceremony.
pub(super) struct AtDesk {
    pub(super) common: Arc<Common>,
    pub(super) device: String,
    pub(super) account: String,
    /// When the ceremony is over.
    pub(super) deadline: Timestamp,
}

impl AtDesk {
    fn question(&self, gesture: Gesture<'_>, wants_pin: bool) -> Question {
        let rp = |rp_id: Option<&str>| rp_id.map_or_else(String::new, |rp_id| format!(" for {rp_id}"));
        let (name, rp_id, attempts_left, text) = match gesture {
            Gesture::Presence { rp_id } => {
                ("presence", Some(rp_id), None, format!("Continue{}?", rp(Some(rp_id))))
            }
            Gesture::Verify { rp_id, attempts_left } => {
                ("verify", rp_id, Some(attempts_left), format!("Make sure it's you{}", rp(rp_id)))
            }
            Gesture::Sample { remaining, .. } => {
                ("sample", None, None, format!("Put your finger on the sensor, {remaining} to go"))
            }
            Gesture::Touch => ("touch", None, None, "Touch the security key".to_owned()),
            Gesture::Select => ("select", None, None, "Use this authenticator?".to_owned()),
            _ => ("reset", None, None, "Erase everything on this authenticator?".to_owned()),
        };
        Question {
            id: 0,
            device: self.device.clone(),
            account: self.account.clone(),
            gesture: name,
            rp_id: rp_id.map(str::to_owned),
            attempts_left,
            wants_pin,
            asked: Clock::System.now().0,
            deadline: self.deadline.0,
            text,
        }
    }
}

/// A question that is withdrawn when whoever asked goes away.
struct Asked<'a> {
    common: &'a Common,
    id: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.common.desk.lock().questions.remove(&self.id);
        self.common.tell(News::Answered(self.id));
    }
}

impl Prompt for AtDesk {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(async move {
            let mut question = self.question(gesture, wants_pin);
            let (answer, answered) = oneshot::channel();
            {
                let mut open = self.common.desk.lock();
                open.last += 1;
                question.id = open.last;
                open.questions.insert(question.id, (question.clone(), answer));
            }
            let _asked = Asked { common: &self.common, id: question.id };
            self.common.tell(News::Asked(question));
            match answered.await {
                Ok(DeskAnswer::Yes { pin: Some(pin) }) if wants_pin => PromptAnswer::Pin(pin.0.into()),
                Ok(DeskAnswer::Yes { .. }) => PromptAnswer::Yes,
                Ok(DeskAnswer::No) => PromptAnswer::No,
                Err(_) => PromptAnswer::Cancelled,
            }
        })
    }
}
