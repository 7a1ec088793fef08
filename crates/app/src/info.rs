//! What the authenticator says of itself, and how its store is.

use std::path::Path;

use serde_json::{Value, json};
use softhello_ctap::{
    Authenticator as _, Channel, api,
    explain::{Kind, explain_as},
};
use softhello_storage::EngineKind;
use softhello_windows::Computer;

use crate::{
    AppError, Exit, Output, explained,
    output::{count, table},
};

/// The profile, and getInfo's answer annotated.
pub(crate) async fn info(
    computer: &Computer,
    account: &str,
    data: &Path,
    store: EngineKind,
) -> Result<Output, AppError> {
    let mut device = computer.device(account).await?;
    let response = device.exchange(Channel::default(), &[api::GET_INFO]).await.response;
    let explanation = explain_as(Kind::Response { command: Some(api::GET_INFO) }, &response);
    let said = match device.profile().ctap.speaks_ctap2() {
        true => explanation.to_string(),
        false => "it speaks U2F alone, which has no getInfo".to_owned(),
    };
    let profile = &device.profile().ctap;
    let quirks: Vec<String> = device.profile().quirks.iter().map(ToString::to_string).collect();
    let algorithms: Vec<&str> = profile.algorithms.iter().map(|algorithm| algorithm.name()).collect();
    let json = json!({
        "profile": profile.name,
        "description": profile.description,
        "aaguid": profile.aaguid.to_string(),
        "algorithms": algorithms,
        "quirks": quirks,
        "account": account,
        "container": device.container().to_string(),
        "data": data,
        "store": store,
        "getInfo": explained::to_json(&explanation),
    });
    let facts = [
        ("profile", profile.name.clone()),
        ("", profile.description.clone()),
        ("quirks", if quirks.is_empty() { "none".to_owned() } else { quirks.join(", ") }),
        ("AAGUID", profile.aaguid.to_string()),
        ("algorithms", algorithms.join(", ")),
        ("account", account.to_owned()),
        ("data", data.display().to_string()),
        ("store", store.to_string()),
    ];
    let rows: Vec<Vec<String>> =
        facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    Ok(Output::new(json, format!("{}\n\n{}", table(&rows), said.trim_end())))
}

/// Looks at every record of the store.
pub(crate) async fn check(computer: &Computer) -> Result<Output, AppError> {
    let report = computer.store().check().await?;
    let summary = [
        format!("{} records", report.records),
        count(report.containers as usize, "container"),
        count(report.credentials as usize, "credential"),
    ]
    .join(", ");
    if report.is_sound() {
        let json = json!({
            "records": report.records,
            "containers": report.containers,
            "credentials": report.credentials,
            "damaged": Value::Array(Vec::new()),
        });
        return Ok(Output::new(json, format!("the store is sound: {summary}")));
    }
    let damaged: Vec<String> =
        report.damaged.iter().map(|damage| format!("{}: {}", damage.record, damage.reason)).collect();
    Err(AppError::new(
        Exit::Storage,
        format!("{} of {summary} are damaged:\n  {}", damaged.len(), damaged.join("\n  ")),
        "what is listed is lost; everything else can still be used and exported",
    ))
}
