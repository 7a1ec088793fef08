//! The shapes of what goes in and comes out, for the description of the API.
//!
//! What comes out is made by `softhello-app`; a test holds its answers against these shapes.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;
use softhello_app::{Operation, Rule, SignalMethod, UserChoice, UserScript};
use utoipa::ToSchema;

use crate::error::{Error, Result};

/// What a user does at every ceremony, and when.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct User {
    does: Does,
    /// How long it takes until something is done, in milliseconds; how long someone waits who does nothing.
    delay_ms: u64,
    /// What is done at the next ceremonies, one each.
    next: Vec<Does>,
}

/// What a user does.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Does {
    /// Approves, with the right PIN.
    Approve,
    /// Says no.
    Decline,
    /// Does nothing until the page's timeout, at most 30 seconds.
    Timeout,
    /// Types a wrong PIN.
    WrongPin,
    /// A person is asked, see `/api/questions`.
    Ask,
}

impl From<Does> for UserChoice {
    fn from(does: Does) -> Self {
        match does {
            Does::Approve => Self::Approve,
            Does::Decline => Self::Decline,
            Does::Timeout => Self::Timeout,
            Does::WrongPin => Self::WrongPin,
            Does::Ask => Self::Ask,
        }
    }
}

/// A user; what is done alone says it as well.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub(crate) enum UserInput {
    Does(Does),
    #[serde(rename_all = "camelCase")]
    Script {
        does: Does,
        #[serde(default)]
        delay_ms: u64,
        #[serde(default)]
        next: Vec<Does>,
    },
}

/// By hand, because what derives it tries both, and neither says which member or word it does not know.
impl<'de> Deserialize<'de> for UserInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(UserVisitor)
    }
}

struct UserVisitor;

impl<'de> Visitor<'de> for UserVisitor {
    type Value = UserInput;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "`approve`, `decline`, `timeout`, `wrong-pin` or `ask`, or an object of `does`, `delayMs` and `next`",
        )
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> std::result::Result<UserInput, E> {
        Does::deserialize(serde::de::value::StrDeserializer::new(word)).map(UserInput::Does)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> std::result::Result<UserInput, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Script {
            does: Does,
            #[serde(default)]
            delay_ms: u64,
            #[serde(default)]
            next: Vec<Does>,
        }
        let Script { does, delay_ms, next } = Script::deserialize(MapAccessDeserializer::new(members))?;
        Ok(UserInput::Script { does, delay_ms, next })
    }
}

impl UserInput {
    pub(crate) fn into_script(self) -> UserScript {
        match self {
            Self::Does(does) => UserChoice::from(does).into(),
            Self::Script { does, delay_ms, next } => UserScript {
                does: does.into(),
                delay_ms,
                next: next.into_iter().map(UserChoice::from).collect(),
            },
        }
    }
}

/// A device: a computer with accounts, and whoever sits before it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Device {
    id: String,
    profile: String,
    description: String,
    aaguid: String,
    ephemeral: bool,
    /// RFC 3339.
    #[schema(required)]
    expires: Option<String>,
    /// The account that is signed in.
    account: String,
    user: User,
    is_uvpaa: bool,
    /// `platform` or `cross-platform`.
    attachment: String,
    /// Its keys are no secret.
    seeded: bool,
    /// The WebDriver or CDP session that it belongs to.
    #[schema(required)]
    session: Option<String>,
}

/// A device to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeviceRequest {
    /// 1 to 48 letters, digits, or characters of `-._~`; random if absent.
    pub(crate) id: Option<String>,
    /// A built-in profile, with quirks after plus signs; `windows-hello-software` if absent.
    pub(crate) profile: Option<String>,
    /// A profile as TOML, see docs/profiles.md.
    pub(crate) profile_toml: Option<String>,
    /// In memory (the default), or in the store of the data directory.
    pub(crate) ephemeral: Option<bool>,
    /// How long an ephemeral one lives; as long as the server if absent.
    pub(crate) ttl_seconds: Option<u64>,
    /// Makes its keys and ids repeatable, in hexadecimal.
    pub(crate) seed: Option<String>,
    pub(crate) user: Option<UserInput>,
}

/// What is changed of a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedDevice {
    /// The account that is signed in.
    pub(crate) account: Option<String>,
    pub(crate) user: Option<UserInput>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IsUvpaa {
    pub(crate) is_uvpaa: bool,
}

/// A Windows account.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Account {
    name: String,
    /// `local`, `msa` or `entra`.
    kind: String,
    /// The id of its container.
    container: String,
    /// The default PIN itself, `set` for any other, or null.
    #[schema(required)]
    pin: Option<String>,
    /// How many.
    passkeys: u32,
    whfb: Vec<Whfb>,
}

/// An account to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRequest {
    pub(crate) name: String,
    /// `local` (the default), `msa` or `entra`.
    pub(crate) kind: Option<String>,
    /// Whether Hello is set up, with the PIN 123456; true if absent.
    pub(crate) pin: Option<bool>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct NewAccount {
    name: String,
    kind: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPin {
    pub(crate) pin: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upn {
    /// The user principal name; the account's name if absent.
    pub(crate) upn: Option<String>,
}

/// A key of Windows Hello for Business.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Whfb {
    upn: String,
    /// Whether the tenant still lists the method.
    in_tenant: bool,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Container {
    id: String,
    account: String,
    profile: String,
    #[schema(required)]
    pin: Option<String>,
    passkeys: u32,
}

/// A passkey, or a key of Windows Hello for Business.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Passkey {
    /// base64url.
    id: String,
    rp_id: String,
    user: PasskeyUser,
    /// `passkey` or `whfb`.
    kind: String,
    /// A COSE algorithm identifier.
    algorithm: i64,
    sign_count: u32,
    discoverable: bool,
    backup_eligible: bool,
    backed_up: bool,
    /// RFC 3339.
    created: String,
    removable: bool,
    /// Keeps others of its user from being registered.
    blocking: bool,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct PasskeyUser {
    /// base64url.
    id: String,
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    display_name: Option<String>,
}

/// What is changed of a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangedPasskey {
    backup_eligible: Option<bool>,
    backed_up: Option<bool>,
    /// The last signature count: the next assertion has one more.
    sign_count: Option<u32>,
    /// Rules that may be broken: `backup-eligibility-is-fixed`, `backed-up-needs-eligibility`, `counter-increases`.
    #[serde(default)]
    breaking: Vec<String>,
}

impl ChangedPasskey {
    pub(crate) fn into_operation(self, id: String) -> Result<Operation> {
        let rules = self.breaking.iter().map(|name| {
            let rule: std::result::Result<Rule, _> = name.parse();
            rule.map_err(|error| Error::bad_request(error.to_string(), Rule::ALL.map(Rule::name).join(", ")))
        });
        Ok(Operation::PasskeysSet {
            id,
            backup_eligible: self.backup_eligible,
            backed_up: self.backed_up,
            sign_count: self.sign_count,
            breaking: rules.collect::<Result<_>>()?,
        })
    }
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Imported {
    /// How many.
    imported: u64,
}

/// A ceremony that a page asks for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct CeremonyBody {
    /// The page's origin, as `https://rp.example`; Chromium's own `remoteDesktopClientOverride` in the options does as
    /// well.
    origin: Option<String>,
    /// PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON, bare or inside `publicKey`.
    options: Value,
    /// The account; the one that is signed in if absent.
    account: Option<String>,
    /// The origin of the top frame, if the page is in a frame of another origin.
    top_origin: Option<String>,
    /// Whether the page is in a frame of another origin.
    cross_origin: Option<bool>,
    /// What the RP would serve at `/.well-known/webauthn`.
    related_origins: Option<String>,
    /// Which passkey answers, base64url or hexadecimal; the newest if absent. Only for `get`.
    credential: Option<String>,
}

/// RegistrationResponseJSON of WebAuthn Level 3 §5.1.7.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct RegistrationResponseJson {
    id: String,
    raw_id: String,
    response: AuthenticatorAttestationResponseJson,
    authenticator_attachment: Option<String>,
    client_extension_results: Value,
    r#type: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct AuthenticatorAttestationResponseJson {
    #[schema(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    transports: Vec<String>,
    public_key: Option<String>,
    public_key_algorithm: i64,
    attestation_object: String,
}

/// AuthenticationResponseJSON of WebAuthn Level 3 §5.1.7.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct AuthenticationResponseJson {
    id: String,
    raw_id: String,
    response: AuthenticatorAssertionResponseJson,
    authenticator_attachment: Option<String>,
    client_extension_results: Value,
    r#type: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct AuthenticatorAssertionResponseJson {
    #[schema(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// What a page signals of its passkeys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signal {
    /// The page's origin.
    pub(crate) origin: String,
    #[schema(value_type = Method)]
    pub(crate) method: SignalMethod,
    /// The options of that method, with base64url for bytes.
    pub(crate) options: Value,
}

/// A signal method without its `signal`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) enum Method {
    UnknownCredential,
    AllAcceptedCredentials,
    CurrentUserDetails,
}

/// A question that waits for its answer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Question {
    id: u64,
    device: String,
    account: String,
    /// `presence`, `verify`, `sample`, `touch`, `select` or `reset`.
    gesture: String,
    #[schema(required)]
    rp_id: Option<String>,
    #[schema(required)]
    attempts_left: Option<u8>,
    wants_pin: bool,
    /// RFC 3339.
    asked: String,
    /// RFC 3339.
    deadline: String,
    /// The question, for people.
    text: String,
}

/// An answer to a question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) answer: YesOrNo,
    /// Where the question wants one.
    pub(crate) pin: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum YesOrNo {
    Yes,
    No,
}

/// A ceremony that ended.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct TraceSummary {
    /// Later is greater.
    id: u64,
    device: String,
    account: String,
    /// `create` or `get`.
    ceremony: String,
    origin: String,
    rp_id: String,
    #[schema(required)]
    user_name: Option<String>,
    /// RFC 3339.
    started: String,
    /// Microseconds.
    duration_us: u64,
    /// `ok`, or the exception's name.
    outcome: String,
    #[schema(required)]
    error: Option<Error>,
}

/// A ceremony that ended, with all its bytes and steps.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Trace {
    #[schema(inline)]
    #[serde(flatten)]
    summary: TraceSummary,
    /// As they came; null where they were longer than 64 KiB.
    options: Value,
    /// What the page got.
    response: Value,
    /// One for each request that reached the authenticator.
    exchanges: Vec<TraceExchange>,
    #[schema(required)]
    client_data: Option<String>,
    #[schema(required)]
    attestation_object: Option<Explained>,
    #[schema(required)]
    authenticator_data: Option<Explained>,
    /// Who said what to whom, in order.
    diagram: Vec<Message>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct TraceExchange {
    request: Explained,
    #[schema(required)]
    response: Option<Explained>,
    steps: Vec<Step>,
}

/// A step of the specification.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Step {
    section: String,
    number: String,
    /// The rule in words.
    rule: String,
    outcome: String,
}

/// Bytes and what they mean.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Explained {
    title: String,
    kind: String,
    hex: String,
    nodes: Vec<ExplainedNode>,
    problems: Vec<Problem>,
}

/// A piece of bytes: with what is inside it goes from `offset` to `end`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct ExplainedNode {
    offset: u64,
    /// Of its own bytes, without its children's.
    length: u64,
    end: u64,
    label: String,
    value: String,
    #[schema(required)]
    note: Option<String>,
    #[schema(no_recursion)]
    children: Vec<ExplainedNode>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Problem {
    offset: u64,
    text: String,
}

/// A message in a sequence diagram; its actors are `page`, `browser`, `webauthn.h`, `ctap` and `container`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape")]
pub(crate) struct Message {
    from: String,
    to: String,
    text: String,
    #[schema(required)]
    detail: Option<String>,
    ok: bool,
}

/// A scenario as TOML, see docs/scenarios.md.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScenarioText {
    pub(crate) toml: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bytes {
    /// Hexadecimal, base64 or base64url.
    pub(crate) bytes: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_word_or_a_script_and_no_member_is_swallowed() {
        for (text, next) in [
            (r#""wrong-pin""#, 0),
            (r#"{"does":"approve"}"#, 0),
            (r#"{"does":"approve","delayMs":5,"next":["decline","ask"]}"#, 2),
        ] {
            let user: UserInput = serde_json::from_str(text).expect(text);
            assert_eq!(user.into_script().next.len(), next, "{text}");
        }
        for (text, said) in [
            (
                r#"{"does":"approve","delay":500}"#,
                "unknown field `delay`, expected one of `does`, `delayMs`, `next`",
            ),
            (r#""aprove""#, "unknown variant `aprove`, expected one of `approve`, `decline`, `timeout`"),
            (r#"{"does":"aprove"}"#, "unknown variant `aprove`"),
            (r#"{"does":"approve","next":["x"]}"#, "unknown variant `x`"),
            ("{}", "missing field `does`"),
            ("7", "expected `approve`, `decline`, `timeout`, `wrong-pin` or `ask`, or an object"),
        ] {
            let error = serde_json::from_str::<UserInput>(text).expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
