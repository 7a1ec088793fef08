//! One task provisions Windows Hello for Business, another registers a passkey of the same user in the same container: if
//! the key was committed first, the passkey is refused; if the passkey was, both are there. Nothing else ever happens.
//!
//! Both commits are let go at the same moment. `SOFTHELLO_SOAK=1` tries 1,000 times on every engine instead of 100.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::{
    env, hint,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use pollster::block_on;
use rand::RngExt as _;
use softhello_ctap::{CredentialId, Denied, Handle, Query};
use softhello_device::Pin;
use softhello_storage::{
    Change, ChangeSet, ContainerId, ContainerState, DeviceKey, EngineKind, Kind, Reply, Report, Store,
    StoreError, StoredCredential, Versioned, open,
};
use softhello_windows::{AccountKind, Client, Computer, CreationOptions, conflict::ENTRA_RP_ID};

const UPN: &str = "ada@contoso.example";

#[test]
fn in_memory() {
    race(EngineKind::Memory);
}

#[test]
fn on_sled() {
    race(EngineKind::Sled);
}

#[test]
fn on_redb() {
    race(EngineKind::Redb);
}

fn race(engine: EngineKind) {
    let tries = if env::var_os("SOFTHELLO_SOAK").is_some() { 1_000 } else { 100 };
    let folder = tempfile::tempdir().unwrap();
    let inner = open(engine, folder.path(), DeviceKey::load_or_create(folder.path()).unwrap()).unwrap();
    let computer = Computer::new(Arc::new(Gate { inner, waiting: Mutex::new(0), all_here: Condvar::new() }));
    let pin = Pin::try_from(Computer::DEFAULT_PIN).unwrap();
    let mut passkey_first = 0;
    for number in 0..tries {
        let account = format!("ada {number}");
        block_on(computer.add_account(&account, AccountKind::Entra, Some(&pin))).unwrap();
        let (provisioned, registered) = thread::scope(|scope| {
            let provisioning = scope.spawn(|| block_on(computer.provision_whfb(&account, UPN)));
            let registered = register(&computer, &account);
            (provisioning.join().unwrap(), registered)
        });
        let name = format!("{engine}, try {number}");
        provisioned.unwrap_or_else(|error| panic!("{name}: {error}"));
        let kinds: Vec<Kind> = block_on(computer.passkeys(&account))
            .unwrap()
            .into_iter()
            .map(|passkey| passkey.stored.kind)
            .collect();
        match registered {
            Ok(()) => {
                passkey_first += 1;
                assert_eq!(kinds, [Kind::Managed, Kind::Passkey], "{name}: the key came after the passkey");
            }
            Err(cause) => {
                assert!(matches!(cause, Some(Denied::AlreadyRegistered { .. })), "{name}: {cause:?}");
                assert_eq!(kinds, [Kind::Managed], "{name}: what is refused leaves nothing");
            }
        }
    }
    assert!((1..tries).contains(&passkey_first), "{engine}: {passkey_first} of {tries}: that was no race");
}

fn register(computer: &Computer, account: &str) -> Result<(), Option<Denied>> {
    let options = CreationOptions::from_json(&format!(
        r#"{{
            "rp": {{"id": "{ENTRA_RP_ID}", "name": "Microsoft"}},
            "user": {{"id": "YWRh", "name": "{UPN}", "displayName": "Ada"}},
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [{{"type": "public-key", "alg": -7}}]
        }}"#
    ))
    .unwrap();
    let mut device = block_on(computer.device(account)).unwrap();
    let client = Client::new(&format!("https://{ENTRA_RP_ID}")).unwrap();
    block_on(client.create(&mut device, &options)).map(drop).map_err(|failure| failure.cause)
}

/// A store that lets two commits of a credential go at the same moment, or nearly so.
struct Gate {
    inner: Arc<dyn Store>,
    waiting: Mutex<u32>,
    all_here: Condvar,
}

impl Gate {
    /// Waits until another one waits too. If nobody comes, that one failed before, which its own result tells.
    fn pass(&self) {
        let mut waiting = self.waiting.lock().unwrap();
        *waiting += 1;
        if waiting.is_multiple_of(2) {
            self.all_here.notify_all();
        } else {
            let mine = *waiting;
            let patience = Duration::from_secs(20);
            drop(self.all_here.wait_timeout_while(waiting, patience, |waiting| *waiting <= mine).unwrap());
        }
    }
}

impl Store for Gate {
    fn commit(&self, container: ContainerId, changes: ChangeSet) -> Reply<'_, ()> {
        if changes.changes.iter().any(|change| matches!(change, Change::PutCredential { .. })) {
            self.pass();
            let mut rng = rand::rng();
            // Whoever came last is awake already. Where that decides, as on a busy machine, half of them leave it to chance.
            if rng.random() {
                thread::sleep(Duration::from_micros(rng.random_range(0..1_000)));
            }
            for _ in 0..rng.random_range(0..2_000) {
                hint::spin_loop();
            }
        }
        self.inner.commit(container, changes)
    }

    fn containers(&self) -> Reply<'_, Vec<ContainerId>> {
        self.inner.containers()
    }

    fn state(&self, container: ContainerId) -> Reply<'_, Versioned<ContainerState>> {
        self.inner.state(container)
    }

    fn document(&self, container: ContainerId, name: &str) -> Reply<'_, Option<Versioned<Vec<u8>>>> {
        self.inner.document(container, name)
    }

    fn documents(
        &self,
        container: ContainerId,
        prefix: &str,
    ) -> Reply<'_, Vec<(String, Versioned<Vec<u8>>)>> {
        self.inner.documents(container, prefix)
    }

    fn find(&self, container: ContainerId, query: Query<'_>) -> Reply<'_, Vec<Handle>> {
        self.inner.find(container, query)
    }

    fn load(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, Versioned<StoredCredential>> {
        self.inner.load(container, id)
    }

    fn count(&self, container: ContainerId) -> Reply<'_, u32> {
        self.inner.count(container)
    }

    fn counter(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, u32> {
        self.inner.counter(container, id)
    }

    fn counters(&self, container: ContainerId) -> Reply<'_, Vec<(CredentialId, u32)>> {
        self.inner.counters(container)
    }

    fn next_count(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, u32> {
        self.inner.next_count(container, id)
    }

    fn operation(&self, container: ContainerId) -> Reply<'_, u64> {
        self.inner.operation(container)
    }

    fn next_operation(&self, container: ContainerId) -> Reply<'_, u64> {
        self.inner.next_operation(container)
    }

    fn set_uv_retries(&self, container: ContainerId, retries: u8) -> Reply<'_, ()> {
        self.inner.set_uv_retries(container, retries)
    }

    fn check(&self) -> Reply<'_, Report> {
        self.inner.check()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.inner.close()
    }
}
