//! `navigator.credentials.get()`.
//!
//! Source: WebAuthn Level 3 §5.1.4.

use softhello_ctap::{Authenticator, Flags, Step};

use crate::{
    AuthenticationResponse, Choice, Client, ClientExtensionResults, DomException, Failure, RequestOptions,
    UserVerificationRequirement,
    authenticator_data::AuthenticatorData,
    client_data::{self, Ceremony},
    connection::{Connection, malformed, not_allowed},
    create::SECURE_CONTEXT,
    credential_list,
    get_assertion::{Assertion, GetAssertion},
    info::AuthenticatorInfo,
    rp_id::RpIdSteps,
    user_verification,
};

impl Client {
    /// Signs in with the credential of `authenticator` that fits; of several discoverable ones with the newest.
    ///
    /// # Errors
    ///
    /// [`Failure`] with the exception that a page would catch, among them `SecurityError` (RP ID), `NotAllowedError`
    /// (nothing fits, declined, timed out, not verified), `UnknownError` (a reply that is none).
    pub async fn get<A: Authenticator>(
        &self,
        authenticator: &mut A,
        options: &RequestOptions,
    ) -> Result<AuthenticationResponse, Failure> {
        self.get_with(authenticator, options, &Choice::Newest).await
    }

    /// The same, with a say in which credential answers.
    ///
    /// The chosen one is the only one that the authenticator is asked for, so the counters of the others stay. Without
    /// `allowCredentials` it has to be discoverable, which it shows by its user handle.
    ///
    /// # Errors
    ///
    /// As [`Client::get`]; `NotAllowedError` if the chosen credential is not among those that could answer.
    pub async fn get_with<A: Authenticator>(
        &self,
        authenticator: &mut A,
        options: &RequestOptions,
        choice: &Choice,
    ) -> Result<AuthenticationResponse, Failure> {
        let rp_id = self.rp_id(options.rp_id.as_deref(), &RP_ID_STEPS)?;
        let client_data_json = self.client_data_json(Ceremony::Get, &options.challenge);

        let mut connection = Connection::new(authenticator, self.requests_from());
        let info = AuthenticatorInfo::get(&mut connection)
            .await
            .map_err(|error| error.at(&AVAILABLE, not_allowed))?;
        let uv = user_verification::option(options.user_verification, &info, Ceremony::Get, false)
            .map_err(|reason| refuse(&USER_VERIFICATION, reason))?;
        let allowed = allowed(options, &info, choice)?;
        let any = allowed.is_empty();
        let allow_list = credential_list::list(&mut connection, rp_id, allowed, &info)
            .await
            .map_err(|error| error.at(&ALLOW, not_allowed))?;
        if allow_list.is_empty() && !any {
            return Err(refuse(&ALLOW, NOTHING_ALLOWED));
        }
        let request = GetAssertion {
            rp_id,
            client_data_hash: &client_data::hash(&client_data_json),
            allow_list: &allow_list,
            up: true,
            uv,
        };
        let assertion =
            request.send(&mut connection).await.map_err(|error| error.at(&INVOKE, not_allowed))?;
        check(&assertion, rp_id, options, any)?;
        Ok(AuthenticationResponse {
            credential_id: assertion.credential_id,
            authenticator_data: assertion.auth_data,
            client_data_json,
            signature: assertion.signature,
            user_handle: assertion.user_handle,
            authenticator_attachment: info.attachment(),
            client_extension_results: ClientExtensionResults::default(),
        })
    }
}

/// The ids of the credentials that may answer; empty if any discoverable one may.
fn allowed<'a>(
    options: &'a RequestOptions,
    info: &AuthenticatorInfo,
    choice: &'a Choice,
) -> Result<Vec<&'a [u8]>, Failure> {
    let listed = &options.allow_credentials;
    let chosen = match choice {
        Choice::Newest => None,
        Choice::Credential(id) => Some(id.as_slice()),
    };
    if listed.is_empty() {
        return Ok(chosen.into_iter().collect());
    }
    if !listed.iter().any(|descriptor| descriptor.type_ == "public-key") {
        return Err(refuse(&ALLOW, "no entry of `allowCredentials` is of type `public-key`"));
    }
    if chosen.is_some_and(|id| !listed.iter().any(|descriptor| descriptor.id == id)) {
        return Err(refuse(&ALLOW, "the chosen credential is not in `allowCredentials`"));
    }
    let mut allowed = credential_list::possible(listed, info);
    allowed.retain(|id| chosen.is_none_or(|chosen| *id == chosen));
    if allowed.is_empty() {
        return Err(refuse(&ALLOW, NOTHING_ALLOWED));
    }
    Ok(allowed)
}

/// Whether the assertion is one that a page may be given. `any` if the authenticator was free to choose.
fn check(assertion: &Assertion, rp_id: &str, options: &RequestOptions, any: bool) -> Result<(), Failure> {
    let auth_data = AuthenticatorData::read(&assertion.auth_data, rp_id)
        .map_err(|reason| malformed(&SUCCESS, &reason))?;
    if auth_data.attested.is_some() {
        return Err(malformed(&SUCCESS, "has attested credential data, which an assertion has not"));
    }
    if assertion.signature.is_empty() {
        return Err(malformed(&SUCCESS, "has an empty signature"));
    }
    if options.allow_credentials.is_empty() && assertion.user_handle.is_none() {
        return Err(if any {
            malformed(&USER_HANDLE, "lacks the user handle, which a discoverable credential has")
        } else {
            refuse(&USER_HANDLE, "the chosen credential is not discoverable, and `allowCredentials` is empty")
        });
    }
    if options.user_verification == UserVerificationRequirement::Required && !auth_data.flags.has(Flags::UV) {
        const REASON: &str = "user verification is required, and the authenticator did not verify";
        return Err(refuse(&USER_VERIFICATION, REASON));
    }
    Ok(())
}

fn refuse(step: &'static Step, reason: &str) -> Failure {
    Failure::new(DomException::NotAllowedError, step, reason)
}

const NOTHING_ALLOWED: &str = "no credential of `allowCredentials` is on the authenticator";

const RP_ID_STEPS: RpIdSteps =
    RpIdSteps { secure_context: &SECURE_CONTEXT, effective_domain: &EFFECTIVE_DOMAIN, rp_id: &RP_ID };

static EFFECTIVE_DOMAIN: Step = Step {
    section: "5.1.4.1",
    number: "6",
    rule: "The effective domain of the caller's origin is a domain, or it is a SecurityError.",
};
static RP_ID: Step = Step {
    section: "5.1.4.1",
    number: "7",
    rule: "The RP ID is the effective domain, a registrable suffix of it, or names the origin as related; \
           otherwise it is a SecurityError.",
};
static AVAILABLE: Step = Step {
    section: "5.1.4.1",
    number: "20",
    rule: "An authenticator that becomes available is issued the request, if it says what it is.",
};
static USER_VERIFICATION: Step = Step {
    section: "5.1.4.2",
    number: "1",
    rule: "An authenticator that cannot perform a required user verification is left out.",
};
static ALLOW: Step = Step {
    section: "5.1.4.2",
    number: "3",
    rule: "Of the allowed credentials those are collected that the authenticator may have; without any of them it \
           is left out.",
};
static INVOKE: Step = Step {
    section: "5.1.4.2",
    number: "3",
    rule: "authenticatorGetAssertion is invoked; a refusal leaves the authenticator out.",
};
static USER_HANDLE: Step = Step {
    section: "5.1.4.1",
    number: "20",
    rule: "Without allowed credentials, an assertion that lacks a user handle is passed over.",
};
static SUCCESS: Step = Step {
    section: "5.1.4.1",
    number: "20",
    rule: "The assertion that an authenticator made is handed over.",
};
