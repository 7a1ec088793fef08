//! Who said what to whom in a ceremony, from the page down to the container and back.

use serde::Serialize;
use serde_json::{Value, json};
use softhello_ctap::{
    Answer, Event as DeviceEvent, Status,
    explain::{Kind, explain_as},
};

use super::{CeremonyKind, trace::Trace};

/// Who takes part, from the outside in.
#[derive(Clone, Copy, Serialize)]
enum Actor {
    #[serde(rename = "page")]
    Page,
    #[serde(rename = "browser")]
    Browser,
    #[serde(rename = "webauthn.h")]
    WebAuthn,
    #[serde(rename = "ctap")]
    Ctap,
    #[serde(rename = "container")]
    Container,
}

#[derive(Default)]
struct Diagram(Vec<Value>);

impl Diagram {
    fn say(&mut self, from: Actor, to: Actor, text: impl Into<String>, detail: Option<String>, ok: bool) {
        self.0.push(json!({ "from": from, "to": to, "text": text.into(), "detail": detail, "ok": ok }));
    }
}

/// The messages in their order.
pub(super) fn of(trace: &Trace) -> Vec<Value> {
    use Actor::{Browser, Container, Ctap, Page, WebAuthn};
    let mut diagram = Diagram::default();
    let (called, native) = match trace.ceremony {
        CeremonyKind::Create => ("navigator.credentials.create()", "WebAuthNAuthenticatorMakeCredential"),
        CeremonyKind::Get => ("navigator.credentials.get()", "WebAuthNAuthenticatorGetAssertion"),
    };
    let whose = match &trace.user_name {
        Some(user) => format!("{user} at {}", trace.rp_id),
        None => trace.rp_id.clone(),
    };
    diagram.say(Page, Browser, called, Some(format!("{whose}, from {}", trace.origin)), true);
    if !trace.recording.is_empty() {
        diagram.say(Browser, WebAuthn, native, Some(trace.rp_id.clone()), true);
    }
    for event in trace.recording.events() {
        match &event {
            DeviceEvent::Request(bytes) => {
                let explained = explain_as(Kind::Request, bytes);
                let command = explained.nodes.first().map_or("request", |node| &node.value);
                diagram.say(WebAuthn, Ctap, command, Some(sized(bytes)), true);
            }
            DeviceEvent::Message(bytes) => {
                diagram.say(WebAuthn, Ctap, "U2F message", Some(sized(bytes)), true);
            }
            DeviceEvent::Stored { request, answer, refused } => {
                diagram.say(Ctap, Container, request.as_ref(), None, true);
                diagram.say(Container, Ctap, answer.as_ref(), None, !refused);
            }
            DeviceEvent::Asked { gesture, answer } => {
                diagram.say(Ctap, WebAuthn, format!("asks for {gesture}"), None, true);
                diagram.say(WebAuthn, Ctap, did(*answer), None, *answer == Answer::Given);
            }
            DeviceEvent::Response { status, bytes } => {
                let ok = *status == Status::Ok;
                diagram.say(Ctap, WebAuthn, status.to_string(), Some(sized(bytes)), ok);
            }
            DeviceEvent::MessageResponse(bytes) => {
                let ok = bytes.ends_with(&[0x90, 0x00]);
                diagram.say(Ctap, WebAuthn, "U2F response", Some(sized(bytes)), ok);
            }
            _ => {}
        }
    }
    match &trace.result {
        Ok(_) => {
            diagram.say(WebAuthn, Browser, "S_OK", None, true);
            diagram.say(Browser, Page, "PublicKeyCredential", None, true);
        }
        Err(error) => {
            if let Some(hresult) = error.chain.as_deref().and_then(hresult) {
                diagram.say(WebAuthn, Browser, hresult, None, false);
            }
            let name = error.name.as_deref().unwrap_or("error");
            diagram.say(Browser, Page, name, Some(error.reason.clone()), false);
        }
    }
    diagram.0
}

fn sized(bytes: &[u8]) -> String {
    crate::output::count(bytes.len(), "byte")
}

fn did(answer: Answer) -> &'static str {
    match answer {
        Answer::Given => "the user did it",
        Answer::Wrong => "that was wrong",
        Answer::Declined => "the user said no",
        Answer::TimedOut => "nothing happened in time",
        Answer::Cancelled => "cancelled",
    }
}

/// Windows' name in a chain: the last but one, see [`softhello_windows::Chain`].
fn hresult(chain: &str) -> Option<&str> {
    chain.rsplit(" → ").nth(1)
}
