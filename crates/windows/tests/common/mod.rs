//! What the tests of this crate share: accounts, and ceremonies at a relying party.
#![allow(dead_code, reason = "no test needs all of it")]

use softhello_device::Pin;
use softhello_webauthn::{Client, CreationOptions, Failure};
use softhello_windows::{AccountKind, Computer, Device, Script, User};

/// Where Entra ID registers passkeys.
pub(crate) const ENTRA: &str = "login.microsoft.com";

pub(crate) fn pin() -> Pin {
    Pin::try_from(Computer::DEFAULT_PIN).expect("a PIN")
}

/// A computer with these Entra accounts, each with Hello set up.
pub(crate) fn computer_of(accounts: &[&str]) -> Computer {
    let computer = Computer::in_memory();
    for name in accounts {
        pollster::block_on(computer.add_account(name, AccountKind::Entra, Some(&pin()))).expect("an account");
    }
    computer
}

/// Registers a passkey of ES256 at an RP; the user's id is the name in lower case, as Entra would keep it.
pub(crate) fn create(
    computer: &Computer,
    account: &str,
    rp_id: &str,
    user_name: &str,
) -> Result<Vec<u8>, Failure> {
    create_as(computer, account, rp_id, user_name, user_name.to_lowercase().as_bytes())
}

/// The same with another user id, so that one passkey does not replace the other.
pub(crate) fn create_as(
    computer: &Computer,
    account: &str,
    rp_id: &str,
    user_name: &str,
    user_id: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut device = pollster::block_on(computer.device(account)).expect("a device");
    create_on(&mut device, rp_id, user_name, user_id)
}

pub(crate) fn create_on(
    device: &mut Device,
    rp_id: &str,
    user_name: &str,
    user_id: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut options = CreationOptions::from_json(
        r#"{
            "rp": {"name": "Example"},
            "user": {"id": "AA", "name": "", "displayName": "Ada"},
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}]
        }"#,
    )
    .expect("options");
    options.rp.id = Some(rp_id.to_owned());
    options.user.name = user_name.to_owned();
    options.user.id = user_id.to_vec();
    let client = Client::new(&format!("https://{rp_id}")).expect("an origin");
    pollster::block_on(client.create(device, &options)).map(|response| response.credential_id().to_vec())
}

/// The device of an account, with someone else before it.
pub(crate) fn device_with(computer: &Computer, account: &str, script: Script) -> Device {
    pollster::block_on(computer.device(account)).expect("a device").with_user(User::Script(script))
}
