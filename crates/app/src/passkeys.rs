//! Passkeys and accounts as people and programs see them.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use softhello_ctap::{Credential, Timestamp};
use softhello_storage::Kind;
use softhello_windows::{Account, Computer, Passkey};

use crate::{AppError, Output, explained, output::table};

pub(crate) fn list(account: &str, profile: &str, passkeys: &[Passkey]) -> Output {
    let json: Vec<Value> = passkeys.iter().map(passkey).collect();
    if passkeys.is_empty() {
        return Output::new(
            json.into(),
            format!("the account `{account}` has no passkeys in {profile}; `--profile NAME` shows others"),
        );
    }
    let headings = ["ID", "RP", "USER", "KIND", "ALGORITHM", "COUNT", "CREATED", "REMOVABLE"];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    rows.extend(passkeys.iter().map(|passkey| {
        let credential = &passkey.stored.credential;
        vec![
            BASE64URL_NOPAD.encode(credential.id.as_bytes()),
            credential.rp_id.clone(),
            credential.user.name.clone().unwrap_or_else(|| "–".to_owned()),
            kind(passkey.stored.kind).to_owned(),
            credential.key.algorithm().to_string(),
            passkey.sign_count.to_string(),
            time(credential.created),
            if passkey.stored.removable { "yes" } else { "no" }.to_owned(),
        ]
    }));
    Output::new(json.into(), table(&rows))
}

/// One of them, named as it was asked for.
pub(crate) fn one(passkeys: &[Passkey], id: &str) -> Result<Output, AppError> {
    let wanted = explained::credential_id(id)?;
    let found = passkeys.iter().find(|found| found.stored.credential.id == wanted);
    let json = found.map_or(Value::Null, passkey);
    // One that is not stored is not among them.
    let text = found.map_or_else(
        || format!("the passkey {id}: its last signature count is set"),
        |found| {
            let Credential { backup_eligible, backed_up, .. } = found.stored.credential;
            let flag = |name, on| format!("{name} {}", u8::from(on));
            let flags = [flag("BE", backup_eligible), flag("BS", backed_up)].join(", ");
            format!("the passkey {id}: {flags}, last signature count {}", found.sign_count)
        },
    );
    Ok(Output::new(json, text))
}

fn passkey(passkey: &Passkey) -> Value {
    let stored = &passkey.stored;
    let credential = &stored.credential;
    json!({
        "id": BASE64URL_NOPAD.encode(credential.id.as_bytes()),
        "rpId": credential.rp_id,
        "user": {
            "id": BASE64URL_NOPAD.encode(&credential.user.id),
            "name": credential.user.name,
            "displayName": credential.user.display_name,
        },
        "kind": kind(stored.kind),
        "algorithm": credential.key.algorithm().cose_id(),
        "signCount": passkey.sign_count,
        "discoverable": credential.discoverable,
        "backupEligible": credential.backup_eligible,
        "backedUp": credential.backed_up,
        "created": time(credential.created),
        "removable": stored.removable,
        "blocking": stored.blocking,
    })
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Passkey => "passkey",
        Kind::Managed => "whfb",
    }
}

fn time(time: Timestamp) -> String {
    i64::try_from(time.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .and_then(|time| time.round(jiff::Unit::Second).ok())
        .map_or_else(|| format!("{} ms", time.0), |time| time.to_string())
}

pub(crate) async fn accounts(computer: &Computer) -> Result<Output, AppError> {
    let mut json = Vec::new();
    let mut rows = vec![["NAME", "KIND", "PIN", "PASSKEYS", "WHFB"].map(str::to_owned).to_vec()];
    for account in computer.accounts().await? {
        let pin = computer.pin_shown(&account).await?;
        let passkeys = computer.count(&account).await?;
        rows.push(vec![
            account.name.clone(),
            account.kind.to_string(),
            pin.unwrap_or("none").to_owned(),
            passkeys.to_string(),
            whfb(&account),
        ]);
        json.push(json!({
            "name": account.name,
            "kind": account.kind,
            "container": computer.container(&account).to_string(),
            "pin": pin,
            "passkeys": passkeys,
            "whfb": account.whfb.iter()
                .map(|key| json!({ "upn": key.upn, "inTenant": key.in_tenant }))
                .collect::<Vec<_>>(),
        }));
    }
    let text = match rows.len() {
        1 => "there are no accounts yet; `default` is made at its first use".to_owned(),
        _ => table(&rows),
    };
    Ok(Output::new(json.into(), text))
}

fn whfb(account: &Account) -> String {
    let keys: Vec<String> = account
        .whfb
        .iter()
        .map(|key| match key.in_tenant {
            true => key.upn.clone(),
            false => format!("{} (removed in the tenant)", key.upn),
        })
        .collect();
    if keys.is_empty() { "–".to_owned() } else { keys.join(", ") }
}
