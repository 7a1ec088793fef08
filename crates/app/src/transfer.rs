//! Passkeys as a neutral document.

use serde_json::{Value, json};
use softhello_storage::{Export, StoreError, export_container, import_credentials};
use softhello_windows::Computer;

use crate::{AppError, Event, Exit, Output, output::count};

/// Gives all passkeys of an account, with their private keys and counters.
pub(crate) async fn export(
    computer: &Computer,
    account: &str,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Output, AppError> {
    let account = computer.account(account).await?;
    let container = export_container(computer.store().as_ref(), computer.container(&account)).await;
    let containers = match container {
        Err(StoreError::NoContainer(_)) => Vec::new(),
        other => vec![other?],
    };
    let export = Export { containers };
    for damaged in export.damaged() {
        events(Event::Said { text: format!("warning: not exported: {damaged}") });
    }
    let document = export.to_json();
    let json: Value = serde_json::from_str(&document)
        .map_err(|error| AppError::new(Exit::Storage, error.to_string(), "this is a fault of softhello"))?;
    Ok(Output::document(json))
}

/// Takes all passkeys of a document into an account's container. Those of the same RP and user are replaced.
pub(crate) async fn import(computer: &Computer, account: &str, document: &str) -> Result<Output, AppError> {
    let refused = |error: StoreError| {
        AppError::usage(
            format!("the document cannot be imported: {error}"),
            "it has to be a document of `softhello passkeys export`",
        )
    };
    let export = Export::from_json(document.as_bytes()).map_err(refused)?;
    // The account's device makes the container if there is none.
    let container = computer.device(account).await?.container();
    let mut imported = 0;
    for source in &export.containers {
        match import_credentials(computer.store().as_ref(), container, &source.credentials).await {
            Err(error @ (StoreError::Invalid(_) | StoreError::TooLarge { .. } | StoreError::Conflict)) => {
                return Err(refused(error));
            }
            other => other?,
        }
        imported += source.credentials.len();
    }
    computer.passkeys_imported(account).await?;
    let text = format!("imported {} into `{account}`", count(imported, "passkey"));
    Ok(Output::new(json!({ "imported": imported }), text))
}
