//! Whole containers as plain data: to another engine, or to a file that no engine knows.

mod json;

use std::collections::HashSet;

use softhello_ctap::{CredentialId, Query};

use crate::{
    Change, ChangeSet, ContainerId, ContainerState, DIRECTORY, Expected, MAX_DOCUMENT, MAX_NAME, Store,
    StoreError, StoredCredential, Versioned,
};

/// Containers as plain data, private keys included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// The containers, [`DIRECTORY`] among them if it has documents.
    pub containers: Vec<ExportedContainer>,
}

impl Export {
    /// What is missing in all containers because it is damaged, for people.
    pub fn damaged(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().flat_map(|container| &container.damaged).map(String::as_str)
    }
}

/// All that a container holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its state; [`DIRECTORY`] has none.
    pub state: Option<ContainerState>,
    /// The last operation number that was handed out.
    pub operation: u64,
    /// Its credentials, oldest first.
    pub credentials: Vec<ExportedCredential>,
    /// The last counts of ids that are not among the credentials: those of non-discoverable credentials, which are
    /// sealed into their ids.
    pub counters: Vec<(CredentialId, u32)>,
    /// Its documents by name.
    pub documents: Vec<(String, Vec<u8>)>,
    /// What is missing here because it is damaged, for people. Not part of the document in JSON.
    pub damaged: Vec<String>,
}

/// A credential with its counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedCredential {
    /// The credential.
    pub stored: StoredCredential,
    /// The last count that was handed out.
    pub count: u32,
}

/// Exports every container of a store.
///
/// # Errors
///
/// Those of reading. Damaged credentials and counters are left out and named in [`ExportedContainer::damaged`]; other
/// damaged records fail the export, and [`Store::check`] lists them all.
pub async fn export(store: &dyn Store) -> Result<Export, StoreError> {
    let mut containers = Vec::new();
    for container in store.containers().await? {
        containers.push(export_container(store, container).await?);
    }
    let documents = export_documents(store, DIRECTORY).await?;
    if !documents.is_empty() {
        containers.push(ExportedContainer {
            id: DIRECTORY,
            state: None,
            operation: 0,
            credentials: Vec::new(),
            counters: Vec::new(),
            documents,
            damaged: Vec::new(),
        });
    }
    Ok(Export { containers })
}

/// Exports one container.
///
/// # Errors
///
/// As [`export`], and [`StoreError::NoContainer`] if there is none of this id.
pub async fn export_container(
    store: &dyn Store,
    container: ContainerId,
) -> Result<ExportedContainer, StoreError> {
    let state = store.state(container).await?.value;
    let (mut credentials, mut damaged, mut named) = (Vec::new(), Vec::new(), 0);
    for handle in store.find(container, Query::All).await?.into_iter().rev() {
        match store.load(container, &handle.id).await {
            Ok(Versioned { value: stored, .. }) => {
                let count = store.counter(container, &handle.id).await;
                let count = spared(count, &mut damaged)?.unwrap_or_default();
                credentials.push(ExportedCredential { stored, count });
            }
            other => drop(spared(other, &mut damaged)?),
        }
        named += 1;
    }
    // What names them is damaged as well.
    let unnamed =
        spared(store.count(container).await, &mut damaged)?.unwrap_or_default().saturating_sub(named);
    if unnamed > 0 {
        damaged.push(format!("{unnamed} credentials of container {container} can no longer be found"));
    }
    let mut counters = spared(store.counters(container).await, &mut damaged)?.unwrap_or_default();
    let stored: HashSet<_> = credentials.iter().map(|exported| &exported.stored.credential.id).collect();
    counters.retain(|(id, count)| *count > 0 && !stored.contains(id));
    Ok(ExportedContainer {
        id: container,
        state: Some(state),
        operation: store.operation(container).await?,
        credentials,
        counters,
        documents: export_documents(store, container).await?,
        damaged,
    })
}

async fn export_documents(
    store: &dyn Store,
    container: ContainerId,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let documents = store.documents(container, "").await?;
    Ok(documents.into_iter().map(|(name, value)| (name, value.value)).collect())
}

/// Imports all containers of an export. Each is imported whole or not at all, [`DIRECTORY`] last.
///
/// # Errors
///
/// [`StoreError::Invalid`] and [`StoreError::TooLarge`] if the export contradicts itself or has what no store takes,
/// [`StoreError::ContainerExists`] and [`StoreError::Conflict`] if a container or a document of the directory is there
/// already: in all these cases nothing was imported. Otherwise those of [`Store::commit`].
pub async fn import(store: &dyn Store, export: &Export) -> Result<(), StoreError> {
    validate(export)?;
    let there: HashSet<ContainerId> = store.containers().await?.into_iter().collect();
    for container in &export.containers {
        if there.contains(&container.id) {
            return Err(StoreError::ContainerExists(container.id));
        }
        for (name, _) in container.documents.iter().filter(|_| container.id == DIRECTORY) {
            if store.document(DIRECTORY, name).await?.is_some() {
                return Err(StoreError::Conflict);
            }
        }
    }
    let (last, first): (Vec<_>, Vec<_>) =
        export.containers.iter().partition(|container| container.id == DIRECTORY);
    for container in first.into_iter().chain(last) {
        let mut changes = Vec::new();
        if let Some(ContainerState { settings, sealing_key, uv_retries }) = &container.state {
            let (settings, sealing_key) = (Box::new(settings.clone()), sealing_key.clone());
            changes.push(Change::CreateContainer { uv_retries: *uv_retries, sealing_key, settings });
            changes.push(Change::OperationAtLeast(container.operation));
        }
        changes.extend(container.credentials.iter().flat_map(puts));
        changes.extend(
            container
                .counters
                .iter()
                .map(|(id, count)| Change::CounterAtLeast { id: id.clone(), count: *count }),
        );
        changes.extend(container.documents.iter().map(|(name, value)| Change::PutDocument {
            name: name.clone(),
            value: value.clone(),
            expected: Expected::Absent,
        }));
        store.commit(container.id, ChangeSet { guards: Vec::new(), changes }).await?;
    }
    Ok(())
}

/// Imports credentials into a container that exists, all or none, and lets their counters go on where they were.
/// A credential of the same RP ID, user id and kind is replaced.
///
/// # Errors
///
/// As [`import`], except that the container has to exist.
pub async fn import_credentials(
    store: &dyn Store,
    container: ContainerId,
    credentials: &[ExportedCredential],
) -> Result<(), StoreError> {
    validate_credentials(credentials)?;
    let changes = credentials.iter().flat_map(puts).collect();
    store.commit(container, ChangeSet { guards: Vec::new(), changes }).await
}

/// Copies everything from one store into another, which must not have any of the containers.
///
/// # Errors
///
/// Those of [`export`] and [`import`], and [`StoreError::Damaged`], before anything is copied, if something in `from` is
/// damaged. [`copy_sound`] copies the rest.
pub async fn copy(from: &dyn Store, to: &dyn Store) -> Result<(), StoreError> {
    let export = export(from).await?;
    let damaged: Vec<&str> = export.damaged().collect();
    if !damaged.is_empty() {
        return Err(StoreError::damaged("the store", damaged.join("; ")));
    }
    import(to, &export).await
}

/// As [`copy`], but leaves out damaged credentials and counters, and gives [`Export::damaged`].
///
/// # Errors
///
/// Those of [`export`] and [`import`].
pub async fn copy_sound(from: &dyn Store, to: &dyn Store) -> Result<Vec<String>, StoreError> {
    let export = export(from).await?;
    import(to, &export).await?;
    Ok(export.damaged().map(str::to_owned).collect())
}

/// Sets aside what is damaged. Other failures stay failures.
fn spared<T>(result: Result<T, StoreError>, damaged: &mut Vec<String>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error @ (StoreError::Damaged { .. } | StoreError::UnknownVersion { .. })) => {
            damaged.push(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn puts(exported: &ExportedCredential) -> impl Iterator<Item = Change> + use<> {
    let credential = Box::new(exported.stored.clone());
    let id = credential.credential.id.clone();
    let put = Change::PutCredential { credential, room: None };
    let count = (exported.count > 0).then_some(Change::CounterAtLeast { id, count: exported.count });
    std::iter::once(put).chain(count)
}

fn validate(export: &Export) -> Result<(), StoreError> {
    let mut ids = HashSet::new();
    for container in &export.containers {
        let id = container.id;
        if !ids.insert(id) {
            return Err(StoreError::Invalid(format!("container {id} is there twice")));
        }
        if container.state.is_none() != (id == DIRECTORY)
            || (id == DIRECTORY && !(container.credentials.is_empty() && container.counters.is_empty()))
        {
            return Err(StoreError::Invalid(format!(
                "container {id}: only the directory has no state, and it has no credentials and counters"
            )));
        }
        validate_credentials(&container.credentials)?;
        let stored = container.credentials.iter().map(|exported| &exported.stored.credential.id);
        let mut counted: HashSet<_> = stored.collect();
        if let Some((twice, _)) = container.counters.iter().find(|(counter, _)| !counted.insert(counter)) {
            return Err(StoreError::Invalid(format!("container {id}: {twice:?} has two counters")));
        }
        let mut names = HashSet::new();
        for (name, value) in &container.documents {
            if !names.insert(name) {
                return Err(StoreError::Invalid(format!("container {id}: document `{name}` is there twice")));
            }
            for (what, len, max) in
                [("a document's name", name.len(), MAX_NAME), ("a document", value.len(), MAX_DOCUMENT)]
            {
                if len > max {
                    return Err(StoreError::TooLarge { what, len, max });
                }
            }
        }
    }
    Ok(())
}

fn validate_credentials(credentials: &[ExportedCredential]) -> Result<(), StoreError> {
    let (mut ids, mut places) = (HashSet::new(), HashSet::new());
    for ExportedCredential { stored, .. } in credentials {
        let credential = &stored.credential;
        let place = (&credential.rp_id, &credential.user.id, stored.kind);
        let complaint = if !ids.insert(&credential.id) {
            "its id is there twice"
        } else if !places.insert(place) {
            "another one has the same RP ID, user id and kind"
        } else if credential.rp_id.len() > MAX_NAME {
            "its RP ID is too long"
        } else if credential.user.id.is_empty() || credential.user.id.len() > 64 {
            // CTAP 2.3 §6.1.2, parameter user; WebAuthn Level 3 §5.4.3: "a maximum size of 64 bytes".
            "its user id has not 1 to 64 bytes"
        } else {
            continue;
        };
        return Err(StoreError::Invalid(format!("credential {:?}: {complaint}", credential.id)));
    }
    Ok(())
}
