//! A gesture as it is asked for in another process, and the answer.

use serde::{Deserialize, Serialize};
use softhello_ctap::Gesture;
use softhello_device::PromptAnswer;

use crate::Secret;

/// A gesture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum Question {
    Presence { rp_id: String },
    Verify { rp_id: Option<String>, attempts_left: u8 },
    Sample { remaining: u8, timeout_ms: Option<u64> },
    Touch,
    Select,
    Reset { long_touch: bool },
}

impl Question {
    pub(super) fn of(gesture: Gesture<'_>) -> Option<Self> {
        Some(match gesture {
            Gesture::Presence { rp_id } => Self::Presence { rp_id: rp_id.to_owned() },
            Gesture::Verify { rp_id, attempts_left } => {
                Self::Verify { rp_id: rp_id.map(str::to_owned), attempts_left }
            }
            Gesture::Sample { remaining, timeout_ms } => Self::Sample { remaining, timeout_ms },
            Gesture::Touch => Self::Touch,
            Gesture::Select => Self::Select,
            Gesture::Reset { long_touch } => Self::Reset { long_touch },
            _ => return None,
        })
    }

    pub(super) fn gesture(&self) -> Gesture<'_> {
        match self {
            Self::Presence { rp_id } => Gesture::Presence { rp_id },
            Self::Verify { rp_id, attempts_left } => {
                Gesture::Verify { rp_id: rp_id.as_deref(), attempts_left: *attempts_left }
            }
            Self::Sample { remaining, timeout_ms } => {
                Gesture::Sample { remaining: *remaining, timeout_ms: *timeout_ms }
            }
            Self::Touch => Gesture::Touch,
            Self::Select => Gesture::Select,
            Self::Reset { long_touch } => Gesture::Reset { long_touch: *long_touch },
        }
    }
}

/// What the person answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answered {
    Yes,
    Pin(Secret<String>),
    No,
    Nothing,
    Cancelled,
}

impl From<PromptAnswer> for Answered {
    fn from(answer: PromptAnswer) -> Self {
        match answer {
            PromptAnswer::Yes => Self::Yes,
            PromptAnswer::Pin(pin) => Self::Pin(Secret(pin.to_string())),
            PromptAnswer::No => Self::No,
            PromptAnswer::Cancelled => Self::Cancelled,
            // A person follows no script.
            PromptAnswer::Nothing | PromptAnswer::As(_) => Self::Nothing,
        }
    }
}

impl From<Answered> for PromptAnswer {
    fn from(answered: Answered) -> Self {
        match answered {
            Answered::Yes => Self::Yes,
            Answered::Pin(pin) => Self::Pin(pin.0.into()),
            Answered::No => Self::No,
            Answered::Nothing => Self::Nothing,
            Answered::Cancelled => Self::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gestures_and_answers_come_through() {
        for gesture in [
            Gesture::Presence { rp_id: "rp.example" },
            Gesture::Verify { rp_id: Some("rp.example"), attempts_left: 2 },
            Gesture::Verify { rp_id: None, attempts_left: 0 },
            Gesture::Sample { remaining: 3, timeout_ms: Some(9) },
            Gesture::Touch,
            Gesture::Select,
            Gesture::Reset { long_touch: true },
        ] {
            let question = Question::of(gesture).expect("a question");
            let line = serde_json::to_string(&question).expect("JSON");
            let read: Question = serde_json::from_str(&line).expect("a question");
            assert_eq!(read.gesture(), gesture);
        }
        let pin = PromptAnswer::Pin("1234".to_owned().into());
        for answer in
            [PromptAnswer::Yes, pin, PromptAnswer::No, PromptAnswer::Nothing, PromptAnswer::Cancelled]
        {
            let line = serde_json::to_string(&Answered::from(answer.clone())).expect("JSON");
            let read: Answered = serde_json::from_str(&line).expect("an answer");
            assert_eq!(PromptAnswer::from(read), answer);
        }
        assert_eq!(format!("{:?}", Answered::Pin(Secret("1234".to_owned()))), "Pin(Secret(..))");
    }
}
