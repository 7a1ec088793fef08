//! `navigator.credentials.get()`.
//!
//! Source: WebAuthn Level 3 §5.1.4.

use softhello_ctap::{Authenticator, Flags, Permissions, Step};

use crate::{
    AuthenticationResponse, Choice, Client, ClientExtensionResults, DomException, Failure, RequestOptions,
    UserVerificationRequirement,
    authenticator_data::AuthenticatorData,
    client_data::{self, Ceremony},
    connection::{Connection, malformed, not_allowed},
    create::SECURE_CONTEXT,
    credential_list,
    extensions::{AssertionExtensions, app_id},
    get_assertion::{Assertion, GetAssertion},
    info::AuthenticatorInfo,
    rp_id::RpIdSteps,
    u2f,
    user_verification::{self, Method, Verification, Verifier},
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
        let extensions = AssertionExtensions::new(options)?;
        let app_id = options.extensions.appid.as_deref();
        let app_id = app_id.map(|id| app_id::determine(id, self.origin(), &app_id::APPID)).transpose()?;
        let client_data_json = self.client_data_json(Ceremony::Get, &options.challenge);

        let mut connection = self.connect(authenticator);
        let info = AuthenticatorInfo::get(&mut connection)
            .await
            .map_err(|error| error.at(&AVAILABLE, not_allowed))?;
        let mut request = Request {
            client: self,
            options,
            info: &info,
            rp_id,
            app_id: app_id.as_deref(),
            extensions,
            client_data_hash: client_data::hash(&client_data_json),
            verification: Verification::default(),
        };
        let method = request.method()?;
        let allowed = allowed(options, &info, choice)?;
        let asserted = match info.ctap2 {
            true => request.get_assertion(method, &allowed, &mut connection).await?,
            false => request.sign(&allowed, &mut connection).await?,
        };

        let Asserted { assertion, rp_id: used } = asserted;
        let auth_data = AuthenticatorData::read(&assertion.auth_data, used)
            .map_err(|reason| malformed(&SUCCESS, &reason))?;
        check(&assertion, &auth_data, options, allowed.is_empty())?;
        let results = request
            .extensions
            .results(&assertion, &auth_data, &info, &request.verification, &mut connection)
            .await
            .map_err(|error| error.at(&SUCCESS, not_allowed))?;
        let by_app_id = app_id.as_deref().map(|app_id| used == app_id);
        Ok(AuthenticationResponse {
            client_extension_results: ClientExtensionResults { appid: by_app_id, ..results },
            credential_id: assertion.credential_id,
            authenticator_data: assertion.auth_data,
            client_data_json,
            signature: assertion.signature,
            user_handle: assertion.user_handle,
            authenticator_attachment: info.attachment(),
        })
    }
}

/// One assertion of an authenticator.
struct Request<'a> {
    client: &'a Client,
    options: &'a RequestOptions,
    info: &'a AuthenticatorInfo,
    rp_id: &'a str,
    app_id: Option<&'a str>,
    extensions: AssertionExtensions<'a>,
    client_data_hash: [u8; 32],
    verification: Verification,
}

/// An assertion, and what it is for: the RP ID, or the AppID.
struct Asserted<'a> {
    assertion: Assertion,
    rp_id: &'a str,
}

impl<'a> Request<'a> {
    fn method(&self) -> Result<Method, Failure> {
        let requirement = match self.options.user_verification {
            UserVerificationRequirement::Discouraged if self.extensions.need_verification(self.info) => {
                UserVerificationRequirement::Preferred
            }
            requirement => requirement,
        };
        let someone_enters_pins = self.client.who_enters_pins().is_some();
        user_verification::method(requirement, self.info, Ceremony::Get, false, someone_enters_pins)
            .map_err(|reason| refuse(&USER_VERIFICATION, reason))
    }

    /// By CTAP2.
    async fn get_assertion<A: Authenticator>(
        &mut self,
        method: Method,
        allowed: &[&[u8]],
        connection: &mut Connection<'_, A>,
    ) -> Result<Asserted<'a>, Failure> {
        let Self { info, client, .. } = *self;
        // A token is for one RP ID, so this has to be known before.
        let by_app_id = self.found_by_app_id(allowed, connection).await?;
        let rp_id = by_app_id.as_ref().map_or(self.rp_id, |(app_id, _)| app_id);
        let verifier = Verifier {
            info,
            rp_id,
            permissions: Permissions::GA.with(self.extensions.permissions(info)),
            pin_entry: client.who_enters_pins(),
            step: &INVOKE,
        };
        self.verification = verifier.verify(method, connection).await?;
        let found;
        let allow_list = if let Some((_, id)) = by_app_id {
            found = Some(id);
            found.as_slice()
        } else if credential_list::needs_pre_flight(allowed, info)
            || allowed.len() > 1 && self.extensions.differ_by_credential(info)
        {
            found = credential_list::pre_flight(connection, rp_id, allowed, info, &self.verification)
                .await
                .map_err(|error| error.at(&ALLOW, not_allowed))?;
            if found.is_none() {
                return Err(refuse(&ALLOW, NOTHING_ALLOWED));
            }
            found.as_slice()
        } else {
            allowed
        };
        let only = match allow_list {
            [only] => Some(*only),
            _ => None,
        };
        loop {
            // Anew each time: a wrong PIN ends what was agreed on before.
            self.extensions
                .prepare(only, info, method.verifies(info), connection)
                .await
                .map_err(|error| error.at(&INVOKE, not_allowed))?;
            let request = GetAssertion {
                rp_id,
                client_data_hash: &self.client_data_hash,
                allow_list,
                extensions: self.extensions.sent(),
                up: true,
                verification: &self.verification,
            };
            let refusal = match request.send(connection).await {
                Ok(assertion) => return Ok(Asserted { assertion, rp_id }),
                Err(refusal) => refusal,
            };
            self.verification = match verifier.fall_back(&refusal, &self.verification, connection).await? {
                Some(verification) => verification,
                None => return Err(refusal.at(&INVOKE, not_allowed)),
            };
        }
    }

    /// The AppID and the allowed credential that was made under it, if none was made under the RP ID.
    ///
    /// Source: WebAuthn Level 3 §10.1.1.
    async fn found_by_app_id<'b, A: Authenticator>(
        &self,
        allowed: &[&'b [u8]],
        connection: &mut Connection<'_, A>,
    ) -> Result<Option<(&'a str, &'b [u8])>, Failure> {
        let Some(app_id) = self.app_id else { return Ok(None) };
        for (rp_id, is_app_id) in [(self.rp_id, false), (app_id, true)] {
            let unverified = Verification::default();
            let found = credential_list::pre_flight(connection, rp_id, allowed, self.info, &unverified)
                .await
                .map_err(|error| error.at(&ALLOW, not_allowed))?;
            if let Some(id) = found {
                return Ok(is_app_id.then_some((app_id, id)));
            }
        }
        Ok(None)
    }

    /// By U2F, which verifies nobody and has no discoverable credentials.
    ///
    /// Source: CTAP 2.3 §10.2.
    async fn sign<A: Authenticator>(
        &self,
        allowed: &[&[u8]],
        connection: &mut Connection<'_, A>,
    ) -> Result<Asserted<'a>, Failure> {
        for rp_id in [Some(self.rp_id), self.app_id].into_iter().flatten() {
            for id in allowed {
                if u2f::has(connection, rp_id, id).await {
                    let assertion = u2f::sign(connection, rp_id, &self.client_data_hash, id)
                        .await
                        .map_err(|error| error.at(&INVOKE, not_allowed))?;
                    return Ok(Asserted { assertion, rp_id });
                }
            }
        }
        const NO_LIST: &str = "the authenticator speaks U2F alone, which has no discoverable credentials";
        Err(refuse(&ALLOW, if allowed.is_empty() { NO_LIST } else { NOTHING_ALLOWED }))
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
fn check(
    assertion: &Assertion,
    auth_data: &AuthenticatorData<'_>,
    options: &RequestOptions,
    any: bool,
) -> Result<(), Failure> {
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

pub(crate) const RP_ID_STEPS: RpIdSteps =
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
pub(crate) static USER_VERIFICATION: Step = Step {
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
