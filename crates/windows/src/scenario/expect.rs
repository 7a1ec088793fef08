//! What a scenario expects of a step.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use softhello_ctap::Status;
use softhello_webauthn::DomException;

use super::file::Fields;
use crate::{
    Cause, HResult,
    logs::{Event, catalogue},
    tenant::Activity,
    webauthn_h::{Browser, CeremonyKind},
    world::Outcome,
};

/// What has to come of a step. What is absent is not looked at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expect {
    /// Parts of what a person sees, in order.
    pub sees: Vec<String>,
    /// Texts that are in nothing that a person sees.
    pub sees_not: Vec<String>,
    /// The authenticator's status; an empty text for none.
    pub ctap: Option<Expected<Status>>,
    /// The result of webauthn.h; an empty text for none.
    pub hresult: Option<Expected<HResult>>,
    /// What a page catches, by browser; an empty table for nothing.
    pub exceptions: Option<BTreeMap<Browser, ExceptionName>>,
    /// The beginning of what the relying party answers; an empty text for no answer.
    pub rp: Option<String>,
    /// The cause; an empty text for none.
    pub cause: Option<Expected<Cause>>,
    /// The ids of all events that were written, in order.
    pub log: Option<Vec<u16>>,
    /// Values that fields of an event have to have, by its id.
    pub events: Fields,
    /// All activities in the tenant's audit log, in order.
    pub audit: Option<Vec<Activity>>,
    /// The beginnings of all entries of the tenant's sign-in log, in order, as `Passkey (device-bound): success`.
    pub sign_ins: Option<Vec<String>>,
    /// The user's methods afterwards, as the administrator sees them, in the order added.
    pub methods: Option<Vec<String>>,
    /// What is in the container afterwards, newest first, as `passkey google.com` or `managed login.microsoft.com`.
    pub container: Option<Vec<String>>,
}

/// Something by name, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<T>(pub Option<T>);

/// Something that scenarios name.
pub trait Named: Copy + Sized {
    /// What it is, for an error.
    const WHAT: &'static str;
    /// All of them, by name.
    fn named() -> Vec<(String, Self)>;
}

impl Named for Status {
    const WHAT: &'static str = "status of CTAP";

    fn named() -> Vec<(String, Self)> {
        let known = (0..=u8::MAX).map(Self::from_code).filter(|status| !matches!(status, Self::Other(_)));
        // `CTAP2_OK (0x00)`
        known.map(|status| (first_word(&status.to_string()), status)).collect()
    }
}

impl Named for HResult {
    const WHAT: &'static str = "result of webauthn.h";

    fn named() -> Vec<(String, Self)> {
        Self::ALL.iter().map(|result| (result.name().to_owned(), *result)).collect()
    }
}

impl Named for Cause {
    const WHAT: &'static str = "cause";

    fn named() -> Vec<(String, Self)> {
        Self::ALL.iter().map(|cause| (cause.id().to_owned(), *cause)).collect()
    }
}

impl<'de, T: Named> Deserialize<'de> for Expected<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        if name.is_empty() {
            return Ok(Self(None));
        }
        let named = T::named();
        match named.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(Self(Some(*value))),
            None => {
                let meant = near(&name, named.iter().map(|(known, _)| known.as_str()))
                    .map(|meant| format!(": do you mean `{meant}`?"))
                    .unwrap_or_default();
                Err(D::Error::custom(format!("`{name}` is no {}{meant}", T::WHAT)))
            }
        }
    }
}

impl<T: Named> JsonSchema for Expected<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::WHAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<String> =
            [String::new()].into_iter().chain(T::named().into_iter().map(|(name, _)| name)).collect();
        json_schema!({ "enum": names })
    }
}

/// An exception that a page can catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionName(pub String);

/// All that browsers make of webauthn.h's results.
const EXCEPTIONS: [DomException; 3] =
    [DomException::InvalidStateError, DomException::NotAllowedError, DomException::UnknownError];

impl<'de> Deserialize<'de> for ExceptionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match EXCEPTIONS.iter().any(|known| known.as_str() == name) {
            true => Ok(Self(name)),
            false => {
                let meant = near(&name, EXCEPTIONS.iter().map(|known| known.as_str()))
                    .map(|meant| format!(": do you mean `{meant}`?"))
                    .unwrap_or_default();
                Err(D::Error::custom(format!("`{name}` is no exception of a ceremony on Windows{meant}")))
            }
        }
    }
}

impl JsonSchema for ExceptionName {
    fn schema_name() -> Cow<'static, str> {
        "ExceptionName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": EXCEPTIONS.map(DomException::as_str) })
    }
}

/// The known name that is spelled almost like it.
pub(crate) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .map(|known| (strsim::jaro_winkler(&lower, &known.to_lowercase()), known))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

fn first_word(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

impl Expect {
    /// Why no outcome can be like this, and what to do about it.
    pub(super) fn contradiction(&self, is_registration: bool) -> Option<(String, &'static str)> {
        let ceremony = if is_registration { CeremonyKind::Create } else { CeremonyKind::Get };
        let (ctap, hresult) = (self.ctap.and_then(|ctap| ctap.0), self.hresult.and_then(|result| result.0));
        if let (Some(status), Some(result)) = (ctap, hresult)
            && HResult::of(status, None) != result
            && !(status == Status::OperationDenied
                && matches!(result, HResult::ErrorTimeout | HResult::NteDeviceNotFound))
        {
            let reason = format!("Windows makes {} of {status}, not {result}", HResult::of(status, None));
            return Some((reason, "correct `ctap` or `hresult`, or leave one out"));
        }
        if let (Some(result), Some(exceptions)) = (hresult, &self.exceptions) {
            for browser in Browser::ALL {
                let throws = browser.exception(result, ceremony).map(|exception| exception.to_string());
                let expected = exceptions.get(&browser).map(|exception| exception.0.clone());
                if throws != expected {
                    let reason = format!(
                        "{browser} throws {} for {result}, not {}",
                        throws.as_deref().unwrap_or("nothing"),
                        expected.as_deref().unwrap_or("nothing")
                    );
                    return Some((reason, "correct `hresult` or `exceptions`, or leave one out"));
                }
            }
        }
        if ctap == Some(Status::Ok) && self.exceptions.as_ref().is_some_and(|thrown| !thrown.is_empty()) {
            let reason = "a ceremony that the authenticator answers with CTAP2_OK throws nothing".to_owned();
            return Some((reason, "leave one of `ctap` and `exceptions` out"));
        }
        let is_accepted =
            self.rp.as_deref().is_some_and(|rp| rp.starts_with("added") || rp.starts_with("signed in"));
        if is_accepted && self.cause.is_some_and(|cause| cause.0.is_some()) {
            let reason = "what the relying party takes has no cause of a failure".to_owned();
            return Some((reason, "leave one of `rp` and `cause` out"));
        }
        let fails = ctap.is_some_and(|status| status != Status::Ok)
            || hresult.is_some_and(|result| result != HResult::SOk)
            || self.exceptions.as_ref().is_some_and(|thrown| !thrown.is_empty());
        if is_accepted && fails {
            let reason = "the relying party takes nothing of a ceremony that fails".to_owned();
            return Some((reason, "leave `rp` out, or what fails"));
        }
        let known = |id: u16| catalogue::ALL.iter().any(|entry| entry.id == id);
        if let Some(id) = self.log.iter().flatten().find(|id| !known(**id)) {
            return Some((format!("no event {id} is written"), "`softhello why ID` explains those that are"));
        }
        for (id, fields) in &self.events {
            let Some(entry) = catalogue::ALL.iter().find(|entry| entry.id.to_string() == *id) else {
                return Some((
                    format!("no event {id} is written"),
                    "`softhello why ID` explains those that are",
                ));
            };
            if let Some(field) = fields.keys().find(|field| !entry.fields.contains(&field.as_str())) {
                return Some((
                    format!("event {id} has no field `{field}`; it has {}", entry.fields.join(", ")),
                    "correct the name of the field",
                ));
            }
        }
        None
    }

    /// What was expected otherwise, each in a line.
    pub(super) fn unmet(&self, outcome: &Outcome, methods: &[&str], container: &[String]) -> Vec<String> {
        let mut unmet = Unmet(Vec::new());
        let mut rest = outcome.sees.iter();
        for part in &self.sees {
            if !rest.any(|screen| screen.contains(part)) {
                unmet.0.push(format!("a person does not see {part:?}, but {:?}", outcome.sees));
                break;
            }
        }
        for text in &self.sees_not {
            if let Some(screen) = outcome.sees.iter().find(|screen| screen.contains(text)) {
                unmet.0.push(format!("a person sees {screen:?}, in which {text:?} is not expected"));
            }
        }
        let name = |status: Option<String>| status.unwrap_or_else(|| "none".to_owned());
        let ctap = outcome.ctap.as_deref().map(first_word);
        let wanted = self.ctap.map(|ctap| name(ctap.0.map(|status| first_word(&status.to_string()))));
        unmet.compare("ctap", wanted.as_ref(), &name(ctap));
        let result = |result: Option<HResult>| result.map_or("none", HResult::name);
        unmet.compare(
            "hresult",
            self.hresult.map(|wanted| result(wanted.0)).as_ref(),
            &result(outcome.hresult),
        );
        let thrown = |name: &str, browser: &Browser| format!("{name} in {browser}");
        let is: Vec<String> =
            outcome.exceptions.iter().map(|(browser, name)| thrown(name, browser)).collect();
        let want = self.exceptions.as_ref().map(|exceptions| {
            exceptions.iter().map(|(browser, name)| thrown(&name.0, browser)).collect::<Vec<_>>()
        });
        unmet.compare("exceptions", want.as_ref(), &is);
        if let Some(want) = &self.rp {
            let is = outcome.rp.as_deref().unwrap_or_default();
            if !is.starts_with(want.as_str()) || want.is_empty() && !is.is_empty() {
                unmet.0.push(format!("rp: expected {want:?}, got {is:?}"));
            }
        }
        let cause = |cause: Option<Cause>| cause.map_or("none", Cause::id);
        unmet.compare("cause", self.cause.map(|wanted| cause(wanted.0)).as_ref(), &cause(outcome.cause));
        let ids: Vec<u16> = outcome.log.iter().map(|event| event.entry.id).collect();
        unmet.compare("log", self.log.as_ref(), &ids);
        for (id, fields) in &self.events {
            unmet.fields(id, fields, &outcome.log);
        }
        let audit: Vec<&str> = outcome.audit.iter().map(|entry| entry.activity_display_name.name()).collect();
        let wanted = self.audit.as_ref();
        let wanted = wanted.map(|audit| audit.iter().map(|activity| activity.name()).collect::<Vec<_>>());
        unmet.compare("audit", wanted.as_ref(), &audit);
        let sign_ins: Vec<String> = outcome.sign_ins.iter().map(ToString::to_string).collect();
        if let Some(want) = &self.sign_ins
            && !(want.len() == sign_ins.len()
                && want.iter().zip(&sign_ins).all(|(want, is)| is.starts_with(want.as_str())))
        {
            unmet.0.push(format!("sign-ins: expected {want:?}, got {sign_ins:?}"));
        }
        let methods: Vec<String> = methods.iter().map(|method| (*method).to_owned()).collect();
        unmet.compare("methods", self.methods.as_ref(), &methods);
        unmet.compare("container", self.container.as_ref(), &container.to_vec());
        unmet.0
    }
}

struct Unmet(Vec<String>);

impl Unmet {
    fn compare<T: PartialEq + fmt::Debug>(&mut self, what: &str, want: Option<&T>, is: &T) {
        if let Some(want) = want.filter(|want| *want != is) {
            self.0.push(format!("{what}: expected {want:?}, got {is:?}"));
        }
    }

    fn fields(&mut self, id: &str, fields: &BTreeMap<String, String>, log: &[Event]) {
        let Some(event) = log.iter().rev().find(|event| event.entry.id.to_string() == id) else {
            self.0.push(format!("events: expected {id}, which was not written"));
            return;
        };
        for (field, want) in fields {
            let named = event.entry.fields.iter().zip(&event.values).find(|(name, _)| *name == field);
            if let Some((_, is)) = named.filter(|(_, is)| *is != want) {
                self.0.push(format!("events: expected {field} of {id} {want:?}, got {is:?}"));
            }
        }
    }
}
