//! Volatile state: what a power cycle forgets.

use crate::{
    Channel, Credential, CredentialId, Flags, PinUvAuthProtocol, Settings, Timestamp,
    extension::AssertionInputs,
    pin_uv_auth::{KeyAgreement, Permissions, Token, TokenId},
    settings::drawn,
};

/// Everything an authenticator remembers between commands and forgets at a power cycle.
///
/// Source: CTAP 2.3 §6, stateful commands; §6.5.2 for tokens; §6.6 for the reset window.
#[derive(Debug)]
pub struct Session {
    pub(crate) powered_up: Timestamp,
    protocols: [ProtocolState; 2],
    next_token: u64,
    /// Consecutive PIN mismatches since power-up.
    pub(crate) pin_mismatches: u8,
    pub(crate) assertions: Option<RememberedAssertions>,
    pub(crate) rps: Option<RememberedRps>,
    pub(crate) credentials: Option<RememberedCredentials>,
    pub(crate) large_blob: Option<LargeBlobWrite>,
    pub(crate) enrollment: Option<Enrollment>,
}

/// One PIN/UV auth protocol's own key pair and token.
#[derive(Debug, Default)]
struct ProtocolState {
    /// Drawn when it is first asked for: nobody can tell that from a draw at power-up.
    key_agreement: Option<KeyAgreement>,
    token: Option<Token>,
}

/// What a sequence was begun with. When that ends, so does the sequence (CTAP 2.3 §6, stateful commands, rule 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorization {
    /// Nothing.
    None,
    /// This pinUvAuthToken.
    Token(TokenId),
    /// The persistent token.
    Persistent,
}

/// What authenticatorGetNextAssertion goes on with.
#[derive(Debug)]
pub(crate) struct RememberedAssertions {
    pub(crate) channel: Channel,
    pub(crate) authorization: Authorization,
    pub(crate) rp_id_hash: [u8; 32],
    pub(crate) client_data_hash: [u8; 32],
    pub(crate) candidates: Vec<Candidate>,
    /// credentialCounter: the next of `candidates` to answer with.
    pub(crate) counter: usize,
    /// UP and UV of the first answer.
    pub(crate) flags: Flags,
    pub(crate) extensions: AssertionInputs,
    /// When the last answer was given.
    pub(crate) last: Timestamp,
}

/// A credential that can answer.
#[derive(Clone, Debug)]
pub(crate) enum Candidate {
    /// One that is stored.
    Stored(CredentialId),
    /// One that came inside its id.
    Sealed(Box<Credential>),
}

/// What enumerateRPsGetNextRP goes on with.
#[derive(Debug)]
pub(crate) struct RememberedRps {
    pub(crate) channel: Channel,
    pub(crate) authorization: Authorization,
    /// The RP IDs that are still to be told, the next one last.
    pub(crate) rp_ids: Vec<String>,
    pub(crate) last: Timestamp,
}

/// What enumerateCredentialsGetNextCredential goes on with.
#[derive(Debug)]
pub(crate) struct RememberedCredentials {
    pub(crate) channel: Channel,
    pub(crate) authorization: Authorization,
    /// The credentials that are still to be told, the next one last.
    pub(crate) ids: Vec<CredentialId>,
    pub(crate) last: Timestamp,
}

/// A large-blob array that is being written.
#[derive(Debug)]
pub(crate) struct LargeBlobWrite {
    pub(crate) channel: Channel,
    /// expectedLength.
    pub(crate) expected_length: usize,
    /// What came so far; its length is expectedNextOffset.
    pub(crate) pending: Vec<u8>,
}

/// A fingerprint that is being enrolled.
#[derive(Debug)]
pub(crate) struct Enrollment {
    pub(crate) template_id: Vec<u8>,
    /// How many good samples are missing.
    pub(crate) remaining: u8,
}

/// How long a sequence waits for its continuation, in milliseconds.
const SEQUENCE_LIFETIME_MS: u64 = 30_000;

impl Session {
    /// The state right after power-up at `now`.
    pub fn power_up(now: Timestamp) -> Self {
        Self {
            powered_up: now,
            protocols: Default::default(),
            next_token: 0,
            pin_mismatches: 0,
            assertions: None,
            rps: None,
            credentials: None,
            large_blob: None,
            enrollment: None,
        }
    }

    /// Forgets all but when power came: as a reset does.
    pub(crate) fn forget(&mut self) {
        *self = Self { next_token: self.next_token, ..Self::power_up(self.powered_up) };
    }

    fn protocol(&mut self, protocol: PinUvAuthProtocol) -> &mut ProtocolState {
        let [one, two] = &mut self.protocols;
        match protocol {
            PinUvAuthProtocol::One => one,
            PinUvAuthProtocol::Two => two,
        }
    }

    /// The protocol's key pair.
    pub(crate) fn key_agreement(
        &mut self,
        protocol: PinUvAuthProtocol,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> &KeyAgreement {
        self.protocol(protocol).key_agreement.get_or_insert_with(|| KeyAgreement::generate(random))
    }

    /// regenerate().
    pub(crate) fn regenerate(&mut self, protocol: PinUvAuthProtocol) {
        self.protocol(protocol).key_agreement = None;
    }

    /// The protocol's token, if it is in use.
    pub(crate) fn token(&mut self, protocol: PinUvAuthProtocol) -> Option<&mut Token> {
        self.protocol(protocol).token.as_mut()
    }

    /// The usage timer observers of all tokens.
    pub(crate) fn observe(&mut self, now: Timestamp) {
        for state in &mut self.protocols {
            state.token.take_if(|token| !token.observe(now));
        }
    }

    /// Ends every token in use: resetPinUvAuthToken() for all protocols (CTAP 2.3 §6.5.3).
    pub fn reset_tokens(&mut self) {
        self.protocols.iter_mut().for_each(|state| state.token = None);
    }

    /// Clears flags and permissions of the tokens in use, as a ceremony with presence does.
    pub(crate) fn consume_tokens(&mut self) {
        self.protocols.iter_mut().filter_map(|state| state.token.as_mut()).for_each(Token::consume);
    }

    /// resetPinUvAuthToken() for all protocols, then beginUsingPinUvAuthToken() for this one. Gives the token's value.
    pub(crate) fn issue(&mut self, issue: Issue, random: &mut dyn FnMut(&mut [u8])) -> [u8; 32] {
        let Issue { protocol, permissions, rp_id, user_present, from, now, legacy } = issue;
        if legacy && let Some(token) = self.token(protocol) {
            return token.value;
        }
        if !legacy {
            self.reset_tokens();
        }
        self.next_token += 1;
        let id = TokenId(self.next_token);
        let value = drawn(random);
        self.protocol(protocol).token = Some(Token {
            id,
            value,
            permissions,
            rp_id,
            user_verified: true,
            user_present,
            since: now,
            transport: from.transport,
            used: false,
            legacy,
        });
        value
    }

    /// Whether a sequence goes on: in time, and with what it was begun with.
    pub(crate) fn goes_on(
        &self,
        last: Timestamp,
        now: Timestamp,
        authorization: Authorization,
        settings: &Settings,
    ) -> bool {
        is_in_time(last, now) && self.still_authorized(authorization, settings)
    }

    /// Whether what a sequence was begun with still holds.
    pub(crate) fn still_authorized(&self, authorization: Authorization, settings: &Settings) -> bool {
        match authorization {
            Authorization::None => true,
            Authorization::Token(id) => {
                self.protocols.iter().filter_map(|state| state.token.as_ref()).any(|token| token.id == id)
            }
            Authorization::Persistent => {
                settings.persistent_token.as_ref().is_some_and(|token| token.read_only_management)
            }
        }
    }
}

/// Whether so little time has passed since the last answer of a sequence that it goes on.
pub(crate) fn is_in_time(last: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(last.0) <= SEQUENCE_LIFETIME_MS
}

/// A token to be issued.
pub(crate) struct Issue {
    pub(crate) protocol: PinUvAuthProtocol,
    pub(crate) permissions: Permissions,
    pub(crate) rp_id: Option<String>,
    pub(crate) user_present: bool,
    pub(crate) from: Channel,
    pub(crate) now: Timestamp,
    pub(crate) legacy: bool,
}
