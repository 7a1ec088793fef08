//! What can happen in a scenario.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::file::PolicyFile;
use crate::{
    HResult,
    world::{
        AddPasskey, Behaviour, Biometric, MethodKind, Outcome, RegisterElsewhere, SignIn, Which, World,
        WorldError,
    },
};

/// Something that somebody does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Windows Hello is set up with this PIN.
    SetUpHello(String),
    /// Windows looks whether to provision WHfB, as after a sign-in to Windows.
    ProvisionWhfb,
    /// The account's user uses multifactor authentication.
    UseMfa,
    /// Another user does, on the same Windows account.
    UseMfaAs(String),
    /// A passkey is added on Security info.
    Register(Register),
    /// A passkey is registered at another relying party.
    RegisterAt(RegisterAt),
    /// Passkeys are registered at so many other relying parties.
    Fill(u32),
    /// The user has methods of other computers.
    OnOtherComputers {
        /// So many passkeys are registered there.
        #[serde(default)]
        passkeys: u32,
        /// Windows Hello for Business is provisioned on so many.
        #[serde(default)]
        whfb: u32,
    },
    /// Signs in with a passkey.
    SignIn(SignInFile),
    /// An administrator deletes the user's methods of this kind.
    DeleteMethod(MethodKind),
    /// An administrator saves a policy.
    SavePolicy(Box<PolicyFile>),
    /// The user sets phone sign-in up.
    AddPhoneSignIn,
    /// So many minutes pass.
    Wait(u32),
    /// certutil -deleteHelloContainer.
    DeleteContainer,
    /// I forgot my PIN.
    ResetPin {
        /// The new one.
        pin: String,
        /// With everything that is in the container, as Windows does by default.
        destructive: bool,
    },
    /// A PIN is typed to sign in to Windows.
    TypePin(String),
    /// The challenge A1B2C3 is typed.
    TypeChallenge,
    /// The computer is restarted.
    Restart,
    /// A face or a finger is enrolled.
    Enrol(Biometric),
    /// Settings > Accounts > Passkeys.
    OpenPasskeys,
    /// Settings > Accounts > Sign-in options.
    OpenSignInOptions,
    /// The user's own page of methods.
    OpenSecurityInfo,
    /// The administrator's page of the user's methods.
    OpenMethods,
    /// A passkey for login.microsoft.com is deleted in Settings.
    DeletePasskey(Which),
    /// The browser goes to private mode, or back.
    PrivateMode(bool),
    /// A page calls isUserVerifyingPlatformAuthenticatorAvailable().
    AskAvailability,
    /// A program calls WebAuthNGetApiVersionNumber.
    AskApiVersion,
    /// A program calls WebAuthNGetPlatformCredentialList for all RP IDs.
    ListCredentials,
    /// The same for one RP ID.
    ListCredentialsOf(String),
    /// A program calls WebAuthNDeletePlatformCredential for a passkey of login.microsoft.com.
    DeleteCredential(Which),
}

/// How a passkey is added on Security info.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Register {
    /// Its name.
    pub name: String,
    /// The user, if it is not the account's.
    pub user: Option<String>,
    /// Windows Hello is set up in Settings meanwhile, with this PIN.
    pub set_up: Option<String>,
    /// Minutes that the user takes to name the passkey.
    pub minutes_to_name: u32,
    /// What the user does at Windows' dialog.
    pub person: Behaviour,
    /// Windows cannot use its authenticator.
    pub fails_with: Option<HResult>,
}

impl Default for Register {
    fn default() -> Self {
        Self {
            name: "Windows Hello".to_owned(),
            user: None,
            set_up: None,
            minutes_to_name: 0,
            person: Behaviour::default(),
            fails_with: None,
        }
    }
}

/// How a passkey is registered at another relying party.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegisterAt {
    /// The RP ID.
    pub rp_id: String,
    /// COSE algorithms, the most wanted first: -7 (ES256), -257 (RS256).
    #[serde(default = "algorithms")]
    pub algorithms: Vec<i64>,
    /// The attestation that is asked for.
    #[serde(default)]
    pub attestation: Attestation,
    /// Whether a resident key is required.
    #[serde(default = "yes")]
    pub resident_key: bool,
    /// Whether a large blob is wanted.
    #[serde(default)]
    pub large_blob: bool,
    /// What the user does at Windows' dialog.
    #[serde(default)]
    pub person: Behaviour,
    /// Windows cannot use its authenticator.
    pub fails_with: Option<HResult>,
}

fn algorithms() -> Vec<i64> {
    vec![-7, -257]
}

fn yes() -> bool {
    true
}

/// `AttestationConveyancePreference`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Attestation {
    /// Nothing.
    #[default]
    None,
    /// Perhaps made anonymous.
    Indirect,
    /// As the authenticator made it.
    Direct,
    /// One that may name the single device.
    Enterprise,
}

/// How somebody signs in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SignInFile {
    /// At another relying party than Entra.
    pub rp_id: Option<String>,
    /// To a Remote Desktop session of another computer of the company.
    pub remote_computer: bool,
    /// What the user does at Windows' dialog.
    pub person: Behaviour,
    /// Windows cannot use its authenticator.
    pub fails_with: Option<HResult>,
}

impl Action {
    /// Whether it is about the tenant.
    pub(super) fn needs_tenant(&self) -> bool {
        match self {
            Self::UseMfa
            | Self::UseMfaAs(_)
            | Self::Register(_)
            | Self::OnOtherComputers { .. }
            | Self::DeleteMethod(_)
            | Self::SavePolicy(_)
            | Self::AddPhoneSignIn
            | Self::OpenSecurityInfo
            | Self::OpenMethods => true,
            Self::SignIn(file) => file.rp_id.is_none(),
            _ => false,
        }
    }

    /// What it does, for people, with the account's name before it.
    pub fn words(&self) -> String {
        match self {
            Self::SetUpHello(_) => "sets Windows Hello up with a PIN".to_owned(),
            Self::ProvisionWhfb => {
                "is signed in to Windows, which looks whether to provision Windows Hello for Business"
                    .to_owned()
            }
            Self::UseMfa => "uses multifactor authentication".to_owned(),
            Self::UseMfaAs(user) => format!("uses multifactor authentication as {user}"),
            Self::Register(Register { set_up: Some(_), .. }) => {
                "adds a passkey on Security info, and sets Windows Hello up meanwhile".to_owned()
            }
            Self::Register(Register { user: Some(user), .. }) => {
                format!("adds a passkey on Security info as {user}")
            }
            Self::Register(_) => "adds a passkey on Security info".to_owned(),
            Self::RegisterAt(file) => format!("registers a passkey at {}", file.rp_id),
            Self::Fill(count) => format!("registers passkeys at other relying parties: {count}"),
            Self::OnOtherComputers { passkeys, whfb } => format!(
                "uses other computers: {passkeys} passkeys, {whfb} keys of Windows Hello for Business"
            ),
            Self::SignIn(SignInFile { rp_id: Some(rp_id), .. }) => {
                format!("signs in at {rp_id} with a passkey")
            }
            Self::SignIn(SignInFile { remote_computer: true, .. }) => {
                "signs in to a remote computer with a web account".to_owned()
            }
            Self::SignIn(_) => "signs in to Entra with a passkey".to_owned(),
            Self::DeleteMethod(MethodKind::Whfb) => {
                "has the Windows Hello for Business method deleted by an administrator".to_owned()
            }
            Self::DeleteMethod(MethodKind::Passkey) => {
                "has the passkey method deleted by an administrator".to_owned()
            }
            Self::SavePolicy(_) => "gets another passkey policy from an administrator".to_owned(),
            Self::AddPhoneSignIn => "sets phone sign-in up".to_owned(),
            Self::Wait(minutes) => format!("waits {minutes} min"),
            Self::DeleteContainer => "deletes the Windows Hello container with certutil".to_owned(),
            Self::ResetPin { destructive: true, .. } => {
                "resets the PIN, which empties the container".to_owned()
            }
            Self::ResetPin { .. } => "resets the PIN and keeps the keys".to_owned(),
            Self::TypePin(_) => "types a PIN to sign in to Windows".to_owned(),
            Self::TypeChallenge => "types the challenge A1B2C3".to_owned(),
            Self::Restart => "restarts the computer".to_owned(),
            Self::Enrol(Biometric::Face) => "enrols a face".to_owned(),
            Self::Enrol(Biometric::Fingerprint) => "enrols a finger".to_owned(),
            Self::OpenPasskeys => "opens Settings > Accounts > Passkeys".to_owned(),
            Self::OpenSignInOptions => "opens Settings > Accounts > Sign-in options".to_owned(),
            Self::OpenSecurityInfo => "opens Security info".to_owned(),
            Self::OpenMethods => "is looked up by an administrator".to_owned(),
            Self::DeletePasskey(Which::Newest) => "deletes the newest passkey in Settings".to_owned(),
            Self::DeletePasskey(Which::Oldest) => "deletes the oldest passkey in Settings".to_owned(),
            Self::PrivateMode(true) => "opens a private window".to_owned(),
            Self::PrivateMode(false) => "closes the private window".to_owned(),
            Self::AskAvailability => "visits a page that asks for a platform authenticator".to_owned(),
            Self::AskApiVersion => "runs a program that asks for the version of webauthn.h".to_owned(),
            Self::ListCredentials => "runs a program that lists the passkeys of Windows".to_owned(),
            Self::ListCredentialsOf(rp_id) => format!("runs a program that lists the passkeys for {rp_id}"),
            Self::DeleteCredential(_) => {
                "runs a program that deletes a passkey through webauthn.h".to_owned()
            }
        }
    }

    /// Who does it, if it is not the account's user.
    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Self::UseMfaAs(user) => Some(user),
            Self::Register(file) => file.user.as_deref(),
            _ => None,
        }
    }

    /// Whether a ceremony runs in it.
    pub(super) fn is_ceremony(&self) -> bool {
        matches!(self, Self::Register(_) | Self::RegisterAt(_) | Self::Fill(_) | Self::SignIn(_))
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// [`WorldError`].
    pub(super) async fn act(&self, world: &mut World, account: &str) -> Result<Outcome, WorldError> {
        match self {
            Self::SetUpHello(pin) => world.set_up_hello(account, pin).await,
            Self::ProvisionWhfb => world.provision_whfb(account).await,
            Self::UseMfa => world.use_mfa(account, None),
            Self::UseMfaAs(user) => world.use_mfa(account, Some(user)),
            Self::Register(file) => world.add_passkey(account, &file.request()).await,
            Self::RegisterAt(file) => world.register_elsewhere(account, &file.request()).await,
            Self::Fill(count) => {
                let mut outcome = Outcome::default();
                for _ in 0..*count {
                    let file = RegisterAt::plain(world.make_up_rp_id());
                    outcome = world.register_elsewhere(account, &file.request()).await?;
                    if outcome.cause.is_some() {
                        break;
                    }
                }
                Ok(outcome)
            }
            Self::OnOtherComputers { passkeys, whfb } => world.use_other_computers(account, *passkeys, *whfb),
            Self::SignIn(file) => world.sign_in(account, &file.request()).await,
            Self::DeleteMethod(kind) => world.delete_method(account, *kind).await,
            Self::SavePolicy(policy) => world.save_policy(policy.policy().map_err(WorldError::Missing)?),
            Self::AddPhoneSignIn => world.add_phone_sign_in(account),
            Self::Wait(minutes) => {
                world.wait(Duration::from_secs(60 * u64::from(*minutes)));
                Ok(Outcome::default())
            }
            Self::DeleteContainer => world.delete_container(account).await,
            Self::ResetPin { pin, destructive } => world.reset_pin(account, pin, *destructive).await,
            Self::TypePin(pin) => world.type_pin(account, pin).await,
            Self::TypeChallenge => world.type_challenge(account),
            Self::Restart => Ok(world.restart()),
            Self::Enrol(what) => world.enrol(account, *what).await,
            Self::OpenPasskeys => world.passkeys_page(account).await,
            Self::OpenSignInOptions => world.sign_in_options(account).await,
            Self::OpenSecurityInfo => world.security_info_page(account),
            Self::OpenMethods => world.methods_page(account),
            Self::DeletePasskey(which) => world.delete_on_page(account, world.entra_rp_id(), *which).await,
            Self::PrivateMode(on) => {
                world.private_mode = *on;
                Ok(Outcome::default())
            }
            Self::AskAvailability => world.ask_availability(account).await,
            Self::AskApiVersion => Ok(world.api_version(account)),
            Self::ListCredentials => world.list_credentials(account, None).await,
            Self::ListCredentialsOf(rp_id) => world.list_credentials(account, Some(rp_id)).await,
            Self::DeleteCredential(which) => {
                world.delete_credential(account, world.entra_rp_id(), *which).await
            }
        }
    }
}

impl Register {
    fn request(&self) -> AddPasskey<'_> {
        AddPasskey {
            user: self.user.as_deref(),
            name: &self.name,
            set_up: self.set_up.as_deref(),
            minutes_to_name: self.minutes_to_name.into(),
            person: self.person,
            fails_with: self.fails_with,
        }
    }
}

impl RegisterAt {
    fn plain(rp_id: String) -> Self {
        Self {
            rp_id,
            algorithms: algorithms(),
            attestation: Attestation::default(),
            resident_key: yes(),
            large_blob: false,
            person: Behaviour::default(),
            fails_with: None,
        }
    }

    fn request(&self) -> RegisterElsewhere<'_> {
        RegisterElsewhere {
            rp_id: &self.rp_id,
            algorithms: &self.algorithms,
            attestation: match self.attestation {
                Attestation::None => "none",
                Attestation::Indirect => "indirect",
                Attestation::Direct => "direct",
                Attestation::Enterprise => "enterprise",
            },
            resident_key: self.resident_key,
            large_blob: self.large_blob,
            person: self.person,
            fails_with: self.fails_with,
        }
    }
}

impl SignInFile {
    fn request(&self) -> SignIn<'_> {
        SignIn {
            rp_id: self.rp_id.as_deref(),
            remote_computer: self.remote_computer,
            person: self.person,
            fails_with: self.fails_with,
        }
    }
}
