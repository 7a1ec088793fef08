//! authenticatorConfig (0x0D). Source: CTAP 2.3 §6.11.

pub(crate) mod set_min_pin_length;

use super::{
    ok,
    pin_uv_auth::{authorize, required},
    refuse,
    verification::Verification,
};
use crate::{
    Change, ChangeSet, ConfigCommand, Denied, Host, Outcome, Permissions, Profile, Session, Setting, State,
    message::{CONFIG, Members, MessageError, VENDOR_PROTOTYPE_PARAMS},
    step::steps,
};

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members = Members::read(&CONFIG, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    let Some(number) = members.uint("subCommand") else {
        let error = MessageError::Missing { member: "subCommand".to_owned() };
        return Err(refuse(host, &READ, error.into()));
    };
    host.note(&READ, Outcome::Passed);
    let command = profile.config_commands.iter().copied().find(|command| *command as u64 == number);
    let has_vendors = !profile.vendor_prototype_config_commands.is_empty();
    let Some(byte) = command
        .map(|command| command as u8)
        .or((has_vendors && number == VENDOR_PROTOTYPE.into()).then_some(VENDOR_PROTOTYPE))
    else {
        return Err(refuse(host, &SUBCOMMAND, Denied::UnknownSubcommand(number)));
    };
    host.note(&SUBCOMMAND, Outcome::Passed);
    let state = host.state().await?;
    authenticate(host, profile, session, &state, &members, byte).await?;
    let Some(command) = command else {
        vendor_prototype(host, profile, members.raw("subCommandParams"))?;
        return Ok(ok(1).into_bytes());
    };
    match command {
        ConfigCommand::EnableEnterpriseAttestation => {
            host.commit(ChangeSet::one(Change::Set(Setting::EnterpriseAttestation(true)))).await?;
            host.note(&ENTERPRISE, Outcome::Passed);
        }
        ConfigCommand::ToggleAlwaysUv => {
            let always = state.settings.always_uv_option(profile) != Some(true);
            host.commit(ChangeSet::one(Change::Set(Setting::AlwaysUv(always)))).await?;
            host.note(&ALWAYS_UV, Outcome::Chose(if always { "on" } else { "off" }));
        }
        ConfigCommand::SetMinPinLength => {
            set_min_pin_length::run(host, profile, session, &state, members.raw("subCommandParams")).await?;
        }
        ConfigCommand::EnableLongTouchForReset => {
            host.commit(ChangeSet::one(Change::Set(Setting::LongTouchForReset(true)))).await?;
            host.note(&LONG_TOUCH, Outcome::Passed);
        }
    }
    Ok(ok(1).into_bytes())
}

const VENDOR_PROTOTYPE: u8 = ConfigCommand::VENDOR_PROTOTYPE;

/// vendorPrototype (0xFF): a vendor's command is taken, and does nothing.
fn vendor_prototype(host: &mut impl Host, profile: &Profile, params: Option<&[u8]>) -> Result<(), Denied> {
    let params = params.map(|map| Members::read(&VENDOR_PROTOTYPE_PARAMS, map)).transpose();
    let params = params.map_err(|error| refuse(host, &VENDOR, error.into()))?;
    let Some(id) = params.and_then(|params| params.uint("vendorCommandId")) else {
        let error = MessageError::Missing { member: "vendorCommandId".to_owned() };
        return Err(refuse(host, &VENDOR, error.into()));
    };
    if !profile.vendor_prototype_config_commands.contains(&id) {
        return Err(refuse(host, &VENDOR, Denied::UnknownSubcommand(id)));
    }
    host.note(&VENDOR, Outcome::Passed);
    Ok(())
}

/// Steps 3 and 4.
async fn authenticate(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    state: &State,
    members: &Members<'_>,
    command: u8,
) -> Result<(), Denied> {
    let verification = Verification::new(profile, state);
    let always = state.settings.always_uv_option(profile) == Some(true);
    if command == ConfigCommand::ToggleAlwaysUv as u8 && !verification.is_protected() && always {
        host.note(&SHIPPED_ON, Outcome::Passed);
        return Ok(());
    }
    host.note(&SHIPPED_ON, Outcome::Skipped("it is not about switching off what is on without protection"));
    if !verification.is_protected() && !always {
        host.note(&VERIFY, Outcome::Skipped("neither a PIN nor another verification is set up"));
        return Ok(());
    }
    let absent = if profile.client_pin { Denied::PuatRequired } else { Denied::UvRequired };
    let param = required(host, &VERIFY, profile, members, absent)?;
    let params = members.raw("subCommandParams").unwrap_or_default();
    let message: &[&[u8]] = &[&[0xff; 32], &[super::CONFIG, command], params];
    authorize(host, &VERIFY, session, param, message, Permissions::ACFG)?;
    host.note(&VERIFY, Outcome::Passed);
    Ok(())
}

steps! {
    READ = "6.11" "1" "subCommand is there";
    SUBCOMMAND = "6.11" "2" "a subcommand that this authenticator does not have is INVALID_SUBCOMMAND";
    SHIPPED_ON = "6.11" "3" "an alwaysUv that is on before anything protects the authenticator may be switched off without authentication";
    VERIFY = "6.11" "4" "where verification is set up or always wanted, pinUvAuthParam authenticates subcommand and parameters with a token that has acfg";
    ENTERPRISE = "6.11.1" "1" "ep becomes true";
    ALWAYS_UV = "6.11.2" "1" "alwaysUv is switched";
    VENDOR = "6.11.3" "1" "vendorCommandId is one of vendorPrototypeConfigCommands";
    LONG_TOUCH = "6.11.5" "1" "longTouchForReset becomes true, until a reset";
}
