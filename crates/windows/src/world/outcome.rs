//! What came of something that somebody did.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Cause, HResult,
    logs::Event,
    tenant::{AuditEntry, SignInEntry},
    webauthn_h::{Browser, CeremonyKind},
};

/// Who takes part, for a picture of what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The person, or an administrator.
    Person,
    /// The browser with its page.
    Browser,
    /// webauthn.h, and the rest of Windows.
    Windows,
    /// Windows Hello with its container.
    Hello,
    /// The tenant, or another relying party.
    RelyingParty,
}

/// Something that one says to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Who says it.
    pub from: Actor,
    /// To whom.
    pub to: Actor,
    /// What.
    pub text: String,
}

/// What came of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    /// What a person sees, in order.
    pub sees: Vec<String>,
    /// The authenticator's reason, by name, where it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The authenticator's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctap: Option<String>,
    /// The result of webauthn.h, or of Windows Hello where no ceremony ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hresult: Option<HResult>,
    /// What a page catches, by browser.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exceptions: BTreeMap<Browser, String>,
    /// The same in words.
    #[serde(skip)]
    pub thrown: Option<String>,
    /// What the relying party answers, or the browser where a page asks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rp: Option<String>,
    /// Why it went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Who said what to whom.
    pub messages: Vec<Message>,
    /// Events that the computer wrote meanwhile.
    #[serde(skip)]
    pub log: Vec<Event>,
    /// Entries of the tenant's audit log.
    pub audit: Vec<AuditEntry>,
    /// Entries of the tenant's sign-in log.
    pub sign_ins: Vec<SignInEntry>,
}

impl Outcome {
    /// A person sees something.
    pub(super) fn sees(&mut self, screen: impl Into<String>) {
        self.sees.push(screen.into());
    }

    /// One says something to another.
    pub(super) fn says(&mut self, from: Actor, to: Actor, text: impl Into<String>) {
        self.messages.push(Message { from, to, text: text.into() });
    }

    /// It ended so.
    pub(super) fn fails(&mut self, cause: Cause) {
        self.cause = Some(cause);
    }

    /// webauthn.h gave this result, and each browser makes its exception of it.
    pub(super) fn results(&mut self, result: HResult, ceremony: CeremonyKind) {
        self.hresult = Some(result);
        self.thrown = Browser::exceptions(result, ceremony);
        for browser in Browser::ALL {
            if let Some(exception) = browser.exception(result, ceremony) {
                self.exceptions.insert(browser, exception.to_string());
            }
        }
    }

    /// Every layer's name for how a ceremony ended, the innermost first.
    pub fn chain(&self) -> Vec<String> {
        let mut chain: Vec<String> = self.reason.map(str::to_owned).into_iter().collect();
        chain.extend(self.ctap.clone());
        chain.extend(self.hresult.map(|result| result.to_string()));
        chain.extend(self.thrown.clone());
        chain
    }
}
