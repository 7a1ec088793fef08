//! Why something went wrong, in a sentence, and how to fix it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($variant:ident = $id:literal [$($source:literal),+] $sentence:literal, $fix:literal;)+) => {
        /// Why something went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum Cause {
            $(#[doc = $sentence] #[serde(rename = $id)] $variant,)+
        }

        impl Cause {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in scenarios.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// In a sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// How to fix it.
            pub fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)+ }
            }

            /// The keys of its [`SOURCES`](crate::sources::SOURCES).
            pub fn sources(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($source),+],)+ }
            }
        }
    };
}

causes! {
    NoPin = "no-pin" ["S", "W2"]
        "Windows Hello has no PIN, so that Windows does not offer \"This Windows device\".",
        "Set a PIN: Settings > Accounts > Sign-in options.";
    PinRefused = "pin-refused" ["W2", "W5"]
        "The PIN does not meet the policy, was used before, or its digits form a pattern.",
        "Choose another PIN.";
    PinExpired = "pin-expired" ["W5"]
        "The PIN is older than the policy allows.",
        "Set up a new PIN.";
    RequiresTpm = "requires-tpm" ["W4", "W10"]
        "A policy wants keys in hardware, and no TPM works: there is no Windows Hello.",
        "Repair the TPM, or take \"Use a hardware security device\" out of the policy.";
    TooManyFingerprints = "too-many-fingerprints" ["W2"]
        "Ten fingers are enrolled, which is the most of one user.",
        "Remove a finger that is not used.";
    PinLockout = "pin-lockout" ["W2"]
        "Too many wrong PINs were typed.",
        "Type the right PIN when Windows asks again, after the challenge or a restart.";
    NotForWindows = "not-for-windows" ["E1"]
        "A passkey of Entra in Windows Hello does not sign in to Windows; Windows Hello for Business does, and the user has none.",
        "Sign in with the password, and let Windows Hello for Business be provisioned.";
    WhfbNotProvisioned = "whfb-not-provisioned" ["EV2", "W2", "W9"]
        "A prerequisite of Windows Hello for Business is missing.",
        "Event 360 lists them: join, Entra credentials, policy, hardware, no Remote Desktop.";
    WhfbInRemoteSession = "whfb-in-remote-session" ["EV1"]
        "Windows Hello for Business is not provisioned in a Remote Desktop session (event 7210).",
        "Sign in at the computer itself.";
    StaleMfaForWhfb = "stale-mfa-for-whfb" ["W9", "W10"]
        "The last multifactor authentication is more than ten minutes ago, so that the key of Windows Hello for Business was not registered.",
        "Authenticate again when Windows asks for more information.";
    WhfbConflict = "whfb-conflict" ["E1", "MC1"]
        "A key of Windows Hello for Business for the same account came into the same container before the passkey.",
        "Delete the Windows Hello for Business method of the user in the tenant, then register again; or delete the container (certutil -deleteHelloContainer), which loses everything in it.";
    AlreadyRegistered = "already-registered" ["E1", "S"]
        "The computer holds a credential of the same account, passkey or Windows Hello for Business, which the tenant lists in excludeCredentials.",
        "Sign in with what is there; or delete the method of the user in the tenant, and register again.";
    NotInEffect = "policy-not-in-effect" ["S"]
        "The passkey policy that allows it was saved and is not in effect yet: the key was made on the computer, and the tenant did not take it.",
        "Wait some minutes and register again; delete the key that was left over in Settings > Accounts > Passkeys.";
    AaguidNotAllowed = "aaguid-not-allowed" ["E2", "E1", "K"]
        "No passkey profile of the user allows the AAGUID of this Windows Hello.",
        "Add the three AAGUIDs of Windows Hello to an allow list of a profile that the user has, or take the list away.";
    AaguidBlocked = "aaguid-blocked" ["E2", "MC2", "K"]
        "The passkey profile of the user blocks the AAGUID of this Windows Hello.",
        "Take the AAGUIDs of Windows Hello off the block list.";
    AttestationEnforced = "attestation-enforced" ["E1", "E2", "E3"]
        "The passkey profile enforces attestation, which Windows Hello does not have.",
        "Give the user a profile without enforced attestation.";
    TypeNotAllowed = "type-not-allowed" ["E2"]
        "No passkey profile of the user allows device-bound passkeys.",
        "Allow device-bound passkeys in a profile that the user has.";
    StaleMfa = "stale-mfa" ["E2"]
        "The last multifactor authentication is more than five minutes ago, so that Security info sends the user back to authenticate.",
        "Authenticate again, and register within five minutes.";
    ChallengeExpired = "challenge-expired" ["G1"]
        "The challenge is older than five minutes.",
        "Register again, and name the passkey in time.";
    PasskeyName = "passkey-name" ["D"]
        "A passkey's name has 1 to 30 characters.",
        "Choose another name.";
    SelfServiceOff = "self-service-off" ["E2"]
        "The passkey policy does not let users register by themselves.",
        "Switch \"Allow self-service set up\" on; it holds for all profiles.";
    Excluded = "excluded" ["E2"]
        "A group of the user is excluded from the passkey policy, which beats every inclusion.",
        "Take the user out of the excluded group.";
    NotTargeted = "not-targeted" ["E2"]
        "The passkey policy includes no group of the user, or is not enabled.",
        "Include a group of the user, and enable the policy.";
    AaguidRemoved = "aaguid-removed" ["E2", "E1-pre"]
        "The AAGUID is no longer allowed: key restrictions hold at every sign-in, not only at registration.",
        "Allow the AAGUID again, or register another passkey.";
    UnknownToTenant = "unknown-to-tenant" ["S"]
        "The key is on the computer, and the tenant does not know it: it was never taken, or its method was deleted.",
        "Register a new passkey, and delete the old key in Settings > Accounts > Passkeys.";
    NoPasskey = "no-passkey" ["W2", "W7"]
        "The container has no such passkey: none was registered, or the container was deleted or emptied by a destructive PIN reset.",
        "Register a new passkey, and delete the old method in the tenant.";
    PrivateMode = "private-mode" ["W2"]
        "Windows Hello for Business does not sign in from private mode, where the browser has no state of the device.",
        "Sign in from a window that is not private, or with a passkey.";
    RemoteSession = "remote-session" ["R1", "EV1"]
        "In a Remote Desktop session without WebAuthn redirection there is no Windows Hello.",
        "Register at the computer itself, or allow WebAuthn redirection for the session.";
    NoNativeList = "no-native-list" ["C1", "W8"]
        "This Windows has no list of its passkeys: that needs version 4 of webauthn.h, and the page in Settings needs Windows 11 22H2.",
        "Use Windows 11 22H2 or later.";
    NotRemovable = "not-removable" ["W8", "S"]
        "The passkey of Windows Hello for Business is needed for signing in and cannot be deleted singly.",
        "Delete the container (certutil -deleteHelloContainer), which loses everything in it.";
    NoAlgorithm = "no-algorithm" ["W3"]
        "The relying party takes no algorithm that this Windows Hello has: before Windows 11 22H2 that is RS256 alone.",
        "Let the relying party take RS256 (-257), or use a newer Windows.";
    InvalidRequest = "invalid-request" ["H"]
        "webauthn.h refuses the request: a large blob needs a resident key.",
        "Require a resident key, or do without the extension largeBlob.";
    WindowsFailed = "windows-failed" ["H", "B2"]
        "Windows could not use its authenticator, for a reason below webauthn.h.",
        "Look at WebAuthN/Operational (1022 and 1025 name the error) and HelloForBusiness/Operational.";
    Declined = "declined" ["H"]
        "The user said no.",
        "Try again, and confirm with PIN or biometrics.";
    TimedOut = "timed-out" ["H"]
        "The user did nothing until time was up.",
        "Try again, and confirm in time.";
    Cancelled = "cancelled" ["H"]
        "The page aborted the ceremony.",
        "Try again; a page that aborts by itself has a mistake.";
}
