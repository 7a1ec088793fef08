//! What a person reads, where it is not put together from what happened.
//!
//! Texts with a source are Microsoft's own words, taken from public write-ups of real screens. The others stand in for
//! texts that are not published: each of their constants says `assumed`.

use softhello_ctap::Timestamp;

/// The sign-in dialog's entry for Windows Hello before January 2024.
pub const SIGN_IN_BEFORE_2024: &str = "Sign in with Windows Hello or a security key";
/// The same since January 2024.
pub const SIGN_IN: &str = "Face, Fingerprint, PIN or security key";
/// Its sub-text.
pub const SIGN_IN_HINT: &str = "Use your device to sign in with passkey";
/// The title of Windows' own dialog at a sign-in.
pub const SIGN_IN_TITLE: &str = "Sign in with a passkey";
/// Where a passkey can be saved.
pub const THIS_DEVICE: &str = "This Windows device";
/// The tenant did not take a key that was made.
pub const NOT_REGISTERED: &str = "Passkey not registered";
/// The tenant does not take this model.
pub const BLOCKED: &str = "We detected that this particular key type has been blocked by your organization. Contact your \
                           administrator for more details and try registering a different type of key.";
/// The conflict, where a credential of the same account is listed.
pub const ALREADY_REGISTERED: &str = "this device is already registered";
/// The conflict at its first attempt (assumed).
pub const FIRST_ATTEMPT: &str = "we couldn't register your passkey";
/// Any other end of a registration without a passkey (assumed).
pub const SOMETHING_WENT_WRONG: &str = "something went wrong";
/// A sign-in without a passkey (assumed).
pub const NOT_SIGNED_IN: &str = "we couldn't sign you in with a passkey";
/// A passkey that the tenant does not take (assumed).
pub const CANNOT_SIGN_IN: &str = "your passkey can't be used to sign in";
/// The notice on the page Passkeys where Windows Hello has no PIN (assumed).
pub const SET_UP_PIN: &str = "set up a PIN to use passkeys";
/// What Settings says where a passkey goes only with its container.
pub const NOT_REMOVABLE: &str = "Some passkeys for login.microsoft.com can't be deleted, as they're used with Microsoft Entra ID \
                                 and/or Microsoft Account for signing in";
/// Windows Hello is set up (assumed).
pub const PIN_READY: &str = "All set! Your PIN is ready";
/// The PIN does not meet the policy (assumed).
pub const PIN_REFUSED: &str = "Provide a PIN that meets the complexity requirements";
/// The PIN is too old (assumed).
pub const PIN_EXPIRED: &str = "Your PIN has expired. Set up a new PIN.";
/// A wrong PIN (assumed).
pub const PIN_INCORRECT: &str = "The PIN is incorrect. Try again.";
/// After three wrong PINs: `A1B2C3` is documented, the other words are assumed.
pub const PIN_CHALLENGE: &str =
    "You've entered an incorrect PIN several times. To try again, enter A1B2C3 below.";
/// After one more (assumed).
pub const PIN_RESTART: &str =
    "You've entered an incorrect PIN too many times. Restart your device and try again.";
/// After a restart (assumed).
pub const PIN_WAIT: &str = "Try again later";
/// Windows Hello does not sign in to Windows (assumed).
pub const USE_PASSWORD: &str = "That option is temporarily unavailable. Sign in with your password.";
/// There is no Windows Hello (assumed).
pub const UNAVAILABLE: &str = "This option is currently unavailable";
/// No more fingers (assumed).
pub const MOST_FINGERPRINTS: &str = "You've added the most fingerprints that Windows Hello keeps";
/// Multifactor authentication is asked for (assumed).
pub const MORE_INFORMATION: &str =
    "Help us protect your account: your organization requires more information";
/// Windows Hello for Business is asked for (assumed).
pub const USE_HELLO: &str = "Use Windows Hello with your account: set up a PIN";
/// The user has no such method (assumed).
pub const NO_PASSKEY_METHOD: &str = "the list of methods has no Passkey";
/// The page asks for authentication (assumed).
pub const BACK_TO_SIGN_IN: &str = "back to the sign-in page";
/// The page does not take a name (assumed).
pub const PASSKEY_NAME: &str = "Enter a name of 1 to 30 characters";
/// This Windows has no page of passkeys (assumed).
pub const NO_PASSKEYS_PAGE: &str = "Settings > Accounts has no Passkeys";
/// This webauthn.h has no list (assumed).
pub const NO_FUNCTION: &str = "webauthn.dll has no such function";
/// The page of the user's own methods.
pub const SECURITY_INFO: &str = "Security info";
/// The page of passkeys in Settings.
pub const PASSKEYS: &str = "Settings > Accounts > Passkeys";
/// The page of Windows Hello in Settings.
pub const SIGN_IN_OPTIONS: &str = "Settings > Accounts > Sign-in options";

/// 2024-01-01T00:00:00Z.
const JANUARY_2024: Timestamp = Timestamp(1_704_067_200_000);

/// What the sign-in dialog offers at this time.
pub fn sign_in(now: Timestamp) -> String {
    if now < JANUARY_2024 { SIGN_IN_BEFORE_2024.to_owned() } else { format!("{SIGN_IN}: {SIGN_IN_HINT}") }
}

/// Windows' own dialog at a sign-in at this time, with the gestures that it takes.
pub fn windows_security(now: Timestamp, gestures: &str) -> String {
    if now < JANUARY_2024 {
        format!("Windows Security > {gestures}")
    } else {
        format!("Windows Security: {SIGN_IN_TITLE} > {gestures}")
    }
}
